//! Methods: the handlers of a service on one server.

#![expect(clippy::disallowed_types, reason = "no thread waits while the name is created")]

use std::sync::{Arc, OnceLock};

use labrt::thread::ThreadName;

use crate::error::CallError;
use crate::name::Name;
use crate::payload::Payload;

/// A handler that decodes its argument and encodes its reply.
pub(crate) type Handler = Arc<dyn Fn(Payload) -> Result<Payload, CallError> + Send + Sync>;

/// A method of a service on a server.
pub(crate) struct Method {
    handler: Handler,
    /// The name of the threads that run the handler.
    thread: OnceLock<ThreadName>,
}

impl Method {
    /// Creates a method that no call has reached.
    pub(crate) fn new(handler: Handler) -> Self {
        Method { handler, thread: OnceLock::new() }
    }

    /// Returns the handler.
    pub(crate) fn handler(&self) -> &Handler {
        &self.handler
    }

    /// Returns the name of the threads that run the handler: the server and the
    /// full name of the method. The first call creates it.
    pub(crate) fn thread(&self, server: &Name, method: &str) -> ThreadName {
        self.thread.get_or_init(|| format!("{server}/{method}").into()).clone()
    }
}
