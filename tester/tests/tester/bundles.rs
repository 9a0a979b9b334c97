//! The failure bundle, as `docs/bundle.md` describes it.

use std::fs;
use std::path::{Path, PathBuf};

use labrt::thread::{self, sleep};
use labrt::time::Duration;
use serde_json::Value;
use tester::{CheckResult, Cluster, Context, Net, Site, Specimen, Told, test};

use crate::counter::{Counter, get};

/// A body that fails in another thread than its own, after some calls.
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
        Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A specimen that leaves its bundles here.
    fn specimen(&self) -> Specimen {
        Specimen::new().env("LAB_BUNDLE", self.path())
    }

    /// What lies in it, in order.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
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
        serde_json::from_str(&self.read("bundle.json")).expect("JSON")
    }

    /// The events of the latest bundle.
    fn trace(&self) -> Vec<Value> {
        let trace = self.read("trace.jsonl");
        trace.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn assert_failed(told: &Told, parts: &[&str]) {
    assert!(!told.passed());
    told.assert_contains(parts);
}

#[test]
fn a_failure_leaves_everything_that_explains_it() {
    let (folder, report) = (Folder::new(), tempfile::NamedTempFile::new().expect("a file"));
    let specimen = folder.specimen().env("LAB_REPORT", report.path());
    let Some(told) = specimen.run(|| test("Test: a bundle", fails)) else { return };
    let name = "a_failure_leaves_everything_that_explains_it-0x2a";
    assert_failed(&told, &["the helper went wrong\n", &format!("/{name}\n")]);
    assert_eq!(told.stderr.matches("the helper went wrong").count(), 1, "it is told once");
    assert_eq!(folder.names(), [name, "latest"]);
    assert_eq!(fs::read_link(folder.latest()).expect("a link"), Path::new(name));

    let facts = folder.facts();
    let entry: Value =
        serde_json::from_str(&fs::read_to_string(report.path()).expect("a report")).expect("JSON");
    assert_eq!((&facts["format"], &facts["servers"]), (&1.into(), &3.into()));
    assert_eq!((&facts["seed"], &facts["clock"]), (&"0x2a".into(), &"virtual".into()));
    assert_eq!((&facts["hash"], &facts["message"]), (&entry["hash"], &entry["panic"]));
    assert_eq!((&facts["warning"], &facts["title"]), (&Value::Null, &"Test: a bundle".into()));
    let replay = facts["replay"].as_str().expect("text");
    assert!(replay.starts_with("LAB_SEED=0x2a cargo test"), "{replay}");
    assert!(replay.contains(" -p tester bundles::"), "{replay}");
    let files =
        ["failure.txt", "log.txt", "notes.txt", "servers.txt", "threads.txt", "trace.jsonl"];
    assert_eq!(facts["files"], Value::from(files.as_slice()));

    let account = folder.read("failure.txt");
    assert!(told.stderr.contains(account.split("backtrace of").next().expect("a beginning")));
    assert!(account.contains("bundles::fails::{{closure}}"), "{account}");
    assert!(!account.contains("/rustc/"), "{account}");
    assert!(folder.read("servers.txt").contains("\nS2 alive=false connected=false incarnation=1 "));
    // Optimised, the compiler keeps the last part of the name only.
    assert!(folder.read("threads.txt").contains("fails\n"));
    assert!(folder.read("log.txt").contains(" INFO S0 was called\n"));
    assert_eq!(folder.read("notes.txt"), "attached\n");
}

#[test]
fn the_trace_tells_who_did_what() {
    let folder = Folder::new();
    if folder.specimen().run(|| test("Test: a trace", fails)).is_none() {
        return;
    }
    let trace = folder.trace();
    assert!(trace.is_sorted_by_key(|event| event["t"].as_u64().expect("a time")));
    let find = |kind: &str| {
        let found = trace.iter().find(|event| event["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))
    };
    let persist = find("persist");
    assert_eq!((&persist["server"], &persist["state"]), (&0.into(), &1.into()));
    assert_eq!(persist["name"], "0/Counter.Get");
    let site = persist["site"].as_str().expect("a site");
    assert!(site.starts_with("tester/tests/tester/counter.rs:"), "{site}");
    assert_eq!((&find("send")["server"], &find("send")["to"]), (&Value::Null, &0.into()));
    assert_eq!((&find("crash")["peer"], &find("boot")["incarnation"]), (&2.into(), &1.into()));
    // The first request arrives: its handler starts.
    assert_eq!(find("timer")["thread"], persist["thread"]);
}

/// Each group counts its servers from 0, and still no two servers have one number.
#[test]
fn servers_of_two_groups_are_told_apart() {
    let folder = Folder::new();
    let body = |ctx: &Context| {
        let site = Site::new(ctx, Net::Reliable);
        let groups = ["a-", "b-"].map(|group| Cluster::on(&site, group, 2, Counter::make));
        let clerk = groups[1].clerk_ends();
        clerk.connect([1]);
        get(&clerk.ends()[1]).expect("the network is reliable");
        groups[1].crash(1);
        panic!("the body went wrong");
    };
    if folder.specimen().run(|| test("Test: groups", body)).is_none() {
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

/// A bundle has no effect on what it tells of, under both engines.
#[test]
fn recording_is_without_effect() {
    let folder = Folder::new();
    let hashes = ["coro", "os"].map(|engine| {
        let specimen = folder.specimen().env("LAB_ENGINE", engine);
        let told = specimen.run(|| test("Test: engines", fails))?;
        assert!(!told.stderr.contains("warning"), "{}", told.stderr);
        Some(folder.facts()["hash"].clone())
    });
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn a_bundle_is_replaced_as_a_whole() {
    let folder = Folder::new();
    let body = |ctx: &Context| {
        let drawn = labrt::rng().next_u64();
        ctx.attach("drawn", move || drawn.to_string().into());
        ctx.post_run_check(|| CheckResult::Failed("the history is wrong".to_owned()));
    };
    let told = || folder.specimen().env("LAB_RUNS", "5").run(|| test("Test: replaced", body));
    let Some(first) = told() else { return };
    assert_failed(&first, &["the history is wrong\n", "runs=1 failures=1"]);
    let drawn = folder.read("drawn");
    fs::write(folder.latest().join("old"), "").expect("a file");
    told();
    assert_eq!(folder.read("drawn"), drawn, "one seed, one story");
    assert!(!folder.latest().join("old").exists());
    assert_eq!(folder.names(), ["a_bundle_is_replaced_as_a_whole-0x2a", "latest"]);
}

/// What the user has called `latest` stays, and the bundle is there all the same.
#[test]
fn latest_is_replaced_only_if_it_is_a_link() {
    let folder = Folder::new();
    fs::write(folder.latest(), "mine").expect("a file");
    let Some(told) = folder.specimen().run(|| test("Test: latest", fails)) else { return };
    assert_failed(&told, &["\nbundle ", ": could not update `latest`: not a symlink"]);
    assert_eq!(fs::read_to_string(folder.latest()).expect("a file"), "mine");
    assert_eq!(folder.names(), ["latest", "latest_is_replaced_only_if_it_is_a_link-0x2a"]);
}

/// Whether the watchdog has to end the run, or the limit of virtual time.
#[test]
fn a_run_that_hangs_leaves_a_bundle() {
    let body = |_: &Context| loop {
        match std::env::var_os("SPINS") {
            Some(_) => std::hint::spin_loop(),
            None => sleep(Duration::from_secs(1)),
        }
    };
    let (folder, report) = (Folder::new(), tempfile::NamedTempFile::new().expect("a file"));
    let limits = || folder.specimen().env("LAB_WATCHDOG", "0.2").env("LAB_LIMIT", "100");
    for (specimen, message) in
        [(limits().env("SPINS", "1"), "stuck: "), (limits(), "the virtual time limit")]
    {
        let specimen = specimen.env("LAB_REPORT", report.path());
        let Some(told) = specimen.run(|| test("Test: hangs", body)) else { return };
        assert_failed(&told, &[message, "--- FAIL: bundles::a_run_that_hangs", "\nbundle "]);
        let facts = folder.facts();
        assert!(facts["message"].as_str().expect("text").starts_with(message), "{facts}");
        assert_eq!(facts["warning"], Value::Null);
    }
    let entries = fs::read_to_string(report.path()).expect("a report");
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

/// A run in which a thread overflows its stack leaves its accounts.
fn an_overflow_is_told(recurses: fn() -> u64) {
    let body = move |ctx: &Context| {
        let cluster = Cluster::new(ctx, 1, Net::Reliable, Counter::make);
        thread::spawn(recurses).join().expect("it never ends");
        drop(cluster);
    };
    let (folder, report) = (Folder::new(), tempfile::NamedTempFile::new().expect("a file"));
    let specimen = folder.specimen().env("LAB_REPORT", report.path());
    let Some(told) = specimen.run(|| test("Test: overflows", body)) else { return };
    let message = "stack overflow in simulated thread ";
    assert_failed(&told, &[message, "--- FAIL: bundles::", "\nbundle "]);
    let facts = folder.facts();
    assert!(facts["message"].as_str().expect("text").starts_with(message), "{facts}");
    assert_eq!(facts["warning"], Value::Null);
    assert!(folder.read("servers.txt").contains("S0 alive=true"));
    let entries = fs::read_to_string(report.path()).expect("a report");
    assert_eq!(entries.matches(r#""verdict":"failed""#).count(), 1, "{entries}");
}

#[test]
fn a_stack_overflow_leaves_a_bundle() {
    an_overflow_is_told(|| recurses(0));
}

/// It happens while something is written into the bundle.
#[test]
fn a_stack_overflow_with_operations_leaves_a_bundle() {
    an_overflow_is_told(recurses_with_operations);
}

#[test]
fn real_time_keeps_its_last_lines() {
    let folder = Folder::new();
    let specimen = folder.specimen().env("LAB_CLOCK", "real");
    let Some(told) = specimen.run(|| test("Test: real", fails)) else { return };
    assert_failed(&told, &["the helper went wrong", "\nbundle "]);
    assert!(!told.stderr.contains("S0 was called"), "{}", told.stderr);
    assert!(folder.read("log.txt").contains(" INFO S0 was called\n"));
    assert!(folder.read("failure.txt").contains("bundles::fails::{{closure}}"));
    assert_eq!((&folder.facts()["hash"], &folder.facts()["clock"]), (&Value::Null, &"real".into()));
    assert!(!folder.latest().join("trace.jsonl").exists());
}

#[test]
fn an_unwritable_folder_ends_the_process() {
    let specimen = Specimen::new().env("LAB_BUNDLE", "/dev/null/bundles");
    let Some(told) = specimen.run(|| test("Test: unwritable", fails)) else { return };
    assert_eq!(told.status, Some(2));
    told.assert_contains(&["error: LAB_BUNDLE=/dev/null/bundles: cannot be written: "]);
    assert_eq!(told.stderr.lines().count(), 1, "{}", told.stderr);
}

/// What goes wrong with the bundle does not touch the failure.
#[test]
fn a_bundle_that_cannot_be_written_is_told() {
    let folder = Folder::new();
    let body = |ctx: &Context| {
        ctx.attach("trouble", || {
            // As good as a full disk: there is no place for a file.
            let folder = std::env::var("LAB_BUNDLE").expect("a folder");
            for draft in fs::read_dir(folder).expect("a folder").flatten() {
                fs::create_dir(draft.path().join("servers.txt")).expect("a draft");
            }
            Vec::new()
        });
        panic!("the body went wrong");
    };
    let Some(told) = folder.specimen().run(|| test("Test: full", body)) else { return };
    assert_failed(&told, &["the body went wrong\n", ": no bundle: ", "to run it again:\n"]);
    assert_eq!(folder.names(), [] as [&str; 0]);
}
