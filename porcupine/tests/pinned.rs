//! Histories of correct and broken services, with exact counts. A count changes
//! only if the search visits other configurations than before.

mod support;

use porcupine::kv::{KvModel, WholeKvModel};
use porcupine::{Counts, Limits, Verdict, check_operations, check_operations_verbose, log};
use support::{Plan, Service, history};

const PLAN: Plan =
    Plan { seed: 7, clients: 8, operations: 50, keys: 4, pause: 100, service: Service::Correct };

/// Searches a history in full. Returns verdict, steps, insertions and depth.
fn counts(plan: Plan) -> (Verdict, u64, u64, usize) {
    let report = check_operations_verbose(&KvModel, &history(plan), Limits::NONE);
    let Counts { steps, insertions, depth } = report.counts;
    (report.verdict, steps, insertions, depth)
}

/// Many clients on few keys: the search has to backtrack often.
const CROWD: Plan = Plan { clients: 18, operations: 20, keys: 3, pause: 10, ..PLAN };

#[test]
fn counts_of_correct_services_are_pinned() {
    assert_eq!(counts(Plan { clients: 1, ..PLAN }), (Verdict::Ok, 50, 50, 17));
    assert_eq!(counts(PLAN), (Verdict::Ok, 548, 469, 106));
    assert_eq!(counts(CROWD), (Verdict::Ok, 133694, 30053, 135));
}

#[test]
fn counts_of_broken_services_are_pinned() {
    let broken = |service, plan| counts(Plan { service, ..plan });
    assert_eq!(broken(Service::StaleGet, PLAN), (Verdict::Illegal, 673, 489, 101));
    assert_eq!(broken(Service::LostAppend, PLAN), (Verdict::Illegal, 617, 462, 101));
    assert_eq!(broken(Service::StaleGet, CROWD), (Verdict::Illegal, 162890, 37850, 135));
    assert_eq!(broken(Service::LostAppend, CROWD), (Verdict::Illegal, 152506, 33303, 116));
}

/// Partitions are an optimization: without them the verdict is the same.
#[test]
fn verdict_does_not_depend_on_partitions() {
    for (service, verdict) in
        [(Service::Correct, Verdict::Ok), (Service::StaleGet, Verdict::Illegal)]
    {
        let history = history(Plan { clients: 3, service, ..PLAN });
        assert_eq!(check_operations(&KvModel, &history, Limits::NONE).verdict, verdict);
        assert_eq!(check_operations(&WholeKvModel, &history, Limits::NONE).verdict, verdict);
    }
}

/// The checker finds every broken service, and accepts every correct one.
#[test]
fn verdicts_are_right_for_many_seeds() {
    for seed in 0..100 {
        for (service, verdict) in [
            (Service::Correct, Verdict::Ok),
            (Service::StaleGet, Verdict::Illegal),
            (Service::LostAppend, Verdict::Illegal),
        ] {
            let history = history(Plan { seed, service, ..PLAN });
            let found = check_operations(&KvModel, &history, Limits::REPLAYABLE).verdict;
            assert_eq!(found, verdict, "seed {seed}");
        }
    }
}

#[test]
fn history_is_unchanged_after_writing_and_reading() {
    let mut history = history(Plan { service: Service::LostAppend, ..PLAN });
    // Some tests record final reads under the number of a client that is busy.
    history.iter_mut().filter(|operation| operation.client == 7).for_each(|late| late.client = 0);
    let mut file = Vec::new();
    log::kv::write(&mut file, &history).expect("writing to a Vec cannot fail");
    let text = String::from_utf8(file).expect("the log is UTF-8");
    let mut again = log::kv::read(&text).expect("the log is valid");
    for operation in &mut again {
        operation.client = if operation.client >= 7 { 0 } else { operation.client };
    }
    let sort = |history: &mut support::History| {
        history.sort_by_key(|operation| (operation.ret, operation.call, operation.client));
    };
    sort(&mut again);
    sort(&mut history);
    assert!(again == history, "the history has changed");
}
