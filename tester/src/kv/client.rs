//! Clerks as a test uses them: counted, recorded, with connections of their own.

use std::fmt;
use std::sync::Arc;

use labrt::thread;

use super::history::{History, RecordedCall};
use super::values::{Brief, parting};
use super::verdict;
use crate::clerk::ClerkEnds;
use crate::context::Context;

/// A clerk of some lab, as the tests see it. One call at a time is made on it.
pub trait Clerk: Send + Sync + 'static {
    /// The value of a key; empty if there is none.
    fn get(&self, key: &str) -> String;

    /// Gives a key a value.
    fn put(&self, key: &str, value: &str);

    /// Adds to the end of a key's value; gives back the value before, where the
    /// lab has it so.
    fn append(&self, key: &str, value: &str) -> Option<String>;
}

/// A clerk and its connections.
///
/// Its calls count as operations of the test. One that was given a number by
/// [`record_as`](Self::record_as) also writes them into the test's history.
pub struct Client<C> {
    clerk: C,
    ends: ClerkEnds,
    context: Context,
    history: Arc<History>,
    /// Its number in the history, if it is recorded.
    number: Option<usize>,
}

impl<C: Clerk> Client<C> {
    /// A clerk over these ends.
    pub(super) fn new(clerk: C, ends: ClerkEnds, context: Context, history: Arc<History>) -> Self {
        Client { clerk, ends, context, history, number: None }
    }

    /// From now on this client's calls stand in the history of the test, as those
    /// of client `number`.
    pub fn record_as(&mut self, number: usize) {
        self.number = Some(number);
        verdict::check_at_end(&self.context, &self.history);
    }

    /// A call of this client begins.
    fn begin(&self, what: fmt::Arguments<'_>) -> RecordedCall<'_> {
        log::debug!(target: "CLNT", "{} calls {what}", thread::label());
        RecordedCall::begin(self.number.map(|number| (&*self.history, number)))
    }

    /// A call has returned with this.
    fn done(&self, answer: &dyn fmt::Display) {
        log::debug!(target: "CLNT", "{} hears {answer}", thread::label());
        self.context.add_op();
    }

    /// The clerk itself, for calls that neither count nor leave a record.
    pub fn clerk(&self) -> &C {
        &self.clerk
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> String {
        let call = self.begin(format_args!("get({key:?})"));
        let value = self.clerk.get(key);
        call.got(key, &value);
        self.done(&Brief(&value));
        value
    }

    /// Gives a key a value.
    pub fn put(&self, key: &str, value: &str) {
        let call = self.begin(format_args!("put({key:?}, {})", Brief(value)));
        self.clerk.put(key, value);
        call.put(key, value);
        self.done(&"ok");
    }

    /// Adds to the end of a key's value; the value before, where the lab tells it.
    pub fn append(&self, key: &str, value: &str) -> Option<String> {
        let call = self.begin(format_args!("append({key:?}, {})", Brief(value)));
        let before = self.clerk.append(key, value);
        call.appended(key, value, before.as_deref());
        match &before {
            None => self.done(&"ok"),
            Some(before) => self.done(&Brief(before)),
        }
        before
    }

    /// Fails the test if a key has another value than this.
    #[track_caller]
    pub fn check(&self, key: &str, value: &str) {
        let found = self.get(key);
        if found != value {
            let parting = parting(value, &found);
            self.context
                .fatal(format!("get({key:?}): expected:\n{value}\nreceived:\n{found}\n{parting}"));
        }
    }

    /// Lets calls to these servers through.
    pub fn connect(&self, servers: impl IntoIterator<Item = usize>) {
        self.ends.connect(servers);
    }

    /// Lets calls to these servers through no longer.
    pub fn disconnect(&self, servers: impl IntoIterator<Item = usize>) {
        self.ends.disconnect(servers);
    }

    /// Takes the clerk off the network.
    pub fn delete(self) {
        self.ends.delete();
    }
}
