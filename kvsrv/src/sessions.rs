//! The server's memory of its clerks.

use std::sync::Arc;

use labrt::collections::HashMap;

use crate::messages::Value;

/// What the server remembers of one clerk.
struct Session {
    /// The number of the last request.
    sequence: u64,
    /// Its answer, if there was something to tell. An empty answer needs no memory.
    reply: Option<Value>,
}

/// The last request of every clerk, and its answer.
#[derive(Default)]
pub(crate) struct Sessions {
    by_clerk: HashMap<u64, Session>,
}

impl Sessions {
    /// Has a request executed unless that has been done before; its answer in any
    /// case.
    pub(crate) fn once(
        &mut self,
        clerk: u64,
        sequence: u64,
        execute: impl FnOnce() -> Option<Value>,
    ) -> Option<Value> {
        assert!(sequence > 0, "requests are numbered from 1");
        let session = self.by_clerk.entry(clerk).or_insert(Session { sequence: 0, reply: None });
        if sequence > session.sequence {
            // The clerk has the answer to the request before: it is forgotten first.
            session.reply = None;
            *session = Session { sequence, reply: execute() };
        }
        // A request older than the last has long been answered; nobody waits.
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
    fn an_answer_goes_with_the_next_request() {
        let mut sessions = Sessions::default();
        let answer = sessions.once(1, 1, || value("long"));
        let seen = Arc::downgrade(&answer.expect("an answer"));
        assert_eq!(seen.strong_count(), 1, "kept for the case that the clerk asks again");
        sessions.once(1, 2, || {
            assert_eq!(seen.strong_count(), 0, "freed before the next one is made");
            None
        });
    }
}
