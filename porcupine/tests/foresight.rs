//! The model that knows the outputs finds the same verdicts in fewer steps.

mod support;

use porcupine::kv::{Foresight, KvInput, KvModel, KvOutput};
use porcupine::{Limits, Model, Operation, Report, Text, Verdict, check_operations};
use support::{History, Plan, Random, Service, history};

fn with_foresight(history: &History) -> Report {
    check_operations(&Foresight::of(history), history, Limits::REPLAYABLE)
}

/// Asserts the same verdict as the plain model's in no more steps, and returns
/// it.
fn compare(history: &History) -> Verdict {
    let plain = check_operations(&KvModel, history, Limits::NONE);
    let foreseen = with_foresight(history);
    assert_eq!(foreseen.verdict, plain.verdict, "{history:?}");
    assert!(foreseen.counts.steps <= plain.counts.steps, "{:?} {history:?}", foreseen.counts);
    foreseen.verdict
}

/// Returns operations at random times with random outputs, most of them wrong.
fn random_history(random: &mut Random) -> History {
    let mut number = |limit: u64| random.below(limit) as i64;
    let mut history = Vec::new();
    for client in 0..=number(6) as usize {
        // Different pieces, so that the same value can be built in several ways.
        let value = Text::from(["a", "b", "ab", ""][number(4) as usize]);
        let read = KvOutput::Value(Text::from(["", "a", "b", "ab", "ba"][number(5) as usize]));
        let (input, output) = match number(5) {
            0 => (KvInput::Put { key: "k".into(), value }, KvOutput::Nothing),
            1 => (KvInput::Append { key: "k".into(), value }, read),
            2 => (KvInput::Append { key: "k".into(), value }, KvOutput::Nothing),
            3 => (KvInput::Get { key: "k".into() }, read),
            _ => (KvInput::Get { key: "k".into() }, KvOutput::Nothing),
        };
        let call = number(10);
        history.push(Operation { client, input, call, output, ret: call + number(5) });
    }
    history
}

#[test]
fn verdicts_are_those_of_the_plain_model() {
    let mut random = Random::new(1);
    let histories = (0..5_000).map(|_| random_history(&mut random));
    let linearizable = histories.filter(|history| compare(history) == Verdict::Ok).count();
    assert!((1_000..4_000).contains(&linearizable), "{linearizable} of 5,000 prove little");

    for seed in 0..100 {
        for service in [Service::Correct, Service::StaleGet, Service::LostAppend] {
            let plan = Plan { seed, clients: 8, operations: 50, keys: 4, pause: 100, service };
            compare(&history(plan));
        }
    }
}

#[test]
fn unread_state_is_described_as_unread() {
    let model = Foresight::of(&[]);
    assert_eq!(model.describe_state(&model.init()), "unread");
    assert!(model.state_bytes(&Some("a".into())) > model.state_bytes(&None));
}

/// Returns a history in which all clients append at the same time. Then one of
/// them reads the appended pieces in the reverse order, without the first
/// `missing`.
fn crowd(clients: usize, missing: usize) -> History {
    let append = |client: usize| Operation {
        client,
        input: KvInput::Append { key: "k".into(), value: format!("<{client}>").into() },
        call: client as i64,
        output: KvOutput::Nothing,
        ret: 100 + client as i64,
    };
    let value: String = (missing..clients).rev().map(|client| format!("<{client}>")).collect();
    let output = KvOutput::Value(value.into());
    let get = Operation {
        client: 0,
        input: KvInput::Get { key: "k".into() },
        call: 200,
        output,
        ret: 201,
    };
    (0..clients).map(append).chain([get]).collect()
}

/// When a partition heals, the operations of all clients that it blocked
/// overlap.
#[test]
fn overlapping_appends_cost_subsets_instead_of_orders() {
    const CLIENTS: usize = 12;
    for (missing, verdict) in [(0, Verdict::Ok), (1, Verdict::Illegal)] {
        let history = crowd(CLIENTS, missing);
        let plain = check_operations(&KvModel, &history, Limits::REPLAYABLE);
        assert_eq!(plain.verdict, Verdict::Unknown, "12! orders");
        let foreseen = with_foresight(&history);
        assert_eq!(foreseen.verdict, verdict);
        let subsets = 1 << CLIENTS;
        assert!(foreseen.counts.insertions <= subsets + CLIENTS as u64, "{:?}", foreseen.counts);
    }
}
