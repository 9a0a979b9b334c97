//! A part's tag selects the tests of that part.

use std::process::Command;

/// Checks of the calling test binary that each tag, such as `2A`, selects so many
/// tests, that all of these are named by it, and that no test is ignored.
///
/// # Panics
///
/// When that is not so.
#[track_caller]
pub fn assert_parts(parts: &[(&str, usize)]) {
    for &(part, number) in parts {
        let tests = selected(part);
        assert_eq!(tests.len(), number, "part {part}: {tests:?}");
        assert!(tests.iter().all(|test| test.ends_with(&format!("_{part}"))), "{tests:?}");
    }
    assert_eq!(selected("--ignored"), [] as [&str; 0]);
}

/// The tests of this binary that an argument selects.
fn selected(argument: &str) -> Vec<String> {
    let binary = std::env::current_exe().expect("the system knows its running programs");
    let output = Command::new(binary).args([argument, "--list"]).output();
    let output = output.expect("a process can be started");
    let lines = String::from_utf8(output.stdout).expect("names are text");
    lines.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}
