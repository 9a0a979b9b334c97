//! The harness of the key/value labs, over clerks that keep everything in a
//! drawer of their own and may lie about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use labrpc::ClientEnd;
use labrt::sync::Mutex;
use labrt::thread::sleep;
use labrt::time::Duration;
use porcupine::kv::{KvInput, KvModel};
use porcupine::{Limits, Verdict, check_operations, log};
use tester::kv::{self, Generic, Harness};
use tester::{Cluster, Columns, Context, Net, Specimen, Told, caught, test};

use crate::counter::{Counter, get};

/// What all clerks share: each key's value, and the value before.
type Drawer = Arc<Mutex<BTreeMap<String, [String; 2]>>>;

/// What a clerk does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vice {
    /// Nothing.
    None,
    /// It sometimes tells the value before for the value that is read.
    ReadsOld,
    /// It sometimes tells nothing for the value before an append.
    ForgetsBefore,
    /// It takes its time.
    IsSlow,
    /// It tells nothing of the value before an append, and reads all but the last
    /// element.
    MissesLast,
}

/// A clerk without a server.
struct Clerk {
    drawer: Drawer,
    vice: Vice,
}

impl Clerk {
    fn errs(&self, vice: Vice) -> bool {
        self.vice == vice && labrt::rng().chance(1, 10)
    }

    fn change(&self, key: &str, change: impl FnOnce(&str) -> String) -> String {
        sleep(Duration::from_millis(if self.vice == Vice::IsSlow { 40 } else { 1 }));
        let mut drawer = self.drawer.lock();
        let values = drawer.entry(key.to_owned()).or_default();
        let after = change(&values[0]);
        values[1] = std::mem::replace(&mut values[0], after);
        values[1].clone()
    }
}

impl kv::Clerk for Clerk {
    fn get(&self, key: &str) -> String {
        sleep(Duration::from_millis(1));
        let stale = self.errs(Vice::ReadsOld);
        let drawer = self.drawer.lock();
        let values = drawer.get(key).cloned().unwrap_or_default();
        let value = &values[usize::from(stale)];
        let end = if self.vice == Vice::MissesLast { value.rfind('x') } else { None };
        value[..end.unwrap_or(value.len())].to_owned()
    }

    fn put(&self, key: &str, value: &str) {
        self.change(key, |_| value.to_owned());
    }

    fn append(&self, key: &str, value: &str) -> Option<String> {
        let before = self.change(key, |before| format!("{before}{value}"));
        let told = if self.errs(Vice::ForgetsBefore) { String::new() } else { before };
        (self.vice != Vice::MissesLast).then_some(told)
    }
}

/// A harness with such clerks.
fn harness(ctx: &Context, vice: Vice) -> Harness<Counter, Clerk> {
    ctx.set_columns(Columns::Operations);
    let cluster = Cluster::new(ctx, 3, Net::Reliable, Counter::make);
    let drawer = Drawer::default();
    Harness::new(cluster, move |_| Clerk { drawer: Arc::clone(&drawer), vice })
}

/// Everything at once: what goes wrong with the servers does not touch these
/// clerks.
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
fn honest_clerks_pass() {
    let body = |ctx: &Context| LOAD.run(&harness(ctx, Vice::None));
    let Some(told) = Specimen::new().run(|| test(&LOAD.title(), body)) else { return };
    assert!(told.passed(), "{}", told.stderr);
    told.assert_contains(&["Test: restarts, partitions, many clients (3A) ...\n  ... Passed --  "]);
}

/// What is said to go wrong does go wrong, and as often and as long as it is said.
#[test]
fn servers_crash_and_are_parted() {
    let body = |ctx: &Context| {
        let h = harness(ctx, Vice::None);
        LOAD.run(&h);
        assert_eq!(h.cluster().status().incarnations, [4; 3], "three restarts");
        assert_eq!(h.cluster().connected(), [0, 1, 2]);

        let before = h.cluster().node(0).expect("it is alive");
        let partitioner = h.start_partitioner();
        let mut seen = BTreeSet::new();
        for _ in 0..50 {
            sleep(Duration::from_secs(1));
            seen.insert([1, 2].map(|other| before.reaches(other)));
        }
        partitioner.stop();
        assert_eq!(seen.len(), 4, "all partitions that server 0 can tell apart: {seen:?}");
        h.restart_all();
        assert!(before.is_killed());
    };
    let Some(told) = Specimen::new().run(|| test("Test: faults", body)) else { return };
    assert!(told.passed(), "{}", told.stderr);
}

/// Without faults it is the clients alone that take time.
#[test]
fn iterations_are_as_long_as_is_asked() {
    let load = Generic { crash: false, partitions: false, ..LOAD };
    let body = move |ctx: &Context| {
        let (begin, iterations) = (ctx.elapsed(), 3 * load.iteration);
        load.run(&harness(ctx, Vice::None));
        let taken = ctx.elapsed() - begin;
        assert!((iterations..iterations * 11 / 10).contains(&taken), "{taken:?}");
    };
    let Some(told) = Specimen::new().run(|| test("Test: time", body)) else { return };
    assert!(told.passed(), "{}", told.stderr);
}

#[test]
fn a_clerk_cannot_know_which_server_is_which() {
    let body = |ctx: &Context| {
        let given: Arc<Mutex<Vec<ClientEnd>>> = Arc::default();
        let cluster = Cluster::new(ctx, 3, Net::Reliable, Counter::make);
        let kept = Arc::clone(&given);
        let h = Harness::new(cluster, move |ends| {
            *kept.lock() = ends;
            Clerk { drawer: Drawer::default(), vice: Vice::None }
        });
        let place_of_server_0 = |_| {
            let _client = h.make_clerk([0]);
            let ends = given.lock().clone();
            ends.iter().position(|end| get(end).is_some()).expect("one end is connected")
        };
        let places: BTreeSet<usize> = (0..30).map(place_of_server_0).collect();
        assert_eq!(places.len(), 3, "{places:?}");
    };
    let Some(told) = Specimen::new().run(|| test("Test: order", body)) else { return };
    assert!(told.passed(), "{}", told.stderr);
}

// Each of these is a clerk with a vice, or one without in a wrong test.
caught!(
    a_wrong_value_is_told_with_the_right_one,
    |ctx, vice| LOAD.run(&harness(ctx, vice)),
    Vice::ReadsOld,
    1,
    "get wrong value, key ",
    "in thread 'client "
);
caught!(
    the_value_before_an_append_is_looked_at,
    |ctx, vice| LOAD.run(&harness(ctx, vice)),
    Vice::ForgetsBefore,
    1,
    "lacks the one before it:"
);
caught!(
    a_value_that_is_not_the_expected_one_is_told,
    |ctx, vice| {
        let h = harness(ctx, vice);
        h.make_clerk(h.all()).check("1", "14");
    },
    Vice::None,
    1,
    "get(\"1\"): expected:",
    "byte 0: expected \"14\", received nothing"
);
caught!(
    slow_operations_are_told,
    |ctx, vice| kv::speed(&harness(ctx, vice)),
    Vice::IsSlow,
    1,
    "operations completed too slowly: 1000 "
);

/// Runs the test whose clients read each other's keys, so that only the history
/// tells that they were lied to.
fn lie_to_all(specimen: Specimen) -> Option<Told> {
    let load = Generic { random_keys: true, ..LOAD };
    specimen.run(move || test(&load.title(), move |ctx| load.run(&harness(ctx, Vice::ReadsOld))))
}

#[test]
fn a_history_that_no_server_could_have_made_fails_the_test() {
    let Some(told) = lie_to_all(Specimen::new()) else { return };
    assert!(!told.passed());
    told.assert_contains(&["    history is not linearizable\n"]);
    let (_, rest) =
        told.stderr.split_once("info: wrote history visualization to ").expect("a page");
    let path = rest.lines().next().expect("a path");
    let page = std::fs::read_to_string(path).expect("the page");
    for part in ["<html", "server 0", "down", "network", "[0, "] {
        assert!(page.contains(part), "{part:?} is missing on the page");
    }
    assert!(!page.contains("unread"), "values are shown where the plain model is fast enough");
    std::fs::remove_file(path).expect("the page is there");
}

/// Twelve appends at a time can follow each other in so many orders that only the
/// model with foresight comes to an end. Its verdict is on the page, too.
#[test]
fn the_page_says_what_the_check_says() {
    let body = |ctx: &Context| {
        let h = harness(ctx, Vice::MissesLast);
        h.spawn_clients_and_wait(12, |number, client| {
            client.record_as(number);
            client.append("k", &format!("x{number}"));
        });
        let mut reader = h.make_clerk(h.all());
        reader.record_as(12);
        reader.get("k");
    };
    let bundles = tempfile::tempdir().expect("a folder");
    let specimen = Specimen::new().env("LAB_BUNDLE", bundles.path());
    let Some(told) = specimen.run(|| test("Test: crowd", body)) else { return };
    told.assert_contains(&["    history is not linearizable\n"]);
    let file = |name| std::fs::read_to_string(bundles.path().join("latest").join(name));
    let history = log::kv::read(&file("history.edn").expect("the log")).expect("a history");
    let plain = check_operations(&KvModel, &history, Limits::REPLAYABLE);
    assert_eq!(plain.verdict, Verdict::Unknown, "12! orders");
    assert!(file("history.html").expect("the page").contains("{\"Verdict\":\"Illegal\""));
}

#[test]
fn the_bundle_has_the_history() {
    let bundles = tempfile::tempdir().expect("a folder");
    let report = bundles.path().join("report");
    let specimen = Specimen::new().env("LAB_RUNS", "3").env("LAB_BUNDLE", bundles.path());
    let specimen = specimen.env("LAB_REPORT", &report);
    let Some(told) = lie_to_all(specimen) else { return };
    assert!(!told.passed());
    told.assert_contains(&["    history is not linearizable\n", " runs=1 failures=1 "]);
    let file = |name| std::fs::read_to_string(bundles.path().join("latest").join(name));
    assert!(file("history.html").expect("the page").contains("not linearizable"));
    let history = log::kv::read(&file("history.edn").expect("the log")).expect("a history");
    let check = check_operations(&KvModel, &history, Limits::REPLAYABLE);
    assert_eq!(check.verdict, Verdict::Illegal);
    let run = std::fs::read_to_string(report).expect("a report");
    let run: serde_json::Value = serde_json::from_str(&run).expect("one run");
    assert_eq!(run["ops"], history.len(), "every operation is counted and recorded");
    let of_one_client = || history.iter().filter(|operation| operation.client == 1);
    let keys: BTreeSet<_> = of_one_client().map(|operation| operation.input.key()).collect();
    assert_eq!(keys.len(), 4, "it uses the keys of all");
    let is_put = |input: &KvInput| matches!(input, KvInput::Put { .. });
    assert!(of_one_client().any(|operation| is_put(&operation.input)), "and puts to them");
}

#[test]
fn a_test_of_several_parts_prints_a_line_for_each() {
    let body = |ctx: &Context| {
        let h = harness(ctx, Vice::None);
        let client = h.make_clerk(h.all());
        client.put("1", "13");
        ctx.count_from_here();
        client.check("1", "13");
        ctx.next_part("Test: second part (3A)");
        sleep(Duration::from_secs(2));
    };
    let Some(told) = Specimen::new().run(|| test("Test: first part (3A)", body)) else { return };
    assert!(told.passed());
    let lines: Vec<&str> = told.stderr.lines().skip(1).collect();
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
