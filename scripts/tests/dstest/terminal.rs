//! Output with and without a terminal, and Ctrl-C.

use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::Stdio;

use crate::support::{ChildOutput, Sandbox, interrupt, is_running, wait_until};

#[test]
fn without_a_terminal_there_are_plain_lines() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 20 --seed-start 0 fails_2B");
    output.assert(1, &["Failed test fails_2B - "]);
    assert!(!output.stdout.contains('\u{1b}') && !output.stderr.contains('\u{1b}'), "{output:#?}");
    assert!(output.stderr.contains("1 test x 20 runs, virtual clock, 2 workers\n"), "{output:#?}");
}

#[test]
fn build_warnings_appear_once_before_the_batch() {
    let output = Sandbox::new().run("-n 20 --seed-start 0 fails_2B");
    let warnings: Vec<_> = output.stderr.match_indices("warning: ").collect();
    let begin = output.stderr.find("1 test x 20 runs").expect("the batch begins");
    assert!(matches!(warnings[..], [(at, _)] if at < begin), "{output:#?}");
    assert!(output.stderr.contains("`never_used`"), "{output:#?}");
    assert!(!output.stdout.contains("warning"), "{output:#?}");
}

#[test]
#[cfg(target_os = "linux")] // which lists a process's children
fn ctrl_c_prints_the_table_and_stops_the_children() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.dstest("-n 1000000 takes_its_time_2A --json out.json");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // The folder for reports shows when the tests are running.
    let scratch = sandbox.path("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let child = command.env("TMPDIR", &scratch).spawn().unwrap();
    // Compilers create folders here too.
    let ours = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b"dstest-");
    let files = || {
        let folders = std::fs::read_dir(&scratch).unwrap().flatten();
        let folders = folders.filter(|folder| ours(&folder.file_name()));
        folders.filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten().count()
    };
    // Each of two workers has an output and a report.
    wait_until("the first runs", || files() >= 4);
    std::thread::sleep(std::time::Duration::from_millis(500));
    let mut children = Vec::new();
    // Between two chunks a worker has no child.
    wait_until("a test process", || {
        children = children_of(child.id());
        !children.is_empty()
    });
    interrupt(&child);
    let output = ChildOutput::new(child.wait_with_output().unwrap());
    output.assert(1, &["takes_its_time_2A", "0 failed", "ended early"]);
    let left: Vec<u32> = children.into_iter().filter(|&child| is_running(child)).collect();
    assert_eq!(left, [] as [u32; 0], "processes are still running");
    assert_eq!(sandbox.json("out.json")["interrupted"], true);
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0, "nothing is left behind");
}

/// Returns the processes that a process has started and not reaped.
#[cfg(target_os = "linux")]
fn children_of(id: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parent = |child: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
        // State and parent follow the name, which may contain any characters.
        stat.rsplit(") ").next()?.split(' ').nth(1)?.parse().ok()
    };
    all.filter(|&child| parent(child) == Some(id)).collect()
}

#[test]
fn a_terminal_shows_bars_and_colours() {
    let sandbox = Sandbox::new();
    let (terminal, program) = open_terminal();
    let mut command = sandbox.dstest("-n 20 --seed-start 0 fails_2B passes_2A");
    command.env_remove("NO_COLOR").env("TERM", "xterm-256color");
    command.stdout(program.try_clone().unwrap()).stderr(program);
    let mut child = command.spawn().unwrap();
    // Only the child may hold the program's side, or the read never ends.
    drop(command);
    let mut screen = Vec::new();
    // On Linux the read ends with an error when the last program has closed its side.
    let _ = File::from(terminal).read_to_end(&mut screen);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let screen = String::from_utf8_lossy(&screen);
    for part in ["all runs", "2 failed", "/40", "\u{1b}[31mfails_2B\u{1b}[0m - out/fails_2B_"] {
        assert!(screen.contains(part), "{part:?} is missing in:\n{screen}");
    }
    // Rate, virtual seconds, RPCs and Go's seconds do not all fit in 80 columns.
    let table = screen.lines().find(|line| line.contains("┆ Total")).unwrap();
    assert!(table.contains("Rate") && !table.contains("Go s"), "{table}");
}

/// Opens a terminal of 80 columns. Returns the user's side and the programs' side.
fn open_terminal() -> (OwnedFd, OwnedFd) {
    let (mut terminal, mut program) = (0, 0);
    let size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the pointers are to two integers and to a size; name and settings may be
    // null.
    let result = unsafe {
        libc::openpty(
            &raw mut terminal,
            &raw mut program,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            (&raw const size).cast_mut(),
        )
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the call has just opened both, and nothing else owns them.
    unsafe { (OwnedFd::from_raw_fd(terminal), OwnedFd::from_raw_fd(program)) }
}
