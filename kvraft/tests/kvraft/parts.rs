//! `cargo test -p kvraft 3A` runs exactly the course's tests of part A, and so on.

#[test]
fn each_part_has_the_courses_tests() {
    tester::assert_parts(&[("3A", 14), ("3B", 9)]);
}
