//! The history of a test: the calls of its recorded clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrt::time::{self, Duration};
use porcupine::kv::{KvInput, KvOutput};
use porcupine::{Operation, Text, TextPool};

use crate::shared::Shared;

/// The recorded calls of a test, in the order of their returns.
#[derive(Default)]
pub(super) struct History(Shared<Record>);

/// The recorded calls. Values share memory, because most values that clients
/// read extend one that was read before.
#[derive(Default)]
struct Record {
    operations: Vec<Operation<KvInput, KvOutput>>,
    keys: BTreeMap<String, Arc<str>>,
    values: TextPool,
    /// Whether [`History::mark_checked`] was called.
    is_checked: bool,
}

impl Record {
    /// Interns a key: all its operations share one string.
    fn key(&mut self, key: &str) -> Arc<str> {
        if let Some(known) = self.keys.get(key) {
            return Arc::clone(known);
        }
        let new: Arc<str> = key.into();
        self.keys.insert(key.to_owned(), Arc::clone(&new));
        new
    }

    /// The output of an operation, with the value if it returned one.
    fn output(&mut self, key: &str, read: Option<&str>) -> KvOutput {
        read.map_or(KvOutput::Nothing, |value| KvOutput::Value(self.values.share(key, value)))
    }
}

/// A call of a client in progress.
pub(super) struct RecordedCall<'a> {
    /// The history and the client's number in it, if the call is recorded.
    target: Option<(&'a History, usize)>,
    /// The start of the call on the run's clock.
    begin: Duration,
}

impl<'a> RecordedCall<'a> {
    /// Begins a call now.
    pub(super) fn begin(target: Option<(&'a History, usize)>) -> Self {
        RecordedCall { target, begin: time::peek() }
    }

    /// Records a get that returns now.
    pub(super) fn got(self, key: &str, value: &str) {
        self.end(key, Some(value), |key| KvInput::Get { key });
    }

    /// Records a put that returns now.
    pub(super) fn put(self, key: &str, value: &str) {
        self.end(key, None, |key| KvInput::Put { key, value: Text::from(value) });
    }

    /// Records an append that returns now, with the value before if the lab has
    /// it.
    pub(super) fn appended(self, key: &str, value: &str, before: Option<&str>) {
        self.end(key, before, |key| KvInput::Append { key, value: Text::from(value) });
    }

    fn end(self, key: &str, read: Option<&str>, input: impl FnOnce(Arc<str>) -> KvInput) {
        let Some((history, client)) = self.target else { return };
        let (call, ret) = (nanos(self.begin), nanos(time::peek()));
        history.0.with(|record| {
            let (input, output) = (input(record.key(key)), record.output(key, read));
            record.operations.push(Operation { client, input, call, output, ret });
        });
    }
}

/// Converts a time to the nanoseconds that the checker uses.
pub(super) fn nanos(moment: Duration) -> i64 {
    i64::try_from(moment.as_nanos()).expect("a run is shorter than 292 years")
}

impl History {
    /// Marks the history as checked after the run. Returns whether this is the
    /// first call.
    pub(super) fn mark_checked(&self) -> bool {
        !self.0.with(|record| std::mem::replace(&mut record.is_checked, true))
    }

    /// Calls `read` with the recorded calls. Only after the run: `read` may
    /// take long and holds the lock.
    pub(super) fn with_operations<R>(
        &self,
        read: impl FnOnce(&[Operation<KvInput, KvOutput>]) -> R,
    ) -> R {
        self.0.with(|record| read(&record.operations))
    }
}
