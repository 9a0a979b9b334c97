//! Tests `dslogs` as a process with arguments, pipes and files.

mod bundle;
mod events;

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A run of three servers, as a test prints it.
const LOG: &str = "\
seed 0x2a (virtual clock)
Test (2A): initial election ...
000000 PERS S0 starts: T0
000000 PERS S1 starts: T0
000000 PERS S2 starts: T0
003000 TEST S0 connect
012345 VOTE S1 stands for election in T1
012350 VOTE S0 T1 gives its vote to S1 of T1
012360 LEAD S1 leads T1 by {0, 1}
  ... Passed --   3.1  3   48    2750    0
";

/// Returns the program, without the user's terminal and settings.
fn dslogs(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dslogs"));
    command.args(args).env("COLUMNS", "60").env_remove("NO_COLOR");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program on an input.
fn run_on(args: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut child = dslogs(args).spawn().expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.as_ref().to_vec();
    let writer = std::thread::spawn(move || {
        // A program that rejects its arguments does not read.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("ended");
    writer.join().expect("written");
    output
}

/// Returns what the program prints for a valid input.
fn shown(args: &[&str], input: impl AsRef<[u8]>) -> String {
    let output = run_on(args, input);
    assert_eq!(text(output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    text(output.stdout)
}

/// Returns the error for wrong arguments.
fn rejected(args: &[&str]) -> String {
    let output = run_on(args, LOG);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert_eq!(text(output.stdout), "", "{args:?}");
    text(output.stderr)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text")
}

fn rule() -> String {
    "#".repeat(60)
}

#[test]
fn without_options_time_and_message_are_printed() {
    let expected = format!(
        "\
seed 0x2a (virtual clock)
{rule}
Test (2A): initial election ...
000000 S0 starts: T0
000000 S1 starts: T0
000000 S2 starts: T0
003000 S0 connect
012345 S1 stands for election in T1
012350 S0 T1 gives its vote to S1 of T1
012360 S1 leads T1 by {{0, 1}}
{rule}
  ... Passed --   3.1  3   48    2750    0
",
        rule = rule()
    );
    assert_eq!(shown(&[], LOG), expected);
    assert_eq!(shown(&["--no-color", "-"], LOG), expected);

    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(LOG.as_bytes()).expect("written");
    assert_eq!(shown(&[file.path().to_str().expect("text")], ""), expected);
}

#[test]
fn with_columns_each_server_has_its_own() {
    let log = "\
012340 VOTE S0 refuses its vote to S2 of T0
012345 VOTE S1 stands for election in T1
012355 TEST S2 connect
012360 LEAD S2 learns of it
";
    let expected = "\
S0 refuses its vote
to S2 of T0
                    S1 stands for
                    election in T1
012355 S2 connect
                                        S2 learns of it
";
    assert_eq!(shown(&["-c", "3"], log), expected);
    assert_eq!(shown(&["--columns=3"], log), expected);
    let expected = "\
012340  S0 refuses its
        vote to S2 of T0
012345                   S1 stands for
                         election in T1
012355 S2 connect
012360                                    S2 learns of it
";
    assert_eq!(shown(&["-c", "3", "--time"], log), expected);
}

#[test]
fn servers_without_a_column_get_one() {
    let log: String = (0..13).map(|peer| format!("000001 INFO S{peer} x\n")).collect();
    let page = shown(&["-c", "3"], &log);
    let indents: Vec<usize> =
        page.lines().map(|line| line.len() - line.trim_start().len()).collect();
    assert_eq!(indents[..3], [0, 20, 40]);
    assert!(indents[1..].iter().all(|&indent| indent > 0), "{page}");
    // With thirteen columns the page is wider than the terminal.
    assert_eq!(indents[12], 12 * 7);
}

#[test]
fn ignore_takes_precedence_over_just() {
    let peers = |page: String| page.matches("starts").count();
    assert_eq!(peers(shown(&["-j", "PERS,VOTE"], LOG)), 3);
    assert_eq!(peers(shown(&["-i", "PERS,VOTE"], LOG)), 0);
    assert_eq!(peers(shown(&["--ignore", "PERS", "--just", "PERS,LEAD"], LOG)), 0);
    let page = shown(&["--just", "PERS,LEAD", "--ignore", "PERS"], LOG);
    let kept = ["seed 0x2a", "Test (2A)", "S1 leads T1", "... Passed"];
    assert!(kept.iter().all(|part| page.contains(part)), "{page}");
    assert_eq!(page.lines().count(), kept.len() + 2);
}

#[test]
fn times_are_given_in_seconds_or_digits() {
    let times = |args: &[&str]| {
        let page = shown(args, LOG);
        let is_time = |line: &&str| line.starts_with("0");
        page.lines().filter(is_time).map(|line| line[..6].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(times(&["--from", "012350"]), ["012350", "012360"]);
    assert_eq!(times(&["--from", "0.3", "--to", "1.2345"]), ["003000", "012345"]);
    assert_eq!(times(&["--to", "0.1s"]), ["000000"; 3]);
    assert_eq!(times(&["--from", "5"]), [""; 0]);
}

#[test]
fn other_lines_are_printed_unchanged() {
    let foreign: &[u8] = b"panic: no leader [x] in T1\n\tgoroutine 7 [running]\n\n\
        --- FAIL: election::x_2A (Test (2A): x) at 5.000 s\nok pkg 3.1s\r\nFAIL\n\
        12345 VOTE S1 five digits\n012345 KVSV S1 no such topic\n\x1b[31mred\x1b[0m\n\
        \xff\xfe\x00 no text\nthread 'main' panicked at src/x.rs:1:1:\nno end";
    for args in [&[][..], &["-c", "3"], &["-j", "LEAD"], &["--from", "9", "--time", "-c", "9"]] {
        let output = run_on(args, foreign);
        let expected = [rule().as_bytes(), b"\n", foreign].concat();
        assert_eq!(output.stdout, expected, "{args:?}");
    }
}

#[test]
fn control_characters_in_messages_are_escaped() {
    let log = b"000001 INFO S0 [red]\x1b[2J \xff\tend\n";
    assert_eq!(shown(&[], log), "000001 S0 [red]\\x1b[2J \\xff\tend\n");
    assert_eq!(shown(&["-c", "2"], log), "S0 [red]\\x1b[2J \\xff end\n");
}

#[test]
fn wrong_arguments_are_rejected() {
    for args in [["-j", "VOTE,NONE"], ["--ignore", "NONE"]] {
        let message = rejected(&args);
        assert!(message.contains("NONE"), "{message}");
        for topic in "TIMR VOTE LEAD TERM LOG1 LOG2 CMIT PERS SNAP DROP CLNT TEST INFO WARN ERRO \
                      TRCE"
            .split(' ')
        {
            assert!(message.contains(topic), "{topic} is missing in {message}");
        }
    }
    for args in [["-c", "0"], ["-c", "many"], ["--from", "soon"], ["one", "two"]] {
        rejected(&args);
    }
    assert!(rejected(&["--from", "2", "--to", "1"]).contains("--to"));
}

#[test]
fn the_error_names_a_log_that_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing.log");
    for path in [missing.as_path(), folder.path()] {
        for args in [&[][..], &["--follow"]] {
            let path = path.to_str().expect("text");
            let message = rejected(&[&[path], args].concat());
            assert!(message.starts_with(&format!("dslogs: {path}: cannot be read: ")), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}

#[test]
fn a_full_output_is_reported() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let mut child = dslogs(&[]).stdout(File::create(full).expect("open")).spawn().expect("started");
    child.stdin.take().expect("piped").write_all(LOG.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(output.stderr).starts_with("dslogs: the output cannot be written: "));
}

/// A running program whose output is read line by line. It ends with the test.
struct Live {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Live {
    fn start(args: &[&str]) -> Live {
        let mut child = dslogs(args).spawn().expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        Live { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("text");
        line
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lines_of_a_pipe_are_shown_immediately() {
    let mut live = Live::start(&["-c", "3"]);
    let mut stdin = live.child.stdin.take().expect("piped");
    for peer in 0..3 {
        stdin.write_all(format!("000001 VOTE S{peer} votes\n00").as_bytes()).expect("written");
        assert_eq!(live.line().trim(), format!("S{peer} votes"));
        stdin.write_all(b"0002 DROP S0 half a line\n").expect("written");
        assert_eq!(live.line().trim(), "S0 half a line");
    }
    drop(stdin);
    assert_eq!(live.line(), "");
}

#[test]
fn follow_shows_lines_that_are_added_to_a_file() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut writer = file.as_file();
    writer.write_all(b"000001 VOTE S0 votes\n000002 VO").expect("written");
    let mut live = Live::start(&[file.path().to_str().expect("text"), "--follow"]);
    assert_eq!(live.line(), "000001 S0 votes\n");
    writer.write_all(b"TE S1 votes\n").expect("written");
    assert_eq!(live.line(), "000002 S1 votes\n");
    assert!(live.child.try_wait().expect("asked").is_none(), "it waits for more");
}

#[test]
fn a_closed_output_pipe_ends_it_without_an_error() {
    let mut child = dslogs(&[]).spawn().expect("started");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("piped");
    // Write more than any buffer holds, until the end of the program closes the pipe.
    while stdin.write_all(LOG.as_bytes()).is_ok() {}
    drop(stdin);
    let output = child.wait_with_output().expect("ended");
    assert_eq!(text(output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// Opens a terminal of this width. Returns the user's side and the programs' side.
fn terminal(columns: u16) -> (File, OwnedFd) {
    let (mut user, mut program) = (-1, -1);
    let (name, modes) = (std::ptr::null_mut(), std::ptr::null_mut());
    let mut size = libc::winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the pointers are to live variables, or null where that is allowed.
    let status = unsafe { libc::openpty(&mut user, &mut program, name, modes, &raw mut size) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: both descriptors were just opened, and nothing else owns them.
    unsafe { (File::from_raw_fd(user), OwnedFd::from_raw_fd(program)) }
}

/// Returns what the program prints for an input on a terminal of 40 columns.
fn shown_on_terminal(args: &[&str], no_color: Option<&str>, input: &[u8]) -> String {
    let (mut user, program) = terminal(40);
    let mut command = dslogs(args);
    if let Some(value) = no_color {
        command.env("NO_COLOR", value);
    }
    let mut child = command.stdout(program).spawn().expect("started");
    // Close our copy of the terminal, or the read never ends.
    drop(command);
    child.stdin.take().expect("piped").write_all(input).expect("written");
    let mut page = Vec::new();
    match user.read_to_end(&mut page) {
        Ok(_) => {}
        // The last program has closed the terminal.
        Err(error) if error.raw_os_error() == Some(libc::EIO) => {}
        Err(error) if error.kind() == ErrorKind::Interrupted => {}
        Err(error) => panic!("{error}"),
    }
    assert!(child.wait().expect("ended").success());
    text(page).replace("\r\n", "\n")
}

#[test]
fn a_terminal_gets_colours_and_its_own_width() {
    let log = b"000001 VOTE S1 gives its vote\n\x1b[2Jforeign\n";
    let rule = "#".repeat(40);
    let indent = " ".repeat(20);
    let (on, off) = ("\x1b[38;2;103;160;178m", "\x1b[0m");
    let foreign = format!("{rule}\n\\x1b[2Jforeign\n");
    assert_eq!(
        shown_on_terminal(&["-c", "2"], None, log),
        format!("\x1b[20C{on}S1 gives its vote{off}\n{foreign}")
    );
    let plain = format!("{indent}S1 gives its vote\n{foreign}");
    assert_eq!(shown_on_terminal(&["-c", "2", "--no-color"], None, log), plain);
    assert_eq!(shown_on_terminal(&["-c", "2"], Some("1"), log), plain);
}
