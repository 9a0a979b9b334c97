//! Checks that a part's tag selects the tests of that part.

use std::process::Command;

/// Checks that each tag, such as `2A`, selects the given number of tests of the
/// calling test binary, that their names end with the tag, and that no test is
/// ignored.
///
/// # Panics
///
/// If one of these checks fails.
#[track_caller]
pub fn assert_parts(parts: &[(&str, usize)]) {
    for &(part, count) in parts {
        let tests = selected(part);
        assert_eq!(tests.len(), count, "number of tests that {part} selects: {tests:?}");
        assert!(
            tests.iter().all(|test| test.ends_with(&format!("_{part}"))),
            "{part} selects a test of another part: {tests:?}"
        );
    }
    assert_eq!(selected("--ignored"), [] as [&str; 0], "ignored tests");
}

/// Returns the tests of this binary that an argument selects.
fn selected(argument: &str) -> Vec<String> {
    let binary = std::env::current_exe().expect("the system knows the path of this program");
    let output = Command::new(binary).args([argument, "--list"]).output();
    let output = output.expect("the system can start a process");
    let lines = String::from_utf8(output.stdout).expect("test names are UTF-8");
    lines.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}
