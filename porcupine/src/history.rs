//! What clients did, and when: operations and events.

use std::collections::BTreeMap;
use std::fmt;

/// One operation of a client, from its call to its return.
///
/// An operation that never returned takes part with a return after all others
/// and an output that its model accepts whatever happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<I, O> {
    /// Who called. Only the page shows it; the verdict does not depend on it.
    pub client: usize,
    /// What was asked.
    pub input: I,
    /// When it was called, in nanoseconds on any clock that all clients share.
    pub call: i64,
    /// What was answered.
    pub output: O,
    /// When it returned, on the same clock; never before `call`.
    pub ret: i64,
}

/// One end of an operation, in a history that has an order but no times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEvent<I, O> {
    /// Who called.
    pub client: usize,
    /// What pairs a call with its return; any numbers will do.
    pub id: usize,
    /// Which end it is, with what was asked or answered.
    pub kind: EventKind<I, O>,
}

/// The two ends of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind<I, O> {
    /// The operation began.
    Call(I),
    /// The operation ended.
    Return(O),
}

/// Why events do not make a history. Each names the position of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventError {
    /// A call with an id that another call has.
    CalledTwice(usize),
    /// A return of an operation that is not open: before its call, or again.
    NotOpen(usize),
    /// A call without a return.
    NeverReturned(usize),
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventError::CalledTwice(at) => write!(f, "event {at} calls an operation again"),
            EventError::NotOpen(at) => {
                write!(f, "event {at} returns from an operation that is not open")
            }
            EventError::NeverReturned(at) => write!(
                f,
                "event {at} calls an operation that never returns: \
                 give it a return of unknown outcome at the end"
            ),
        }
    }
}

impl std::error::Error for EventError {}

/// An operation whose return has not been seen, or has.
struct Pair<I, O> {
    client: usize,
    input: I,
    call: usize,
    answer: Option<(O, usize)>,
}

/// Pairs calls with returns. The operations come in the order of their calls,
/// and their times are the positions of their events.
///
/// # Errors
///
/// An operation is called twice, returns without a call, or never returns.
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
                pairs.push(Pair { client, input, call: at, answer: None });
            }
            EventKind::Return(output) => {
                let open = by_id.get(&id).map(|&index| &mut pairs[index]);
                match open {
                    Some(pair) if pair.answer.is_none() => pair.answer = Some((output, at)),
                    _ => return Err(EventError::NotOpen(at)),
                }
            }
        }
    }
    pairs
        .into_iter()
        .map(|Pair { client, input, call, answer }| {
            let (output, ret) = answer.ok_or(EventError::NeverReturned(call))?;
            Ok(Operation { client, input, call: call as i64, output, ret: ret as i64 })
        })
        .collect()
}
