//! The harness of the key/value labs, with clerks that keep all values in
//! shared memory and may return wrong ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use labrpc::ClientEnd;
use labrt::sync::Mutex;
use labrt::thread::sleep;
use labrt::time::Duration;
use porcupine::kv::{KvInput, KvModel};
use porcupine::{Limits, Verdict, check_operations, log};
use tester::kv::{self, Generic, Harness};
use tester::{ChildOutput, ChildTest, Cluster, Columns, Context, Net, caught, test};

use crate::counter::{Counter, get};

/// The store that all clerks share: each key's value, and the value before it.
type Store = Arc<Mutex<BTreeMap<String, [String; 2]>>>;

/// The fault of a clerk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// No fault.
    None,
    /// A get sometimes returns the previous value.
    StaleRead,
    /// An append sometimes returns an empty value as the value before.
    LosesBefore,
    /// Every change takes long.
    Slow,
    /// An append does not return the value before, and a get omits the last
    /// element.
    MissesLast,
}

/// A clerk without a server.
struct Clerk {
    store: Store,
    fault: Fault,
}

impl Clerk {
    fn misbehaves(&self, fault: Fault) -> bool {
        self.fault == fault && labrt::rng().chance(1, 10)
    }

    fn change(&self, key: &str, change: impl FnOnce(&str) -> String) -> String {
        sleep(Duration::from_millis(if self.fault == Fault::Slow { 40 } else { 1 }));
        let mut store = self.store.lock();
        let values = store.entry(key.to_owned()).or_default();
        let after = change(&values[0]);
        values[1] = std::mem::replace(&mut values[0], after);
        values[1].clone()
    }
}

impl kv::Clerk for Clerk {
    fn get(&self, key: &str) -> String {
        sleep(Duration::from_millis(1));
        let stale = self.misbehaves(Fault::StaleRead);
        let store = self.store.lock();
        let values = store.get(key).cloned().unwrap_or_default();
        let value = &values[usize::from(stale)];
        let end = if self.fault == Fault::MissesLast { value.rfind('x') } else { None };
        value[..end.unwrap_or(value.len())].to_owned()
    }

    fn put(&self, key: &str, value: &str) {
        self.change(key, |_| value.to_owned());
    }

    fn append(&self, key: &str, value: &str) -> Option<String> {
        let before = self.change(key, |before| format!("{before}{value}"));
        let reply = if self.misbehaves(Fault::LosesBefore) { String::new() } else { before };
        (self.fault != Fault::MissesLast).then_some(reply)
    }
}

/// A harness whose clerks have this fault.
fn harness(ctx: &Context, fault: Fault) -> Harness<Counter, Clerk> {
    ctx.set_columns(Columns::Operations);
    let cluster = Cluster::new(ctx, 3, Net::Reliable, Counter::make);
    let store = Store::default();
    Harness::new(cluster, move |_| Clerk { store: Arc::clone(&store), fault })
}

/// A load with all faults of servers and network. They do not affect these
/// clerks, which use no server.
const LOAD: Generic = Generic {
    part: Some("3A"),
    clients: 4,
    servers: 3,
    crash: true,
    partitions: true,
    iteration: Duration::from_millis(100),
    ..Generic::DEFAULT
};

#[test]
fn correct_clerks_pass() {
    let body = |ctx: &Context| LOAD.run(&harness(ctx, Fault::None));
    let Some(output) = ChildTest::new().run(|| test(&LOAD.title(), body)) else { return };
    assert!(output.passed(), "{}", output.stderr);
    output
        .assert_contains(&["Test: restarts, partitions, many clients (3A) ...\n  ... Passed --  "]);
}

/// The harness injects the faults that it announces, at the stated rate.
#[test]
fn servers_crash_and_are_partitioned() {
    let body = |ctx: &Context| {
        let h = harness(ctx, Fault::None);
        LOAD.run(&h);
        assert_eq!(h.cluster().status().incarnations, [4; 3], "each server restarts three times");
        assert_eq!(h.cluster().connected(), [0, 1, 2]);

        let before = h.cluster().node(0).expect("server 0 is alive");
        let partitioner = h.start_partitioner();
        let mut seen = BTreeSet::new();
        for _ in 0..50 {
            sleep(Duration::from_secs(1));
            seen.insert([1, 2].map(|other| before.reaches(other)));
        }
        partitioner.stop();
        assert_eq!(
            seen.len(),
            4,
            "server 0 sees all four combinations of reachable peers: {seen:?}"
        );
        h.restart_all();
        assert!(before.is_killed());
    };
    let Some(output) = ChildTest::new().run(|| test("Test: faults", body)) else { return };
    assert!(output.passed(), "{}", output.stderr);
}

/// Without faults only the clients take time.
#[test]
fn iterations_take_the_requested_time() {
    let load = Generic { crash: false, partitions: false, ..LOAD };
    let body = move |ctx: &Context| {
        let (begin, iterations) = (ctx.elapsed(), 3 * load.iteration);
        load.run(&harness(ctx, Fault::None));
        let taken = ctx.elapsed() - begin;
        assert!((iterations..iterations * 11 / 10).contains(&taken), "{taken:?}");
    };
    let Some(output) = ChildTest::new().run(|| test("Test: time", body)) else { return };
    assert!(output.passed(), "{}", output.stderr);
}

#[test]
fn clerk_gets_its_ends_in_random_order() {
    let body = |ctx: &Context| {
        let given: Arc<Mutex<Vec<ClientEnd>>> = Arc::default();
        let cluster = Cluster::new(ctx, 3, Net::Reliable, Counter::make);
        let kept = Arc::clone(&given);
        let h = Harness::new(cluster, move |ends| {
            *kept.lock() = ends;
            Clerk { store: Store::default(), fault: Fault::None }
        });
        let index_of_server_0 = |_| {
            let _client = h.make_clerk([0]);
            let ends = given.lock().clone();
            ends.iter().position(|end| get(end).is_some()).expect("one end is connected")
        };
        let indices: BTreeSet<usize> = (0..30).map(index_of_server_0).collect();
        assert_eq!(indices.len(), 3, "{indices:?}");
    };
    let Some(output) = ChildTest::new().run(|| test("Test: order", body)) else { return };
    assert!(output.passed(), "{}", output.stderr);
}

// Each of these has a faulty clerk, or a correct clerk in a wrong test.
caught!(
    wrong_value_is_reported_with_the_expected_one,
    |ctx, fault| LOAD.run(&harness(ctx, fault)),
    Fault::StaleRead,
    1,
    "get wrong value, key ",
    "in thread 'client "
);
caught!(
    value_before_an_append_is_checked,
    |ctx, fault| LOAD.run(&harness(ctx, fault)),
    Fault::LosesBefore,
    1,
    "lacks the client's previous element:"
);
caught!(
    check_reports_an_unexpected_value,
    |ctx, fault| {
        let h = harness(ctx, fault);
        h.make_clerk(h.all()).check("1", "14");
    },
    Fault::None,
    1,
    "get(\"1\"): expected:",
    "byte 0: expected \"14\", received nothing"
);
caught!(
    slow_operations_are_reported,
    |ctx, fault| kv::speed(&harness(ctx, fault)),
    Fault::Slow,
    1,
    "operations completed too slowly: 1000 "
);

/// Runs a test whose clients read each other's keys, so that only the history
/// check can detect stale reads.
fn run_with_stale_reads(child_test: ChildTest) -> Option<ChildOutput> {
    let load = Generic { random_keys: true, ..LOAD };
    child_test
        .run(move || test(&load.title(), move |ctx| load.run(&harness(ctx, Fault::StaleRead))))
}

#[test]
fn non_linearizable_history_fails_the_test() {
    let Some(output) = run_with_stale_reads(ChildTest::new()) else { return };
    assert!(!output.passed());
    output.assert_contains(&["    history is not linearizable\n"]);
    let (_, rest) = output
        .stderr
        .split_once("info: wrote history visualization to ")
        .expect("the report names a page");
    let path = rest.lines().next().expect("the path is on the line");
    let page = std::fs::read_to_string(path).expect("the page is readable");
    for part in ["<html", "server 0", "down", "network", "[0, "] {
        assert!(page.contains(part), "{part:?} is missing on the page");
    }
    assert!(!page.contains("unread"), "the page shows values if the plain model is fast enough");
    std::fs::remove_file(path).expect("the page can be removed");
}

/// Twelve concurrent appends have 12! orders, so only the model with foresight
/// decides the history. The page must show its verdict.
#[test]
fn page_has_the_verdict_of_the_check() {
    let body = |ctx: &Context| {
        let h = harness(ctx, Fault::MissesLast);
        h.spawn_clients_and_wait(12, |number, client| {
            client.record_as(number);
            client.append("k", &format!("x{number}"));
        });
        let mut reader = h.make_clerk(h.all());
        reader.record_as(12);
        reader.get("k");
    };
    let bundles = tempfile::tempdir().expect("the system can create a folder");
    let child_test = ChildTest::new().env("LAB_BUNDLE", bundles.path());
    let Some(output) = child_test.run(|| test("Test: crowd", body)) else { return };
    output.assert_contains(&["    history is not linearizable\n"]);
    let file = |name| std::fs::read_to_string(bundles.path().join("latest").join(name));
    let history = log::kv::read(&file("history.edn").expect("history.edn is readable"))
        .expect("history.edn is a history");
    let plain = check_operations(&KvModel, &history, Limits::REPLAYABLE);
    assert_eq!(plain.verdict, Verdict::Unknown, "the plain model cannot decide 12! orders");
    assert!(
        file("history.html").expect("the page is readable").contains("{\"Verdict\":\"Illegal\"")
    );
}

#[test]
fn bundle_has_the_history() {
    let bundles = tempfile::tempdir().expect("the system can create a folder");
    let report = bundles.path().join("report");
    let child_test = ChildTest::new().env("LAB_RUNS", "3").env("LAB_BUNDLE", bundles.path());
    let child_test = child_test.env("LAB_REPORT", &report);
    let Some(output) = run_with_stale_reads(child_test) else { return };
    assert!(!output.passed());
    output.assert_contains(&["    history is not linearizable\n", " runs=1 failures=1 "]);
    let file = |name| std::fs::read_to_string(bundles.path().join("latest").join(name));
    assert!(file("history.html").expect("the page is readable").contains("not linearizable"));
    let history = log::kv::read(&file("history.edn").expect("history.edn is readable"))
        .expect("history.edn is a history");
    let check = check_operations(&KvModel, &history, Limits::REPLAYABLE);
    assert_eq!(check.verdict, Verdict::Illegal);
    let run = std::fs::read_to_string(report).expect("the report is readable");
    let run: serde_json::Value =
        serde_json::from_str(&run).expect("the report has one line of JSON");
    assert_eq!(run["ops"], history.len(), "every operation is counted and recorded");
    let of_one_client = || history.iter().filter(|operation| operation.client == 1);
    let keys: BTreeSet<_> = of_one_client().map(|operation| operation.input.key()).collect();
    assert_eq!(keys.len(), 4, "client 1 uses the keys of all clients");
    let is_put = |input: &KvInput| matches!(input, KvInput::Put { .. });
    assert!(
        of_one_client().any(|operation| is_put(&operation.input)),
        "client 1 puts to random keys"
    );
}

#[test]
fn each_part_of_a_test_prints_its_lines() {
    let body = |ctx: &Context| {
        let h = harness(ctx, Fault::None);
        let client = h.make_clerk(h.all());
        client.put("1", "13");
        ctx.count_from_here();
        client.check("1", "13");
        ctx.next_part("Test: second part (3A)");
        sleep(Duration::from_secs(2));
    };
    let Some(output) = ChildTest::new().run(|| test("Test: first part (3A)", body)) else { return };
    assert!(output.passed());
    let lines: Vec<&str> = output.stderr.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "Test: first part (3A) ...",
            "  ... Passed --   0.0  3     0    1",
            "Test: second part (3A) ...",
            "  ... Passed --   2.0  3     0    0",
        ]
    );
}
