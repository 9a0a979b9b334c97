//! Generates histories of a key/value service from a seed. The service is
//! correct, or broken in a known way.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;
use std::sync::Arc;

use porcupine::Operation;
use porcupine::kv::{KvInput, KvOutput};
use porcupine::{Text, TextPool};

pub(crate) type History = Vec<Operation<KvInput, KvOutput>>;

/// The parameters of a history.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) clients: usize,
    /// Operations of each client.
    pub(crate) operations: usize,
    pub(crate) keys: usize,
    /// The longest pause between two operations of a client. An operation takes
    /// up to 100.
    pub(crate) pause: u64,
    pub(crate) service: Service,
}

/// The behaviour of a service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Correct,
    /// One get misses the write before it.
    StaleGet,
    /// One append is confirmed, but never takes effect.
    LostAppend,
}

/// A random generator: SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// An operation, and the time at which it takes effect.
struct Planned {
    operation: Operation<KvInput, KvOutput>,
    effect: i64,
}

/// Returns the history of a plan, in the order of the returns.
pub(crate) fn history(plan: Plan) -> History {
    let mut planned = calls(plan);
    planned.sort_by_key(|one| one.effect);
    take_effect(&mut planned, plan.service);
    let mut history: History = planned.into_iter().map(|one| one.operation).collect();
    history.sort_by_key(|operation| operation.ret);
    history
}

fn calls(plan: Plan) -> Vec<Planned> {
    let mut random = Random::new(plan.seed);
    let mut planned = Vec::new();
    for client in 0..plan.clients {
        let mut now = random.below(100);
        for number in 0..plan.operations {
            let key: Arc<str> = random.below(plan.keys as u64).to_string().into();
            let value = || Text::from(format!("x {client} {number} y"));
            let input = match random.below(20) {
                0 => KvInput::Put { key, value: value() },
                1..10 => KvInput::Append { key, value: value() },
                _ => KvInput::Get { key },
            };
            let call = now + 1 + random.below(plan.pause);
            let effect = call + random.below(50);
            now = effect + random.below(50);
            let (call, ret) = (call as i64, now as i64);
            let operation = Operation { client, input, call, output: KvOutput::Nothing, ret };
            planned.push(Planned { operation, effect: effect as i64 });
        }
    }
    planned
}

/// Sets the outputs of the operations, in the order of their effects. A broken
/// service is wrong once: at the first operation in the second half for which
/// no other order makes it right.
fn take_effect(planned: &mut [Planned], service: Service) {
    let wrong = (planned.len() / 2..planned.len()).find(|&at| match service {
        Service::Correct => false,
        Service::StaleGet => last_write(planned, at).is_some(),
        Service::LostAppend => is_missed(planned, at),
    });
    assert_eq!(
        wrong.is_some(),
        service != Service::Correct,
        "the plan has no operation that can go wrong"
    );
    // The value of each key, and the value before the last write.
    let mut values: BTreeMap<Arc<str>, (String, String)> = BTreeMap::new();
    let mut pool = TextPool::new();
    for (at, Planned { operation, .. }) in planned.iter_mut().enumerate() {
        let (value, older) = values.entry(Arc::clone(operation.input.key())).or_default();
        match &operation.input {
            KvInput::Get { key } => {
                let read = if wrong == Some(at) { older } else { value };
                operation.output = KvOutput::Value(pool.share(key, read));
            }
            KvInput::Append { .. } if wrong == Some(at) => {}
            KvInput::Append { value: more, .. } => {
                older.clone_from(value);
                value.push_str(&more.to_string());
            }
            KvInput::Put { value: new, .. } => *older = std::mem::replace(value, new.to_string()),
        }
    }
}

/// For a get, returns the last write to its key, if it returned before the
/// get's call. A get that misses it is wrong, because no value is written
/// twice.
fn last_write(planned: &[Planned], get: usize) -> Option<&Planned> {
    let Planned { operation, .. } = &planned[get];
    let is_write = |one: &&Planned| !matches!(one.operation.input, KvInput::Get { .. });
    let same_key = |one: &&Planned| one.operation.input.key() == operation.input.key();
    let write = planned[..get].iter().filter(same_key).rfind(is_write)?;
    (!is_write(&&planned[get]) && write.operation.ret < operation.call).then_some(write)
}

/// For an append, returns whether a later get has to see it, because no put can
/// have taken effect between them.
fn is_missed(planned: &[Planned], append: usize) -> bool {
    let Operation { input, call, ret, .. } = &planned[append].operation;
    let same_key = |one: &&Planned| one.operation.input.key() == input.key();
    let get = planned[append..].iter().filter(same_key).find(|one| {
        matches!(one.operation.input, KvInput::Get { .. }) && one.operation.call > *ret
    });
    let hides = |one: &Planned, get: &Planned| {
        matches!(one.operation.input, KvInput::Put { .. })
            && one.operation.ret >= *call
            && one.operation.call <= get.operation.ret
    };
    matches!(input, KvInput::Append { .. })
        && get.is_some_and(|get| !planned.iter().filter(same_key).any(|one| hides(one, get)))
}
