//! Histories of good and broken services, with exact counts. A count that
//! changes means that the search visits other configurations than it did.

mod support;

use porcupine::kv::{KvModel, WholeKvModel};
use porcupine::{Counts, Limits, Verdict, check_operations, check_operations_verbose, log};
use support::{Plan, Service, history};

const PLAN: Plan =
    Plan { seed: 7, clients: 8, operations: 50, keys: 4, pause: 100, service: Service::Correct };

/// Searches a history in full: verdict, steps, insertions, depth.
fn counts(plan: Plan) -> (Verdict, u64, u64, usize) {
    let report = check_operations_verbose(&KvModel, &history(plan), Limits::NONE);
    let Counts { steps, insertions, depth } = report.counts;
    (report.verdict, steps, insertions, depth)
}

/// Many clients at few keys: the search has to go back often.
const CROWD: Plan = Plan { clients: 18, operations: 20, keys: 3, pause: 10, ..PLAN };

#[test]
fn good_services() {
    assert_eq!(counts(Plan { clients: 1, ..PLAN }), (Verdict::Ok, 50, 50, 17));
    assert_eq!(counts(PLAN), (Verdict::Ok, 548, 469, 106));
    assert_eq!(counts(CROWD), (Verdict::Ok, 133694, 30053, 135));
}

#[test]
fn broken_services() {
    let broken = |service, plan| counts(Plan { service, ..plan });
    assert_eq!(broken(Service::StaleGet, PLAN), (Verdict::Illegal, 673, 489, 101));
    assert_eq!(broken(Service::LostAppend, PLAN), (Verdict::Illegal, 617, 462, 101));
    assert_eq!(broken(Service::StaleGet, CROWD), (Verdict::Illegal, 162890, 37850, 135));
    assert_eq!(broken(Service::LostAppend, CROWD), (Verdict::Illegal, 152506, 33303, 116));
}

/// Partitions are an optimisation: without them the verdict is the same.
#[test]
fn all_keys_together() {
    for (service, verdict) in
        [(Service::Correct, Verdict::Ok), (Service::StaleGet, Verdict::Illegal)]
    {
        let history = history(Plan { clients: 3, service, ..PLAN });
        assert_eq!(check_operations(&KvModel, &history, Limits::NONE).verdict, verdict);
        assert_eq!(check_operations(&WholeKvModel, &history, Limits::NONE).verdict, verdict);
    }
}

/// Every broken service is found, and no good one, whatever the seed.
#[test]
fn many_seeds() {
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
fn a_history_survives_its_file() {
    let mut history = history(Plan { service: Service::LostAppend, ..PLAN });
    // The final reads of some tests go by the name of a client that is busy.
    history.iter_mut().filter(|operation| operation.client == 7).for_each(|late| late.client = 0);
    let mut file = Vec::new();
    log::kv::write(&mut file, &history).expect("a Vec takes everything");
    let text = String::from_utf8(file).expect("the log is text");
    let mut again = log::kv::read(&text).expect("the log is well formed");
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
