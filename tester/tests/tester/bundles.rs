//! The failure bundle, as `docs/bundle.md` describes it.

use std::fs;
use std::path::{Path, PathBuf};

use labrt::thread::{self, sleep};
use labrt::time::Duration;
use serde_json::Value;
use tester::{CheckResult, ChildOutput, ChildTest, Cluster, Context, Net, TestNetwork, test};

use crate::counter::{Counter, get};

/// A body that fails in a helper thread, after some calls.
fn fails(ctx: &Context) {
    let cluster = Cluster::new(ctx, 3, Net::Unreliable, Counter::make);
    let clerk = cluster.clerk_ends();
    clerk.connect([0]);
    while get(&clerk.ends()[0]).is_none() {}
    log::trace!(target: "INFO", "S0 was called");
    ctx.attach("notes.txt", || b"attached\n".to_vec());
    cluster.crash(2);
    ctx.spawn("doomed", || panic!("the helper went wrong"));
    sleep(Duration::from_secs(60));
}

/// A folder for bundles.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().expect("the system can create a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A child test that writes its bundles to this folder.
    fn child_test(&self) -> ChildTest {
        ChildTest::new().env("LAB_BUNDLE", self.path())
    }

    /// The names of its entries, in order.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("the folder is readable");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("the entry is readable")
                    .file_name()
                    .into_string()
                    .expect("names are UTF-8")
            })
            .collect();
        names.sort();
        names
    }

    fn latest(&self) -> PathBuf {
        self.path().join("latest")
    }

    /// A file of the latest bundle.
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.latest().join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The facts of the latest bundle.
    fn facts(&self) -> Value {
        serde_json::from_str(&self.read("bundle.json")).expect("the file is valid JSON")
    }

    /// The events of the latest bundle.
    fn trace(&self) -> Vec<Value> {
        let trace = self.read("trace.jsonl");
        trace.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }
}

fn assert_failed(output: &ChildOutput, parts: &[&str]) {
    assert!(!output.passed());
    output.assert_contains(parts);
}

#[test]
fn failed_run_leaves_a_complete_bundle() {
    let (folder, report) =
        (Folder::new(), tempfile::NamedTempFile::new().expect("the system can create a file"));
    let child_test = folder.child_test().env("LAB_REPORT", report.path());
    let Some(output) = child_test.run(|| test("Test: a bundle", fails)) else { return };
    let name = "failed_run_leaves_a_complete_bundle-0x2a";
    assert_failed(&output, &["the helper went wrong\n", &format!("/{name}\n")]);
    assert_eq!(
        output.stderr.matches("the helper went wrong").count(),
        1,
        "the message is printed once"
    );
    assert_eq!(folder.names(), [name, "latest"]);
    assert_eq!(fs::read_link(folder.latest()).expect("`latest` is a link"), Path::new(name));

    let facts = folder.facts();
    let entry: Value =
        serde_json::from_str(&fs::read_to_string(report.path()).expect("the report is readable"))
            .expect("the file is valid JSON");
    assert_eq!((&facts["format"], &facts["servers"]), (&1.into(), &3.into()));
    assert_eq!((&facts["seed"], &facts["clock"]), (&"0x2a".into(), &"virtual".into()));
    assert_eq!((&facts["hash"], &facts["message"]), (&entry["hash"], &entry["panic"]));
    assert_eq!((&facts["warning"], &facts["title"]), (&Value::Null, &"Test: a bundle".into()));
    let replay = facts["replay"].as_str().expect("the field is a string");
    assert!(replay.starts_with("LAB_SEED=0x2a cargo test"), "{replay}");
    assert!(replay.contains(" -p tester bundles::"), "{replay}");
    let files =
        ["failure.txt", "log.txt", "notes.txt", "servers.txt", "threads.txt", "trace.jsonl"];
    assert_eq!(facts["files"], Value::from(files.as_slice()));

    let failure = folder.read("failure.txt");
    assert!(
        output
            .stderr
            .contains(failure.split("backtrace of").next().expect("the text is not empty"))
    );
    assert!(failure.contains("bundles::fails::{{closure}}"), "{failure}");
    assert!(!failure.contains("/rustc/"), "{failure}");
    assert!(folder.read("servers.txt").contains("\nS2 alive=false connected=false incarnation=1 "));
    // An optimised build keeps only the last part of the name.
    assert!(folder.read("threads.txt").contains("fails\n"));
    assert!(folder.read("log.txt").contains(" INFO S0 was called\n"));
    assert_eq!(folder.read("notes.txt"), "attached\n");
}

#[test]
fn trace_names_server_thread_and_place() {
    let folder = Folder::new();
    if folder.child_test().run(|| test("Test: a trace", fails)).is_none() {
        return;
    }
    let trace = folder.trace();
    assert!(trace.is_sorted_by_key(|event| event["t"].as_u64().expect("`t` is a number")));
    let find = |kind: &str| {
        let found = trace.iter().find(|event| event["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))
    };
    let persist = find("persist");
    assert_eq!((&persist["server"], &persist["state"]), (&0.into(), &1.into()));
    assert_eq!(persist["name"], "0/Counter.Get");
    let site = persist["site"].as_str().expect("`site` is a string");
    assert!(site.starts_with("tester/tests/tester/counter.rs:"), "{site}");
    assert_eq!((&find("send")["server"], &find("send")["to"]), (&Value::Null, &0.into()));
    assert_eq!((&find("crash")["peer"], &find("boot")["incarnation"]), (&2.into(), &1.into()));
    // The first request arrives: its handler starts.
    assert_eq!(find("timer")["thread"], persist["thread"]);
}

/// Each group numbers its servers from 0, but their ids in log, trace and
/// reports are unique.
#[test]
fn servers_of_two_groups_have_different_ids() {
    let folder = Folder::new();
    let body = |ctx: &Context| {
        let test_network = TestNetwork::new(ctx, Net::Reliable);
        let groups = ["a-", "b-"].map(|group| Cluster::on(&test_network, group, 2, Counter::make));
        let clerk = groups[1].clerk_ends();
        clerk.connect([1]);
        get(&clerk.ends()[1]).expect("the network is reliable");
        groups[1].crash(1);
        panic!("the body went wrong");
    };
    if folder.child_test().run(|| test("Test: groups", body)).is_none() {
        return;
    }
    assert_eq!(folder.facts()["servers"], 4);
    let servers = folder.read("servers.txt");
    assert!(servers.contains("S0 name=a-0 alive=true "), "{servers}");
    assert!(servers.contains("\nS3 name=b-1 alive=false "), "{servers}");
    let log = folder.read("log.txt");
    for line in [" TEST S3 boots as b-1, incarnation 1\n", " TEST S3 crashes\n"] {
        assert!(log.contains(line), "{log}");
    }
    let trace = folder.trace();
    let of = |kind: &'static str| trace.iter().filter(move |event| event["kind"] == kind);
    for (kind, field) in [("persist", "server"), ("deliver", "to"), ("crash", "peer")] {
        let numbers: Vec<&Value> = of(kind).map(|event| &event[field]).collect();
        assert_eq!(numbers, [3], "{kind}");
    }
}

/// The recorded run is the same as the failed one, with both engines.
#[test]
fn recording_does_not_affect_the_run() {
    let folder = Folder::new();
    let hashes = ["coro", "os"].map(|engine| {
        let child_test = folder.child_test().env("LAB_ENGINE", engine);
        let output = child_test.run(|| test("Test: engines", fails))?;
        assert!(!output.stderr.contains("warning"), "{}", output.stderr);
        Some(folder.facts()["hash"].clone())
    });
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn bundle_is_replaced_as_a_whole() {
    let folder = Folder::new();
    let body = |ctx: &Context| {
        let drawn = labrt::rng().next_u64();
        ctx.attach("drawn", move || drawn.to_string().into());
        ctx.post_run_check(|| CheckResult::Failed("the history is wrong".to_owned()));
    };
    let run = || folder.child_test().env("LAB_RUNS", "5").run(|| test("Test: replaced", body));
    let Some(first) = run() else { return };
    assert_failed(&first, &["the history is wrong\n", "runs=1 failures=1"]);
    let drawn = folder.read("drawn");
    fs::write(folder.latest().join("old"), "").expect("the file is writable");
    run();
    assert_eq!(folder.read("drawn"), drawn, "the same seed draws the same number");
    assert!(!folder.latest().join("old").exists());
    assert_eq!(folder.names(), ["bundle_is_replaced_as_a_whole-0x2a", "latest"]);
}

/// A user's own file `latest` stays, and the bundle is still written.
#[test]
fn latest_is_replaced_only_if_it_is_a_link() {
    let folder = Folder::new();
    fs::write(folder.latest(), "mine").expect("the file is writable");
    let Some(output) = folder.child_test().run(|| test("Test: latest", fails)) else { return };
    assert_failed(&output, &["\nbundle ", ": could not update `latest`: not a symlink"]);
    assert_eq!(fs::read_to_string(folder.latest()).expect("`latest` is a file"), "mine");
    assert_eq!(folder.names(), ["latest", "latest_is_replaced_only_if_it_is_a_link-0x2a"]);
}

/// The watchdog ends the first run, the limit of virtual time the second.
#[test]
fn run_that_hangs_leaves_a_bundle() {
    let body = |_: &Context| loop {
        match std::env::var_os("SPINS") {
            Some(_) => std::hint::spin_loop(),
            None => sleep(Duration::from_secs(1)),
        }
    };
    let (folder, report) =
        (Folder::new(), tempfile::NamedTempFile::new().expect("the system can create a file"));
    let limits = || folder.child_test().env("LAB_WATCHDOG", "0.2").env("LAB_LIMIT", "100");
    for (child_test, message) in
        [(limits().env("SPINS", "1"), "stuck: "), (limits(), "the virtual time limit")]
    {
        let child_test = child_test.env("LAB_REPORT", report.path());
        let Some(output) = child_test.run(|| test("Test: hangs", body)) else { return };
        assert_failed(&output, &[message, "--- FAIL: bundles::run_that_hangs", "\nbundle "]);
        let facts = folder.facts();
        assert!(
            facts["message"].as_str().expect("the field is a string").starts_with(message),
            "{facts}"
        );
        assert_eq!(facts["warning"], Value::Null);
    }
    let entries = fs::read_to_string(report.path()).expect("the report is readable");
    assert_eq!(entries.matches(r#""verdict":"failed""#).count(), 2, "{entries}");
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn recurses(depth: u64) -> u64 {
    std::hint::black_box(recurses(std::hint::black_box(depth + 1)) + 1)
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn recurses_with_operations() -> u64 {
    sleep(Duration::from_nanos(1));
    std::hint::black_box(recurses_with_operations() + 1)
}

/// Checks that a run with a stack overflow leaves a report and a bundle.
fn assert_overflow_is_reported(recurses: fn() -> u64) {
    let body = move |ctx: &Context| {
        let cluster = Cluster::new(ctx, 1, Net::Reliable, Counter::make);
        thread::spawn(recurses).join().expect("the thread never ends");
        drop(cluster);
    };
    let (folder, report) =
        (Folder::new(), tempfile::NamedTempFile::new().expect("the system can create a file"));
    let child_test = folder.child_test().env("LAB_REPORT", report.path());
    let Some(output) = child_test.run(|| test("Test: overflows", body)) else { return };
    let message = "stack overflow in simulated thread ";
    assert_failed(&output, &[message, "--- FAIL: bundles::", "\nbundle "]);
    let facts = folder.facts();
    assert!(
        facts["message"].as_str().expect("the field is a string").starts_with(message),
        "{facts}"
    );
    assert_eq!(facts["warning"], Value::Null);
    assert!(folder.read("servers.txt").contains("S0 alive=true"));
    let entries = fs::read_to_string(report.path()).expect("the report is readable");
    assert_eq!(entries.matches(r#""verdict":"failed""#).count(), 1, "{entries}");
}

#[test]
fn stack_overflow_leaves_a_bundle() {
    assert_overflow_is_reported(|| recurses(0));
}

/// The overflow happens while the recorder writes to the bundle.
#[test]
fn stack_overflow_with_operations_leaves_a_bundle() {
    assert_overflow_is_reported(recurses_with_operations);
}

#[test]
fn real_time_bundle_has_the_last_lines() {
    let folder = Folder::new();
    let child_test = folder.child_test().env("LAB_CLOCK", "real");
    let Some(output) = child_test.run(|| test("Test: real", fails)) else { return };
    assert_failed(&output, &["the helper went wrong", "\nbundle "]);
    assert!(!output.stderr.contains("S0 was called"), "{}", output.stderr);
    assert!(folder.read("log.txt").contains(" INFO S0 was called\n"));
    assert!(folder.read("failure.txt").contains("bundles::fails::{{closure}}"));
    assert_eq!((&folder.facts()["hash"], &folder.facts()["clock"]), (&Value::Null, &"real".into()));
    assert!(!folder.latest().join("trace.jsonl").exists());
}

#[test]
fn unwritable_folder_ends_the_process() {
    let child_test = ChildTest::new().env("LAB_BUNDLE", "/dev/null/bundles");
    let Some(output) = child_test.run(|| test("Test: unwritable", fails)) else { return };
    assert_eq!(output.status, Some(2));
    output.assert_contains(&["error: LAB_BUNDLE=/dev/null/bundles: cannot be written: "]);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
}

/// An error in the bundle does not affect the failure report.
#[test]
fn bundle_that_cannot_be_written_is_reported() {
    let folder = Folder::new();
    let body = |ctx: &Context| {
        ctx.attach("trouble", || {
            // Simulates a full disk: a folder has the name of a file to write.
            let folder = std::env::var("LAB_BUNDLE").expect("LAB_BUNDLE is set");
            for draft in fs::read_dir(folder).expect("the folder is readable").flatten() {
                fs::create_dir(draft.path().join("servers.txt")).expect("the draft is writable");
            }
            Vec::new()
        });
        panic!("the body went wrong");
    };
    let Some(output) = folder.child_test().run(|| test("Test: full", body)) else { return };
    assert_failed(&output, &["the body went wrong\n", ": no bundle: ", "to run it again:\n"]);
    assert_eq!(folder.names(), [] as [&str; 0]);
}
