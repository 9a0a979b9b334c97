//! `cargo test -p raft 2A` runs exactly the course's tests of part A, and so on.

#[test]
fn each_part_has_the_courses_tests() {
    tester::assert_parts(&[("2A", 3), ("2B", 10), ("2C", 8), ("2D", 7)]);
}
