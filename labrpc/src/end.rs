//! Client ends: where calls start.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CallError;
use crate::payload::Payload;
use crate::server::split_method;

/// Carries a call to a server and its reply back: the simulated network, or a
/// socket of the package `labrpc-socket`.
pub trait Transport: Send + Sync {
    /// Carries one call. Returns `None` if no reply arrives, for any reason.
    ///
    /// # Errors
    ///
    /// If the call is a mistake in the program.
    fn call(&self, method: &str, argument: Payload) -> Result<Option<Payload>, CallError>;
}

/// One client's end of a connection to one server.
///
/// [`Network::make_end`](crate::Network::make_end) and `labrpc_socket::dial`
/// create ends. A clone is the same end. Many calls may be in progress on it at
/// the same time.
#[derive(Clone)]
pub struct ClientEnd {
    transport: Arc<dyn Transport>,
}

impl ClientEnd {
    /// Creates an end over a transport.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self { transport: Arc::new(transport) }
    }

    /// Calls a method, such as `"Raft.RequestVote"`, and waits for the reply.
    ///
    /// Returns `None` if no reply arrives: the request was lost, the handler
    /// ran and the reply was lost, or the server died. The caller cannot know
    /// which, and has to retry or give up. `None` comes within 100 ms, or 7 s
    /// with long delays, unless a handler is still running on a live server:
    /// then the call waits without limit.
    ///
    /// After the network's [`cleanup`](crate::Network::cleanup) a call does
    /// not return: it silently ends its thread.
    ///
    /// # Panics
    ///
    /// If the call is a mistake: a name without a dot, a service or method that
    /// the server does not have, an argument or reply of another type than the
    /// handler's.
    #[track_caller]
    pub fn call<A, R>(&self, method: &str, args: &A) -> Option<R>
    where
        A: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        match self.try_call(method, args) {
            Ok(reply) => reply,
            Err(error) => panic!("call of {method}: {error}"),
        }
    }

    fn try_call<A, R>(&self, method: &str, args: &A) -> Result<Option<R>, CallError>
    where
        A: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        // Report a bad name even if the network would lose the request.
        split_method(method)?;
        let reply = self.transport.call(method, Payload::encode(args))?;
        reply.map(|payload| payload.decode()).transpose()
    }
}

impl fmt::Debug for ClientEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientEnd").finish_non_exhaustive()
    }
}
