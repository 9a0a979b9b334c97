//! The program: what it prints, its exit status, and its messages about bad input.

#[path = "../../porcupine/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use porcupine::log;
use support::{Plan, Service, history};

/// Two processes and a register; the last read may not miss the write.
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

/// A directory of this test's own with a file `history` in it.
struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    fn new(history: &str) -> Scene {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::write(dir.path().join("history"), history).expect("the directory is writable");
        Scene { dir }
    }

    /// A key/value history of a generated plan.
    fn generated(service: Service) -> Scene {
        let plan = Plan { seed: 3, clients: 5, operations: 30, keys: 3, pause: 50, service };
        let mut text = Vec::new();
        log::kv::write(&mut text, &history(plan)).expect("a Vec takes everything");
        Scene::new(&String::from_utf8(text).expect("the log is text"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_porcupine"));
        command.current_dir(self.dir.path()).args(arguments).output().expect("it starts")
    }

    /// Standard output, for a run that ends with `status` and says nothing else.
    fn stdout(&self, arguments: &[&str], status: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(text(output.stderr), "");
        assert_eq!(output.status.code(), Some(status));
        text(output.stdout)
    }

    /// The same with an output that is given; the second value is the standard
    /// error, if that is piped.
    fn run_to(&self, stdout: Stdio, stderr: Stdio, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_porcupine"));
        command.current_dir(self.dir.path()).args(arguments).stdout(stdout).stderr(stderr);
        let output = command.spawn().expect("it starts").wait_with_output().expect("it ends");
        (output.status.code(), text(output.stderr))
    }

    /// The one line of a run that refuses its input, without the end of line.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(output.stdout), "");
        let line = text(output.stderr);
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        line.trim_end().to_owned()
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the program speaks UTF-8")
}

#[test]
fn the_exit_status_is_the_verdict() {
    let good = Scene::generated(Service::Correct);
    let line = good.stdout(&["--model", "kv", "history"], 0);
    assert!(line.starts_with("history: linearizable: 150 operations in 3 partitions, "), "{line}");
    assert!(line.contains("(steps="), "{line}");
    assert!(
        good.stdout(&["--no-partition", "history"], 0).contains("linearizable: 150 operations, ")
    );
    let line = good.stdout(&["--steps", "20", "history"], 2);
    assert!(line.starts_with("history: not decided: "), "{line}");
    assert!(line.contains("steps=20 "), "{line}");
    let bad = Scene::generated(Service::StaleGet);
    assert!(bad.stdout(&["history"], 1).starts_with("history: NOT linearizable: "));
}

#[test]
fn register_with_an_operation_that_stays_open() {
    let scene = Scene::new(STALE_READ);
    let line = scene.stdout(&["--model", "register", "history"], 1);
    assert!(line.starts_with("history: NOT linearizable: 4 operations, "), "{line}");
    // The swap, of unknown outcome, may take effect after its process gave up.
    let lines: Vec<_> = STALE_READ.lines().collect();
    let read = |value| [lines[0], &lines[7].replace("nil", value)].join("\n");
    let seen_late = [&lines[..6].join("\n"), &read("4"), &read("2")].map(String::as_str).join("\n");
    assert!(Scene::new(&seen_late).stdout(&["history"], 0).contains(": linearizable: "));
}

#[test]
fn several_files_make_a_table() {
    let scene = Scene::generated(Service::Correct);
    fs::write(scene.path("stale"), STALE_READ).expect("writable");
    let table = scene.stdout(&["history", "stale"], 1);
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
    let scene = Scene::generated(Service::Correct);
    let json: serde_json::Value =
        serde_json::from_str(&scene.stdout(&["--json", "--full", "history"], 0)).expect("JSON");
    assert_eq!(json[0]["verdict"], "ok");
    assert_eq!(json[0]["model"], "kv");
    let partitions = json[0]["partitions"].as_array().expect("a list");
    let steps: u64 = partitions.iter().filter_map(|part| part["steps"].as_u64()).sum();
    assert_eq!((partitions.len(), json[0]["steps"].as_u64()), (3, Some(steps)));
}

#[test]
fn the_page_is_written() {
    let scene = Scene::generated(Service::LostAppend);
    scene.stdout(&["--page", "page.html", "history"], 1);
    let page = fs::read_to_string(scene.path("page.html")).expect("the page is there");
    assert!(page.contains("\"Verdict\":\"Illegal\""));
    assert!(page.contains("<title>history</title>"));
}

#[test]
fn a_broken_line_is_named() {
    let kv = |line: &str| {
        let first = r#"{:process 0, :type :invoke, :f :append, :key "4", :value "a"}"#;
        let scene = Scene::new(&format!("{first}\n{line}\n"));
        let refusal = scene.refusal(&["--page", "page.html", "history"]);
        assert!(!Path::new(&scene.path("page.html")).exists());
        refusal
    };
    for (line, message) in [
        ("nonsense", "has `n` where `{` should be"),
        (r#"{:process 0, :type :ok, :f :append, :key "4"#, "has a string without an end"),
        (
            r#"{:process 0, :type :late, :f :append, :key "4"}"#,
            "is of type :late: know :invoke, :ok and :info",
        ),
        (
            r#"{:process 1, :type :invoke, :f :swap, :key "4"}"#,
            "invokes :swap: know :get, :put and :append",
        ),
        (
            r#"{:process 1, :type :ok, :f :get, :key "4", :value "a"}"#,
            "process 1 returns from an operation that it did not invoke",
        ),
        (
            r#"{:process 0, :type :invoke, :f :get, :key "4", :value nil}"#,
            "process 0 invokes again before its operation returned",
        ),
        (
            r#"{:process 0, :type :ok, :f :append, :key "5", :value "a"}"#,
            r#"ends :append of "5", but process 0 invoked :append of "4""#,
        ),
        (
            r#"{:process 0, :type :ok, :f :append, :key "4", :value "b"}"#,
            r#"ends with "b", but process 0 invoked "a""#,
        ),
        (r#"{:process 0, :type :ok, :process 1}"#, "has a :process twice"),
    ] {
        assert_eq!(kv(line), format!("porcupine: history:2: {message}"));
    }
}

#[test]
fn an_operation_may_not_return_before_its_call() {
    let scene = Scene::new(
        "{:process 0, :type :invoke, :f :get, :key \"k\", :value nil, :time 10}\n\
         {:process 0, :type :ok, :f :get, :key \"k\", :value \"\", :time 9}\n",
    );
    let message = "porcupine: history:2: process 0 returns at 9, before its call at 10";
    assert_eq!(scene.refusal(&["history"]), message);
}

#[test]
fn a_broken_line_of_jepsen_is_named() {
    for (line, message) in [
        ("0 :invoke :read nil", "does not begin with `INFO  jepsen.util - `, as Jepsen's lines do"),
        ("INFO  jepsen.util - x :invoke :read nil", "`x` is no process: a process is a number"),
        ("INFO  jepsen.util - 1 :invoke :write many", "`many` is no number"),
        (
            "INFO  jepsen.util - 1 :ok :read 1",
            "process 1 returns from an operation that it did not invoke",
        ),
        (
            "INFO  jepsen.util - 0 :invoke :write 5\nINFO  jepsen.util - 0 :ok :write 6",
            "ends :write 6, which process 0 did not invoke",
        ),
    ] {
        let scene = Scene::new(&format!("{STALE_READ}{line}\n"));
        assert_eq!(
            scene.refusal(&["--model", "register", "history"]),
            format!("porcupine: history:{}: {message}", 8 + line.lines().count())
        );
    }
}

#[test]
fn a_line_that_is_no_text_is_named() {
    let scene = Scene::new("");
    let bytes = [STALE_READ.as_bytes(), b"INFO \xff\n"].concat();
    fs::write(scene.path("history"), bytes).expect("writable");
    assert_eq!(scene.refusal(&["history"]), "porcupine: history:9: is not UTF-8");
}

#[test]
fn message_about_a_long_line_is_short() {
    let line = format!("{{:process {}}}", "9".repeat(1_000_000));
    assert!(Scene::new(&line).refusal(&["history"]).len() < 300);
}

/// The program reads what any editor writes. It refuses what is no history, and
/// then writes nothing.
#[test]
fn texts_from_elsewhere() {
    let windows = Scene::new(&format!("\u{feff}{}", STALE_READ.replace('\n', "\r\n")));
    assert!(windows.stdout(&["history"], 1).contains("NOT linearizable: 4 operations, "));
    let one = Scene::new("{:process 0, :type :invoke, :f :put, :key \"k\", :value \"\"}");
    assert!(one.stdout(&["history"], 0).contains(": linearizable: 1 operation, "));

    for nothing in ["", "\u{feff}", " \r\n\n"] {
        let scene = Scene::new(nothing);
        for model in [&[][..], &["--model", "kv"], &["--model", "register"]] {
            let message = "porcupine: history:1: has no operations: there is nothing to check";
            let arguments = [model, &["--page", "page.html", "history"]].concat();
            assert_eq!(scene.refusal(&arguments), message);
        }
        assert!(!scene.path("page.html").exists());
    }
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let scene = Scene::new(STALE_READ);
    assert!(scene.refusal(&["."]).starts_with("porcupine: .: cannot be read: "));
    let huge = fs::File::create(scene.path("huge")).expect("writable");
    huge.set_len(1_000_000_001).expect("holes need no room");
    let message = "porcupine: huge: cannot be read: it is larger than 1000 MB";
    assert_eq!(scene.refusal(&["huge"]), message);
    for page in [".", "none/page.html"] {
        let refusal = scene.refusal(&["--page", page, "history"]);
        assert!(refusal.starts_with(&format!("porcupine: {page}: cannot be written: ")));
    }
}

#[test]
fn a_page_does_not_replace_the_history() {
    let scene = Scene::new(STALE_READ);
    fs::hard_link(scene.path("history"), scene.path("link")).expect("writable");
    let message = "porcupine: --page would replace the history: name another file";
    for page in ["./history", "link"] {
        assert_eq!(scene.refusal(&["--page", page, "history"]), message);
    }
    assert_eq!(fs::read_to_string(scene.path("history")).expect("it is there"), STALE_READ);
}

#[test]
fn a_wrong_command_line_is_one_line() {
    let scene = Scene::new(STALE_READ);
    let model =
        "porcupine: invalid value 'queue' for '--model <MODEL>': the models are register and kv";
    assert_eq!(scene.refusal(&["--model", "queue", "history"]), model);
    assert!(scene.refusal(&["none"]).starts_with("porcupine: none: cannot be read: "));
    let two = "porcupine: --page shows one history: name one file";
    assert_eq!(scene.refusal(&["--page", "p", "history", "history"]), two);
    let unknown = Scene::new("\n\nnonsense");
    let message = "porcupine: history:3: neither a Jepsen log nor a key/value history: say --model";
    assert_eq!(unknown.refusal(&["history"]), message);
    let negative = scene.refusal(&["--timeout", "-1", "history"]);
    assert!(negative.ends_with(": takes a number of seconds, such as 1.5"), "{negative}");
    assert!(scene.refusal(&[]).contains("<FILES>"), "{}", scene.refusal(&[]));
}

/// An output that takes nothing: its disk is full, or its reader is gone.
fn full_disk() -> Stdio {
    fs::File::options().write(true).open("/dev/full").expect("Linux has it").into()
}

fn closed_pipe() -> Stdio {
    std::io::pipe().expect("a pipe").1.into()
}

#[test]
fn broken_outputs_leave_the_exit_status() {
    let scene = Scene::new(STALE_READ);
    let full = scene.run_to(full_disk(), Stdio::piped(), &["history"]);
    let error = "porcupine: the output cannot be written: No space left on device (os error 28)\n";
    assert_eq!(full, (Some(2), error.to_owned()));
    let closed = scene.run_to(closed_pipe(), Stdio::piped(), &["history"]);
    assert_eq!(closed, (Some(1), String::new()));
    for arguments in [["missing"].as_slice(), &["--no-such-option"]] {
        for stderr in [full_disk(), closed_pipe()] {
            assert_eq!(scene.run_to(Stdio::null(), stderr, arguments).0, Some(2), "{arguments:?}");
        }
    }
}

#[test]
fn text_from_outside_does_not_command_the_terminal() {
    let scene = Scene::new("{\"a\x1b[2J\": }\n");
    let line = scene.refusal(&["history"]);
    assert!(!line.contains(char::is_control), "{line:?}");
    fs::copy(scene.path("history"), scene.path("h\x1b[2J")).expect("a name like any other");
    assert!(scene.refusal(&["h\x1b[2J"]).starts_with("porcupine: h\\x1b[2J:1: "));
}
