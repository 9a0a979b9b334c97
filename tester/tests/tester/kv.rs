//! The harness of the key/value labs, over clerks that keep everything in a drawer of
//! their own and may lie about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrt::sync::Mutex;
use labrt::thread::sleep;
use labrt::time::Duration;
use porcupine::kv::KvModel;
use porcupine::{Limits, Verdict, check_operations, log};
use tester::kv::{self, Generic, Harness};
use tester::{Cluster, Columns, Context, Net, Specimen, Told, test};

use crate::counter::Counter;

/// What all clerks share: each key's value, and the value before.
type Drawer = Arc<Mutex<BTreeMap<String, [String; 2]>>>;

/// A clerk without a server.
struct Clerk {
    drawer: Drawer,
    /// Whether it sometimes tells the value before for the value.
    lies: bool,
}

impl Clerk {
    fn change(&self, key: &str, change: impl FnOnce(&str) -> String) -> String {
        sleep(Duration::from_millis(1));
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
        let stale = self.lies && labrt::rng().chance(1, 10);
        let drawer = self.drawer.lock();
        drawer.get(key).map(|values| values[usize::from(stale)].clone()).unwrap_or_default()
    }

    fn put(&self, key: &str, value: &str) {
        self.change(key, |_| value.to_owned());
    }

    fn append(&self, key: &str, value: &str) -> Option<String> {
        Some(self.change(key, |before| format!("{before}{value}")))
    }
}

/// A harness whose clerks are honest or not.
fn harness(ctx: &Context, lies: bool) -> Harness<Counter, Clerk> {
    ctx.set_columns(Columns::Operations);
    let cluster = Cluster::new(ctx, 3, Net::Reliable, Counter::make);
    let drawer = Drawer::default();
    Harness::new(cluster, move |_| Clerk { drawer: Arc::clone(&drawer), lies })
}

/// Everything at once: what goes wrong with the servers does not touch these clerks.
const LOAD: Generic = Generic {
    part: Some("3A"),
    clients: 4,
    servers: 3,
    net: Net::Reliable,
    crash: true,
    partitions: true,
    max_raft_state: None,
    random_keys: false,
    iteration: Duration::from_millis(100),
};

#[test]
fn honest_clerks_pass() {
    let body = |ctx: &Context| LOAD.run(&harness(ctx, false));
    let Some(told) = Specimen::new().run(|| test(&LOAD.title(), body)) else { return };
    assert!(told.passed(), "{}", told.stderr);
    told.assert_contains(&["Test: restarts, partitions, many clients (3A) ...\n  ... Passed --  "]);
}

#[test]
fn a_wrong_value_is_told_with_the_right_one() {
    let body = |ctx: &Context| LOAD.run(&harness(ctx, true));
    let Some(told) = Specimen::new().run(|| test(&LOAD.title(), body)) else { return };
    assert!(!told.passed());
    told.assert_contains(&["get wrong value, key ", "in thread 'client "]);
}

/// Runs the test whose clients read each other's keys, so that only the history tells
/// that they were lied to.
fn lie_to_all(specimen: Specimen) -> Option<Told> {
    let load = Generic { random_keys: true, ..LOAD };
    specimen.run(move || test(&load.title(), move |ctx| load.run(&harness(ctx, true))))
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
    std::fs::remove_file(path).expect("the page is there");
}

#[test]
fn the_bundle_has_the_history() {
    let bundles = tempfile::tempdir().expect("a folder");
    let specimen = Specimen::new().env("LAB_RUNS", "3").env("LAB_BUNDLE", bundles.path());
    let Some(told) = lie_to_all(specimen) else { return };
    assert!(!told.passed());
    told.assert_contains(&["    history is not linearizable\n", " runs=1 failures=1 "]);
    let file = |name| std::fs::read_to_string(bundles.path().join("latest").join(name));
    assert!(file("history.html").expect("the page").contains("not linearizable"));
    let history = log::kv::read(&file("history.edn").expect("the log")).expect("a history");
    let report = check_operations(&KvModel, &history, Limits::REPLAYABLE);
    assert_eq!(report.verdict, Verdict::Illegal);
}

#[test]
fn a_test_of_several_parts_prints_a_line_for_each() {
    let body = |ctx: &Context| {
        let h = harness(ctx, false);
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
