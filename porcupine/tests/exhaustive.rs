//! Compares the checker with the definition, which tries all orders of small
//! histories.

mod support;

use porcupine::register::{RegisterInput, RegisterModel, RegisterOutput};
use porcupine::{Limits, Model, Operation, Verdict, check_operations, check_operations_verbose};
use support::Random;

const MODEL: RegisterModel = RegisterModel { initial: None };

type History = Vec<Operation<RegisterInput, RegisterOutput>>;

/// Returns operations at random times with random outputs. Many times are
/// equal.
fn random_history(random: &mut Random) -> History {
    let mut number = |limit: u64| random.below(limit) as i64;
    let mut history = Vec::new();
    for client in 0..=number(6) as usize {
        let (input, output) = match number(3) {
            0 => (RegisterInput::Write(number(2)), RegisterOutput::Written),
            1 => {
                (RegisterInput::Cas(number(2), number(2)), RegisterOutput::Swapped(number(2) == 0))
            }
            _ => (
                RegisterInput::Read,
                RegisterOutput::Value([None, Some(0), Some(1)][number(3) as usize]),
            ),
        };
        let call = number(10);
        history.push(Operation { client, input, call, output, ret: call + number(5) });
    }
    history
}

/// Returns whether the rest can follow, in some order that agrees with real
/// time and the model.
fn some_order_is_legal(state: Option<i64>, rest: &History) -> bool {
    let soonest = rest.iter().map(|operation| operation.ret).min();
    soonest.is_none_or(|soonest| {
        (0..rest.len()).filter(|&at| rest[at].call <= soonest).any(|at| {
            let mut rest = rest.clone();
            let Operation { input, output, .. } = rest.remove(at);
            MODEL.step(&state, &input, &output).is_some_and(|next| some_order_is_legal(next, &rest))
        })
    })
}

#[test]
fn verdicts_are_those_of_the_definition() {
    let mut random = Random::new(1);
    let mut linearizable = 0;
    for _ in 0..3_000 {
        let history = random_history(&mut random);
        let expected = some_order_is_legal(None, &history);
        linearizable += u32::from(expected);
        let report = check_operations(&MODEL, &history, Limits::NONE);
        assert_eq!(report.verdict == Verdict::Ok, expected, "{history:?}");
        let verbose = check_operations_verbose(&MODEL, &history, Limits::NONE);
        assert_eq!((verbose.verdict, verbose.counts), (report.verdict, report.counts));
        let longest = verbose.partitions[0].partial_linearizations.first().map_or(0, Vec::len);
        assert_eq!(longest == history.len(), expected, "{history:?}");
        assert_eq!(longest, report.counts.depth, "{history:?}");
    }
    assert!((500..2_500).contains(&linearizable), "{linearizable} of 3,000 prove little");
}
