//! What the recorded clients of a test did, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrt::time::{self, Duration};
use porcupine::kv::{KvInput, KvOutput};
use porcupine::{Operation, Text, TextPool};

use crate::shared::Shared;

/// The recorded calls of a test, in the order of their returns.
#[derive(Default)]
pub(super) struct History(Shared<Record>);

/// What is recorded. Values share what they have in common: most of those read are
/// a value read before and something more.
#[derive(Default)]
struct Record {
    operations: Vec<Operation<KvInput, KvOutput>>,
    keys: BTreeMap<String, Arc<str>>,
    values: TextPool,
    /// Whether [`History::announce`] was called.
    announced: bool,
}

impl Record {
    /// A key, in one piece of memory for all its operations.
    fn key(&mut self, key: &str) -> Arc<str> {
        if let Some(known) = self.keys.get(key) {
            return Arc::clone(known);
        }
        let new: Arc<str> = key.into();
        self.keys.insert(key.to_owned(), Arc::clone(&new));
        new
    }

    /// What was read of a key, if something was.
    fn output(&mut self, key: &str, read: Option<&str>) -> KvOutput {
        read.map_or(KvOutput::Nothing, |value| KvOutput::Value(self.values.share(key, value)))
    }
}

/// One call of a client, as it is being made.
pub(super) struct RecordedCall<'a> {
    /// The history, if it is to stand there, and the client's number in it.
    place: Option<(&'a History, usize)>,
    /// The time of the call on the run's clock.
    begin: Duration,
}

impl<'a> RecordedCall<'a> {
    /// A call is made now.
    pub(super) fn begin(place: Option<(&'a History, usize)>) -> Self {
        RecordedCall { place, begin: time::peek() }
    }

    /// It was a get, and returns now.
    pub(super) fn got(self, key: &str, value: &str) {
        self.end(key, Some(value), |key| KvInput::Get { key });
    }

    /// It was a put, and returns now.
    pub(super) fn put(self, key: &str, value: &str) {
        self.end(key, None, |key| KvInput::Put { key, value: Text::from(value) });
    }

    /// It was an append, and returns now, perhaps with the value before.
    pub(super) fn appended(self, key: &str, value: &str, before: Option<&str>) {
        self.end(key, before, |key| KvInput::Append { key, value: Text::from(value) });
    }

    fn end(self, key: &str, read: Option<&str>, input: impl FnOnce(Arc<str>) -> KvInput) {
        let Some((history, client)) = self.place else { return };
        let (call, ret) = (nanos(self.begin), nanos(time::peek()));
        history.0.with(|record| {
            let (input, output) = (input(record.key(key)), record.output(key, read));
            record.operations.push(Operation { client, input, call, output, ret });
        });
    }
}

/// Moments as the checker wants them.
pub(super) fn nanos(moment: Duration) -> i64 {
    i64::try_from(moment.as_nanos()).expect("a run is shorter than 292 years")
}

impl History {
    /// Announces records. Returns whether this is the first time.
    pub(super) fn announce(&self) -> bool {
        !self.0.with(|record| std::mem::replace(&mut record.announced, true))
    }

    /// Looks at what was recorded, after the run: this takes long.
    pub(super) fn with_operations<R>(
        &self,
        look: impl FnOnce(&[Operation<KvInput, KvOutput>]) -> R,
    ) -> R {
        self.0.with(|record| look(&record.operations))
    }
}
