//! What the tester did to the servers, and when: for the page of a history.

use labrt::time::{self, Duration};

/// One thing that the tester did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incident {
    /// When, on the run's clock.
    pub(crate) at: Duration,
    /// What: `start`, `crash`, `connect`, `disconnect`, `partition`.
    pub(crate) kind: &'static str,
    /// To which server, if to one.
    pub(crate) server: Option<usize>,
    /// More about it: the groups of a partition.
    pub(crate) details: String,
}

impl Incident {
    /// Something that happens to one server now.
    pub(crate) fn of_server(kind: &'static str, server: usize) -> Self {
        Incident { at: time::peek(), kind, server: Some(server), details: String::new() }
    }

    /// Servers are parted into these groups now.
    pub(crate) fn partition(groups: &[&[usize]]) -> Self {
        let details = format!("{groups:?}");
        Incident { at: time::peek(), kind: "partition", server: None, details }
    }
}
