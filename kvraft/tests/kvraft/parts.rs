//! `cargo test -p kvraft 3A` runs exactly the course's tests of part A, and so on.

use std::process::Command;

/// The tests of this binary that these arguments select.
fn selected(arguments: &[&str]) -> Vec<String> {
    let binary = std::env::current_exe().expect("the system knows its running programs");
    let output = Command::new(binary).args(arguments).arg("--list").output();
    let output = output.expect("a process can be started");
    let lines = String::from_utf8(output.stdout).expect("names are text");
    lines.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

#[test]
fn each_part_has_the_courses_tests() {
    for (part, number) in [("3A", 14), ("3B", 9)] {
        let tests = selected(&[part]);
        assert_eq!(tests.len(), number, "part {part}: {tests:?}");
        assert!(tests.iter().all(|test| test.ends_with(&format!("_{part}"))), "{tests:?}");
    }
}

#[test]
fn no_test_is_left_out() {
    assert_eq!(selected(&["--ignored"]), [] as [&str; 0]);
}
