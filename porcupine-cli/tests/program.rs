//! The program: its output, its exit status, and its messages about invalid
//! input.

#[path = "../../porcupine/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use porcupine::log;
use support::{Plan, Service, history};

/// Two processes and a register. The last read is illegal: it misses the write.
const STALE_READ: &str = "\
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 0\t:ok\t:read\tnil
INFO  jepsen.util - 0\t:invoke\t:write\t4
INFO  jepsen.util - 1\t:invoke\t:cas\t[4 2]
INFO  jepsen.util - 0\t:ok\t:write\t4
INFO  jepsen.util - 1\t:info\t:cas\t:timed-out
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 0\t:ok\t:read\tnil
";

/// A temporary directory with a file `history`.
struct TestDir {
    dir: tempfile::TempDir,
}

impl TestDir {
    fn new(history: &str) -> TestDir {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::write(dir.path().join("history"), history).expect("the directory is writable");
        TestDir { dir }
    }

    /// Creates a directory with a generated key/value history.
    fn generated(service: Service) -> TestDir {
        let plan = Plan { seed: 3, clients: 5, operations: 30, keys: 3, pause: 50, service };
        let mut text = Vec::new();
        log::kv::write(&mut text, &history(plan)).expect("writing to a Vec cannot fail");
        TestDir::new(&String::from_utf8(text).expect("the log is UTF-8"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_porcupine"));
        command.current_dir(self.dir.path()).args(arguments).output().expect("the program starts")
    }

    /// Returns the standard output of a run that ends with `status` and prints
    /// nothing to the standard error.
    fn stdout(&self, arguments: &[&str], status: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(text(output.stderr), "");
        assert_eq!(output.status.code(), Some(status));
        text(output.stdout)
    }

    /// Runs the program with the given outputs. Returns its exit status and, if
    /// that is piped, its standard error.
    fn run_to(&self, stdout: Stdio, stderr: Stdio, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_porcupine"));
        command.current_dir(self.dir.path()).args(arguments).stdout(stdout).stderr(stderr);
        let child = command.spawn().expect("the program starts");
        let output = child.wait_with_output().expect("the program ends");
        (output.status.code(), text(output.stderr))
    }

    /// Returns the one line of a run that rejects its input, without the line
    /// end.
    fn error(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(output.stdout), "");
        let line = text(output.stderr);
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        line.trim_end().to_owned()
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the program prints UTF-8")
}

#[test]
fn exit_status_is_the_verdict() {
    let good = TestDir::generated(Service::Correct);
    let line = good.stdout(&["--model", "kv", "history"], 0);
    assert!(line.starts_with("history: linearizable: 150 operations in 3 partitions, "), "{line}");
    assert!(line.contains("(steps="), "{line}");
    assert!(
        good.stdout(&["--no-partition", "history"], 0).contains("linearizable: 150 operations, ")
    );
    let line = good.stdout(&["--steps", "20", "history"], 2);
    assert!(line.starts_with("history: not decided: "), "{line}");
    assert!(line.contains("steps=20 "), "{line}");
    let bad = TestDir::generated(Service::StaleGet);
    assert!(bad.stdout(&["history"], 1).starts_with("history: NOT linearizable: "));
}

#[test]
fn register_operation_may_have_an_unknown_outcome() {
    let dir = TestDir::new(STALE_READ);
    let line = dir.stdout(&["--model", "register", "history"], 1);
    assert!(line.starts_with("history: NOT linearizable: 4 operations, "), "{line}");
    // The outcome of the swap is unknown: it may take effect after its timeout.
    let lines: Vec<_> = STALE_READ.lines().collect();
    let read = |value| [lines[0], &lines[7].replace("nil", value)].join("\n");
    let seen_late = [&lines[..6].join("\n"), &read("4"), &read("2")].map(String::as_str).join("\n");
    assert!(TestDir::new(&seen_late).stdout(&["history"], 0).contains(": linearizable: "));
}

#[test]
fn several_files_print_a_table() {
    let dir = TestDir::generated(Service::Correct);
    fs::write(dir.path("stale"), STALE_READ).expect("writable");
    let table = dir.stdout(&["history", "stale"], 1);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].contains("file") && lines[0].contains("insertions"), "{table}");
    assert!(lines[1].contains("history") && lines[1].contains(" linearizable"), "{table}");
    assert!(lines[2].contains("stale") && lines[2].contains("NOT linearizable"), "{table}");
    assert!(lines[3].starts_with("2 histories in "), "{table}");
    assert!(lines[3].ends_with(": 1 linearizable, 1 NOT linearizable"), "{table}");
}

#[test]
fn json_has_the_counts_of_every_partition() {
    let dir = TestDir::generated(Service::Correct);
    let json: serde_json::Value =
        serde_json::from_str(&dir.stdout(&["--json", "--full", "history"], 0)).expect("JSON");
    assert_eq!(json[0]["verdict"], "ok");
    assert_eq!(json[0]["model"], "kv");
    let partitions = json[0]["partitions"].as_array().expect("a list");
    let steps: u64 = partitions.iter().filter_map(|part| part["steps"].as_u64()).sum();
    assert_eq!((partitions.len(), json[0]["steps"].as_u64()), (3, Some(steps)));
}

#[test]
fn page_is_written() {
    let dir = TestDir::generated(Service::LostAppend);
    dir.stdout(&["--page", "page.html", "history"], 1);
    let page = fs::read_to_string(dir.path("page.html")).expect("the page exists");
    assert!(page.contains("\"Verdict\":\"Illegal\""));
    assert!(page.contains("<title>history</title>"));
}

#[test]
fn invalid_line_of_a_kv_history_is_reported() {
    let kv = |line: &str| {
        let first = r#"{:process 0, :type :invoke, :f :append, :key "4", :value "a"}"#;
        let dir = TestDir::new(&format!("{first}\n{line}\n"));
        let error = dir.error(&["--page", "page.html", "history"]);
        assert!(!Path::new(&dir.path("page.html")).exists());
        error
    };
    for (line, message) in [
        ("nonsense", "expected `{`, found `n`"),
        (r#"{:process 0, :type :ok, :f :append, :key "4"#, "has an unterminated string"),
        (
            r#"{:process 0, :type :late, :f :append, :key "4"}"#,
            "unknown type :late: expected :invoke, :ok or :info",
        ),
        (
            r#"{:process 1, :type :invoke, :f :swap, :key "4"}"#,
            "unknown function :swap: expected :get, :put or :append",
        ),
        (
            r#"{:process 1, :type :ok, :f :get, :key "4", :value "a"}"#,
            "process 1 returns from an operation that it did not invoke",
        ),
        (
            r#"{:process 0, :type :invoke, :f :get, :key "4", :value nil}"#,
            "process 0 invokes again before its operation returns",
        ),
        (
            r#"{:process 0, :type :ok, :f :append, :key "5", :value "a"}"#,
            r#"returns from :append of "5", but process 0 invoked :append of "4""#,
        ),
        (
            r#"{:process 0, :type :ok, :f :append, :key "4", :value "b"}"#,
            r#"returns with value "b", but process 0 invoked "a""#,
        ),
        (r#"{:process 0, :type :ok, :process 1}"#, "has the field :process twice"),
    ] {
        assert_eq!(kv(line), format!("porcupine: history:2: {message}"));
    }
}

#[test]
fn return_before_the_call_is_reported() {
    let dir = TestDir::new(
        "{:process 0, :type :invoke, :f :get, :key \"k\", :value nil, :time 10}\n\
         {:process 0, :type :ok, :f :get, :key \"k\", :value \"\", :time 9}\n",
    );
    let message = "porcupine: history:2: process 0 returns at 9, before its call at 10";
    assert_eq!(dir.error(&["history"]), message);
}

#[test]
fn invalid_line_of_a_jepsen_log_is_reported() {
    for (line, message) in [
        ("0 :invoke :read nil", "does not start with `INFO  jepsen.util - `, as Jepsen's lines do"),
        ("INFO  jepsen.util - x :invoke :read nil", "`x` is not a process: expected a number"),
        ("INFO  jepsen.util - 1 :invoke :write many", "`many` is not a number"),
        (
            "INFO  jepsen.util - 1 :ok :read 1",
            "process 1 returns from an operation that it did not invoke",
        ),
        (
            "INFO  jepsen.util - 0 :invoke :write 5\nINFO  jepsen.util - 0 :ok :write 6",
            "returns from :write 6, which process 0 did not invoke",
        ),
    ] {
        let dir = TestDir::new(&format!("{STALE_READ}{line}\n"));
        assert_eq!(
            dir.error(&["--model", "register", "history"]),
            format!("porcupine: history:{}: {message}", 8 + line.lines().count())
        );
    }
}

#[test]
fn line_that_is_not_utf8_is_reported() {
    let dir = TestDir::new("");
    let bytes = [STALE_READ.as_bytes(), b"INFO \xff\n"].concat();
    fs::write(dir.path("history"), bytes).expect("writable");
    assert_eq!(dir.error(&["history"]), "porcupine: history:9: is not UTF-8");
}

#[test]
fn message_about_a_long_line_is_short() {
    let line = format!("{{:process {}}}", "9".repeat(1_000_000));
    assert!(TestDir::new(&line).error(&["history"]).len() < 300);
}

/// The program accepts the line ends and byte order marks of all editors. For a
/// file without operations it writes nothing.
#[test]
fn line_ends_and_byte_order_marks_are_accepted() {
    let windows = TestDir::new(&format!("\u{feff}{}", STALE_READ.replace('\n', "\r\n")));
    assert!(windows.stdout(&["history"], 1).contains("NOT linearizable: 4 operations, "));
    let one = TestDir::new("{:process 0, :type :invoke, :f :put, :key \"k\", :value \"\"}");
    assert!(one.stdout(&["history"], 0).contains(": linearizable: 1 operation, "));

    for empty in ["", "\u{feff}", " \r\n\n"] {
        let dir = TestDir::new(empty);
        for model in [&[][..], &["--model", "kv"], &["--model", "register"]] {
            let message = "porcupine: history:1: has no operations: there is nothing to check";
            let arguments = [model, &["--page", "page.html", "history"]].concat();
            assert_eq!(dir.error(&arguments), message);
        }
        assert!(!dir.path("page.html").exists());
    }
}

#[test]
fn unreadable_and_unwritable_files_are_reported() {
    let dir = TestDir::new(STALE_READ);
    assert!(dir.error(&["."]).starts_with("porcupine: .: cannot be read: "));
    let huge = fs::File::create(dir.path("huge")).expect("writable");
    huge.set_len(1_000_000_001).expect("a sparse file takes no space");
    let message = "porcupine: huge: cannot be read: the file is larger than the limit of 1000 MB";
    assert_eq!(dir.error(&["huge"]), message);
    for page in [".", "none/page.html"] {
        let error = dir.error(&["--page", page, "history"]);
        assert!(error.starts_with(&format!("porcupine: {page}: cannot be written: ")));
    }
}

#[test]
fn page_does_not_replace_the_history() {
    let dir = TestDir::new(STALE_READ);
    fs::hard_link(dir.path("history"), dir.path("link")).expect("writable");
    let message = "porcupine: --page would replace the history: name another file";
    for page in ["./history", "link"] {
        assert_eq!(dir.error(&["--page", page, "history"]), message);
    }
    assert_eq!(fs::read_to_string(dir.path("history")).expect("the history exists"), STALE_READ);
}

#[test]
fn invalid_command_line_prints_one_line() {
    let dir = TestDir::new(STALE_READ);
    let model = "porcupine: invalid value 'queue' for '--model <MODEL>': expected register or kv";
    assert_eq!(dir.error(&["--model", "queue", "history"]), model);
    assert!(dir.error(&["none"]).starts_with("porcupine: none: cannot be read: "));
    let two = "porcupine: --page shows one history: name one file";
    assert_eq!(dir.error(&["--page", "p", "history", "history"]), two);
    let unknown = TestDir::new("\n\nnonsense");
    let message = "porcupine: history:3: neither a Jepsen log nor a key/value history: use --model";
    assert_eq!(unknown.error(&["history"]), message);
    let negative = dir.error(&["--timeout", "-1", "history"]);
    assert!(negative.ends_with(": expected a number of seconds, such as 1.5"), "{negative}");
    assert!(dir.error(&[]).contains("<FILES>"), "{}", dir.error(&[]));
}

/// Returns an output whose disk is full.
fn full_disk() -> Stdio {
    fs::File::options().write(true).open("/dev/full").expect("Linux has it").into()
}

/// Returns a pipe whose reader is closed.
fn closed_pipe() -> Stdio {
    std::io::pipe().expect("the system has pipes").1.into()
}

#[test]
fn full_disk_fails_and_closed_pipe_does_not() {
    let dir = TestDir::new(STALE_READ);
    let full = dir.run_to(full_disk(), Stdio::piped(), &["history"]);
    let error = "porcupine: the output cannot be written: No space left on device (os error 28)\n";
    assert_eq!(full, (Some(2), error.to_owned()));
    let closed = dir.run_to(closed_pipe(), Stdio::piped(), &["history"]);
    assert_eq!(closed, (Some(1), String::new()));
    for arguments in [["missing"].as_slice(), &["--no-such-option"]] {
        for stderr in [full_disk(), closed_pipe()] {
            assert_eq!(dir.run_to(Stdio::null(), stderr, arguments).0, Some(2), "{arguments:?}");
        }
    }
}

#[test]
fn control_characters_of_the_input_are_escaped() {
    let dir = TestDir::new("{\"a\x1b[2J\": }\n");
    let line = dir.error(&["history"]);
    assert!(!line.contains(char::is_control), "{line:?}");
    fs::copy(dir.path("history"), dir.path("h\x1b[2J")).expect("the name is valid");
    assert!(dir.error(&["h\x1b[2J"]).starts_with("porcupine: h\\x1b[2J:1: "));
}
