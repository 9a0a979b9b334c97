//! The server's state about its clerks.

use std::sync::Arc;

use labrt::collections::HashMap;

use crate::messages::Value;

/// The session of one clerk.
struct Session {
    /// The number of the last request.
    sequence: u64,
    /// Its reply, if it has a value.
    reply: Option<Value>,
}

/// The last request of every clerk, and its reply.
#[derive(Default)]
pub(crate) struct Sessions {
    by_clerk: HashMap<u64, Session>,
}

impl Sessions {
    /// Executes a request if it is new, and returns its reply. For a retry
    /// returns the reply of the first execution.
    pub(crate) fn once(
        &mut self,
        clerk: u64,
        sequence: u64,
        execute: impl FnOnce() -> Option<Value>,
    ) -> Option<Value> {
        assert!(sequence > 0, "requests are numbered from 1");
        let session = self.by_clerk.entry(clerk).or_insert(Session { sequence: 0, reply: None });
        if sequence > session.sequence {
            // The clerk has received the reply to its previous request. Free that reply
            // first: both may be large.
            session.reply = None;
            *session = Session { sequence, reply: execute() };
        }
        // A request older than the last is a late duplicate; no clerk waits for a reply.
        session.reply.as_ref().filter(|_| sequence == session.sequence).map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<Value> {
        Some(Value::new(text.to_owned()))
    }

    #[test]
    fn a_request_is_executed_once() {
        let mut sessions = Sessions::default();
        let mut runs = 0;
        let mut send = |clerk, sequence| {
            sessions.once(clerk, sequence, || {
                runs += 1;
                value(&runs.to_string())
            })
        };
        assert_eq!([send(1, 1), send(1, 1), send(2, 1)], [value("1"), value("1"), value("2")]);
        assert_eq!([send(1, 2), send(1, 1), send(1, 2)], [value("3"), None, value("3")]);
    }

    #[test]
    fn next_request_frees_the_reply() {
        let mut sessions = Sessions::default();
        let reply = sessions.once(1, 1, || value("long"));
        let seen = Arc::downgrade(&reply.expect("the request has a reply"));
        assert_eq!(seen.strong_count(), 1, "the reply is kept for a retry");
        sessions.once(1, 2, || {
            assert_eq!(seen.strong_count(), 0, "the reply is freed before the next request runs");
            None
        });
    }
}
