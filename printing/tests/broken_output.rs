//! A standard error that is closed, or whose disk is full. The programs' own tests
//! check the same for the standard output, which libtest itself uses.

use std::fs::File;
use std::process::{Command, ExitStatus, Stdio};

/// The variable that is set in the child.
const CHILD: &str = "PRINTING_CHILD";

/// Runs the body of the test `name` in a child process with this standard error, and
/// without capture. Returns `None` in the child.
fn in_child(name: &str, stderr: Stdio, body: impl FnOnce()) -> Option<(ExitStatus, String)> {
    if std::env::var_os(CHILD).is_some() {
        body();
        return None;
    }
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args([name, "--exact", "--nocapture", "--quiet"]).env(CHILD, "1");
    let ended = command.stderr(stderr).output().expect("it starts");
    Some((ended.status, String::from_utf8(ended.stderr).expect("text")))
}

fn full_disk() -> Stdio {
    File::options().write(true).open("/dev/full").expect("Linux has it").into()
}

fn closed_pipe() -> Stdio {
    std::io::pipe().expect("a pipe").1.into()
}

#[test]
fn diagnostics_do_not_end_a_program() {
    for stderr in [full_disk(), closed_pipe()] {
        let ended = in_child("diagnostics_do_not_end_a_program", stderr, || {
            printing::error_line!("one {}", 1);
            printing::to_captured_stderr("two\n");
            printing::to_stderr("three\n");
            printing::raw_to_stderr("four\n");
            std::process::exit(7);
        });
        let Some((status, _)) = ended else { return };
        assert_eq!(status.code(), Some(7));
    }
}

#[test]
fn control_characters_are_escaped() {
    let ended = in_child("control_characters_are_escaped", Stdio::piped(), || {
        printing::error_line!("a\x1b[2J\n{}", "b");
        printing::to_stderr("c\x07\n\td\n");
        std::process::exit(0);
    });
    let Some((_, stderr)) = ended else { return };
    assert_eq!(stderr, "a\\x1b[2J\\x0ab\nc\\x07\n\td\n");
}
