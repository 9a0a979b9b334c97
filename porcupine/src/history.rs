//! Histories: operations of clients, and events.

use std::collections::BTreeMap;
use std::fmt;

/// One operation of a client, from its call to its return.
///
/// An operation that never returned gets a return after all others, and an
/// output that its model accepts in every state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<I, O> {
    /// The client. Only the page shows it; the verdict does not depend on it.
    pub client: usize,
    /// The input.
    pub input: I,
    /// The time of the call, in nanoseconds on a clock that all clients share.
    pub call: i64,
    /// The output.
    pub output: O,
    /// The time of the return on the same clock, never before `call`.
    pub ret: i64,
}

/// A call or a return, in a history that has an order but no times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEvent<I, O> {
    /// The client.
    pub client: usize,
    /// Any number that a call and its return share, and no others.
    pub id: usize,
    /// A call with its input, or a return with its output.
    pub kind: EventKind<I, O>,
}

/// The two kinds of event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind<I, O> {
    /// The operation starts.
    Call(I),
    /// The operation ends.
    Return(O),
}

/// The reason why events are not a history. Each names the position of an
/// event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventError {
    /// A call with the id of an earlier call.
    CalledTwice(usize),
    /// A return from an operation that is not in progress: it has not been
    /// called, or has already returned.
    NotOpen(usize),
    /// A call without a return.
    NeverReturned(usize),
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventError::CalledTwice(at) => {
                write!(f, "event {at}: the id belongs to an earlier call")
            }
            EventError::NotOpen(at) => {
                write!(f, "event {at} returns from an operation that is not in progress")
            }
            EventError::NeverReturned(at) => write!(
                f,
                "event {at} calls an operation that never returns: \
                 add a return with an unknown outcome at the end"
            ),
        }
    }
}

impl std::error::Error for EventError {}

/// A call, and its return once it is known.
struct Pair<I, O> {
    client: usize,
    input: I,
    call: usize,
    ret: Option<(O, usize)>,
}

/// Pairs calls with returns. Returns the operations in the order of their
/// calls; their times are the positions of their events.
///
/// # Errors
///
/// If an operation is called twice, returns without a call, or never returns.
pub fn operations_of<I, O>(
    events: impl IntoIterator<Item = HistoryEvent<I, O>>,
) -> Result<Vec<Operation<I, O>>, EventError> {
    let mut pairs: Vec<Pair<I, O>> = Vec::new();
    let mut by_id = BTreeMap::new();
    for (at, HistoryEvent { client, id, kind }) in events.into_iter().enumerate() {
        match kind {
            EventKind::Call(input) => {
                if by_id.insert(id, pairs.len()).is_some() {
                    return Err(EventError::CalledTwice(at));
                }
                pairs.push(Pair { client, input, call: at, ret: None });
            }
            EventKind::Return(output) => {
                let open = by_id.get(&id).map(|&index| &mut pairs[index]);
                match open {
                    Some(pair) if pair.ret.is_none() => pair.ret = Some((output, at)),
                    _ => return Err(EventError::NotOpen(at)),
                }
            }
        }
    }
    pairs
        .into_iter()
        .map(|Pair { client, input, call, ret }| {
            let (output, ret) = ret.ok_or(EventError::NeverReturned(call))?;
            Ok(Operation { client, input, call: call as i64, output, ret: ret as i64 })
        })
        .collect()
}
