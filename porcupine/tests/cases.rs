//! Small histories with a known verdict.

use porcupine::kv::{self, KvModel, WholeKvModel};
use porcupine::register::{RegisterInput, RegisterModel, RegisterOutput};
use porcupine::*;

/// A register operation: input, output, call and return.
type Step = (RegisterInput, RegisterOutput, i64, i64);

const REGISTER: RegisterModel = RegisterModel { initial: Some(0) };

fn write(value: i64, call: i64, ret: i64) -> Step {
    (RegisterInput::Write(value), RegisterOutput::Written, call, ret)
}

fn read(value: i64, call: i64, ret: i64) -> Step {
    (RegisterInput::Read, RegisterOutput::Value(Some(value)), call, ret)
}

fn history(steps: &[Step]) -> Vec<Operation<RegisterInput, RegisterOutput>> {
    let operation =
        |(client, &(input, output, call, ret))| Operation { client, input, call, output, ret };
    steps.iter().enumerate().map(operation).collect()
}

fn verdict(steps: &[Step]) -> Verdict {
    let history = history(steps);
    let report = check_operations(&REGISTER, &history, Limits::NONE);
    let verbose = check_operations_verbose(&REGISTER, &history, Limits::NONE);
    assert_eq!((report.verdict, report.counts), (verbose.verdict, verbose.counts));
    report.verdict
}

#[test]
fn reads_may_see_a_concurrent_write_but_not_go_back_in_time() {
    let seen_late = [write(100, 0, 100), read(100, 25, 75), read(0, 30, 60)];
    assert_eq!(verdict(&seen_late), Verdict::Ok);
    let gone_back = [write(200, 0, 100), read(200, 10, 30), read(0, 40, 90)];
    assert_eq!(verdict(&gone_back), Verdict::Illegal);
}

#[test]
fn operations_may_have_zero_duration() {
    let seen_late = [write(100, 0, 100), read(100, 25, 75), read(0, 30, 30), read(0, 30, 30)];
    assert_eq!(verdict(&seen_late), Verdict::Ok);
    let gone_back = [write(200, 0, 100), read(200, 10, 10), read(200, 10, 10), read(0, 40, 90)];
    assert_eq!(verdict(&gone_back), Verdict::Illegal);
}

/// Intervals are closed: an operation that ends when another starts is
/// concurrent with it.
#[test]
fn calls_come_before_returns_at_the_same_time() {
    assert_eq!(verdict(&[write(1, 0, 10), read(0, 10, 20)]), Verdict::Ok);
    assert_eq!(verdict(&[write(1, 0, 9), read(0, 10, 20)]), Verdict::Illegal);
}

/// An operation that never returned may have taken effect or not, but only as
/// the model allows.
#[test]
fn operation_with_unknown_outcome_obeys_the_model() {
    let cas = |from| (RegisterInput::Cas(from, 2), RegisterOutput::Unknown, 0, 99);
    assert_eq!(verdict(&[write(4, 0, 9), cas(4), read(4, 10, 19), read(2, 20, 29)]), Verdict::Ok);
    assert_eq!(verdict(&[write(4, 0, 9), cas(9), read(2, 10, 19)]), Verdict::Illegal);
    let open_read = (RegisterInput::Read, RegisterOutput::Unknown, 0, 99);
    assert_eq!(verdict(&[write(4, 0, 9), open_read]), Verdict::Ok);
}

#[test]
fn output_that_a_key_never_had_is_illegal() {
    use kv::KvOutput::{Nothing, Value};
    let after_an_append_of_a = |input: &kv::KvInput, output| {
        let append = kv::KvInput::Append { key: "k".into(), value: "a".into() };
        let operations = [(append, Nothing), (input.clone(), output)];
        let history: Vec<_> = (0..)
            .zip(operations)
            .map(|(at, (input, output))| Operation {
                client: 0,
                input,
                call: 2 * at,
                output,
                ret: 2 * at + 1,
            })
            .collect();
        let partitioned = check_operations(&KvModel, &history, Limits::NONE).verdict;
        assert_eq!(check_operations(&WholeKvModel, &history, Limits::NONE).verdict, partitioned);
        partitioned
    };
    let get = kv::KvInput::Get { key: "k".into() };
    let append = kv::KvInput::Append { key: "k".into(), value: "b".into() };
    for input in [&get, &append] {
        assert_eq!(after_an_append_of_a(input, Value("a".into())), Verdict::Ok);
        assert_eq!(after_an_append_of_a(input, Value("ab".into())), Verdict::Illegal);
        assert_eq!(after_an_append_of_a(input, Nothing), Verdict::Ok, "any value fits");
    }
}

#[test]
fn empty_history_is_linearizable() {
    assert_eq!(check_operations(&KvModel, &[], Limits::NONE).verdict, Verdict::Ok);
    assert_eq!(check_operations(&WholeKvModel, &[], Limits::NONE).verdict, Verdict::Ok);
}

#[test]
fn events_are_ordered_by_position() {
    let write = || EventKind::Call(RegisterInput::Write(100));
    let read = || EventKind::Call(RegisterInput::Read);
    let events = |order: [(usize, EventKind<RegisterInput, RegisterOutput>); 6]| {
        order.map(|(id, kind)| HistoryEvent { client: id, id, kind })
    };
    let returns = |value| EventKind::Return(RegisterOutput::Value(Some(value)));
    let written = || EventKind::Return(RegisterOutput::Written);
    let legal = [
        (0, write()),
        (1, read()),
        (2, read()),
        (2, returns(0)),
        (1, returns(100)),
        (0, written()),
    ];
    let report = check_events(&REGISTER, events(legal), Limits::NONE).expect("the events pair");
    assert_eq!(report.verdict, Verdict::Ok);
    let illegal = [
        (0, write()),
        (1, read()),
        (1, returns(100)),
        (2, read()),
        (2, returns(0)),
        (0, written()),
    ];
    let report = check_events(&REGISTER, events(illegal), Limits::NONE).expect("the events pair");
    assert_eq!(report.verdict, Verdict::Illegal);
}

#[test]
fn unpaired_events_are_rejected() {
    let call = |id| HistoryEvent { client: 0, id, kind: EventKind::Call(RegisterInput::Read) };
    let ret = |id| HistoryEvent { client: 0, id, kind: EventKind::Return(RegisterOutput::Unknown) };
    let error = |events: Vec<_>| operations_of(events).expect_err("the events do not pair");
    assert_eq!(error(vec![call(7), ret(7), call(7)]), EventError::CalledTwice(2));
    assert_eq!(error(vec![ret(7)]), EventError::NotOpen(0));
    assert_eq!(error(vec![call(7), ret(7), ret(7)]), EventError::NotOpen(2));
    assert_eq!(error(vec![call(7), call(8), ret(8)]), EventError::NeverReturned(0));
}

#[test]
#[should_panic(expected = "operation 1 returns at 4, before its call at 5")]
fn return_before_the_call_panics() {
    verdict(&[write(1, 0, 10), read(1, 5, 4)]);
}

#[test]
fn check_is_unknown_at_a_limit() {
    let steps: Vec<_> = (0..12).flat_map(|i| [write(i, 0, 100), read(-1, 0, 100)]).collect();
    let history = history(&steps);
    let check = |limits| check_operations(&REGISTER, &history, limits);
    let by_steps = check(Limits { steps: Some(1_000), ..Limits::NONE });
    assert_eq!((by_steps.verdict, by_steps.counts.steps), (Verdict::Unknown, 1_000));
    assert_eq!(check(Limits { bytes: Some(10_000), ..Limits::NONE }).verdict, Verdict::Unknown);
    let time = Some(std::time::Duration::ZERO);
    assert_eq!(check(Limits { time, ..Limits::NONE }).verdict, Verdict::Unknown);
    let time = Some(std::time::Duration::MAX);
    let no_deadline = Limits { steps: Some(1_000), time, ..Limits::NONE };
    assert_eq!(check(no_deadline).counts.steps, 1_000);
}

/// Only undecided partitions count against the memory limit.
#[test]
fn decided_partitions_hold_no_memory() {
    let verdict = |keys: i64, operations: i64| {
        let operation = |at: i64| {
            let input = kv::KvInput::Put { key: (at % keys).to_string().into(), value: "v".into() };
            Operation {
                client: 0,
                input,
                call: 2 * at,
                output: kv::KvOutput::Nothing,
                ret: 2 * at + 1,
            }
        };
        let history: Vec<_> = (0..operations).map(operation).collect();
        check_operations(&KvModel, &history, Limits { bytes: Some(20_000), ..Limits::NONE }).verdict
    };
    assert_eq!(verdict(1, 5_000), Verdict::Unknown, "one key needs more than a slice");
    assert_eq!(verdict(50, 5_000), Verdict::Ok);
}

/// The first partition would take forever, the second is refuted immediately.
#[test]
fn refuted_partition_ends_the_check() {
    let operation =
        |client, input, output, call, ret| Operation { client, input, call, output, ret };
    let append = |client, key: &str, value: usize| {
        let value = format!("{value} ").into();
        operation(
            client,
            kv::KvInput::Append { key: key.into(), value },
            kv::KvOutput::Nothing,
            0,
            99,
        )
    };
    let get = |key: &str, value: &str, call, ret| {
        let value = kv::KvOutput::Value(value.into());
        operation(40, kv::KvInput::Get { key: key.into() }, value, call, ret)
    };
    let mut history: Vec<_> = (0..40).map(|client| append(client, "endless", client)).collect();
    history.push(get("endless", "never", 0, 99));
    history.push(get("wrong", "something", 0, 1));
    let report = check_operations(&KvModel, &history, Limits::NONE);
    assert_eq!(report.verdict, Verdict::Illegal);
    let verdicts: Vec<_> = report.partitions.iter().map(|part| part.verdict).collect();
    assert_eq!(verdicts, [Verdict::Unknown, Verdict::Illegal]);
    let verbose = check_operations_verbose(
        &KvModel,
        &history,
        Limits { steps: Some(10_000), ..Limits::NONE },
    );
    assert_eq!(verbose.verdict, Verdict::Illegal);
    assert_eq!(verbose.partitions[0].partial_linearizations[0].len(), 40);
}
