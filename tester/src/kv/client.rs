//! A clerk with its own connections, whose calls are counted and recorded.

use std::fmt;
use std::sync::Arc;

use labrt::thread;

use super::history::{History, RecordedCall};
use super::values::{Brief, first_difference};
use super::verdict;
use crate::clerk::ClerkEnds;
use crate::context::Context;

/// The trait of a lab's clerk. A test makes one call at a time on it.
pub trait Clerk: Send + Sync + 'static {
    /// Returns the value of a key; empty if there is none.
    fn get(&self, key: &str) -> String;

    /// Sets the value of a key.
    fn put(&self, key: &str, value: &str);

    /// Appends to a key's value. Returns the value before, in labs that have
    /// it.
    fn append(&self, key: &str, value: &str) -> Option<String>;
}

/// A clerk and its connections.
///
/// Its calls count as operations of the test. After
/// [`record_as`](Self::record_as) they are also recorded in the test's history.
pub struct Client<C> {
    clerk: C,
    ends: ClerkEnds,
    context: Context,
    history: Arc<History>,
    /// The client's number in the history, if its calls are recorded.
    number: Option<usize>,
}

impl<C: Clerk> Client<C> {
    /// A clerk over these ends.
    pub(super) fn new(clerk: C, ends: ClerkEnds, context: Context, history: Arc<History>) -> Self {
        Client { clerk, ends, context, history, number: None }
    }

    /// Starts to record this client's calls in the history of the test, as
    /// those of client `number`.
    pub fn record_as(&mut self, number: usize) {
        self.number = Some(number);
        verdict::check_at_end(&self.context, &self.history);
    }

    /// Logs and records the start of a call.
    fn begin(&self, what: fmt::Arguments<'_>) -> RecordedCall<'_> {
        log::debug!(target: "CLNT", "{} calls {what}", thread::label());
        RecordedCall::begin(self.number.map(|number| (&*self.history, number)))
    }

    /// Logs and counts a call that has returned with `reply`.
    fn done(&self, reply: &dyn fmt::Display) {
        log::debug!(target: "CLNT", "{} receives {reply}", thread::label());
        self.context.add_op();
    }

    /// The clerk itself, for calls that are neither counted nor recorded.
    pub fn clerk(&self) -> &C {
        &self.clerk
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> String {
        let call = self.begin(format_args!("get({key:?})"));
        let value = self.clerk.get(key);
        call.got(key, &value);
        self.done(&Brief(&value));
        value
    }

    /// Sets the value of a key.
    pub fn put(&self, key: &str, value: &str) {
        let call = self.begin(format_args!("put({key:?}, {})", Brief(value)));
        self.clerk.put(key, value);
        call.put(key, value);
        self.done(&"ok");
    }

    /// Appends to a key's value. Returns the value before, in labs that have
    /// it.
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

    /// Fails the test if the key does not have this value.
    #[track_caller]
    pub fn check(&self, key: &str, value: &str) {
        let found = self.get(key);
        if found != value {
            let difference = first_difference(value, &found);
            self.context.fatal(format!(
                "get({key:?}): expected:\n{value}\nreceived:\n{found}\n{difference}"
            ));
        }
    }

    /// Enables calls to these servers.
    pub fn connect(&self, servers: impl IntoIterator<Item = usize>) {
        self.ends.connect(servers);
    }

    /// Disables calls to these servers.
    pub fn disconnect(&self, servers: impl IntoIterator<Item = usize>) {
        self.ends.disconnect(servers);
    }

    /// Removes the clerk from the network.
    pub fn delete(self) {
        self.ends.delete();
    }
}
