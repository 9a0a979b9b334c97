//! What the tester did to the servers, and when: for the page of a history.

use labrpc::Name;
use labrt::time::{self, Duration};

/// One thing that the tester did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incident {
    /// When, on the run's clock.
    pub(crate) at: Duration,
    /// What it was.
    pub(crate) kind: IncidentKind,
}

/// What the tester does to servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IncidentKind {
    /// A server is started.
    Start(Name),
    /// A server crashes.
    Crash(Name),
    /// A server is connected to the other connected ones.
    Connect(Name),
    /// A server is cut off from all others.
    Disconnect(Name),
    /// The servers are parted into these groups.
    Partition(String),
}

impl Incident {
    /// It happens now.
    pub(crate) fn now(kind: IncidentKind) -> Self {
        Incident { at: time::peek(), kind }
    }

    /// Servers are parted into these groups now.
    pub(crate) fn partition(groups: &[&[usize]]) -> Self {
        let groups: Vec<String> = groups.iter().map(|group| format!("{group:?}")).collect();
        Self::now(IncidentKind::Partition(groups.join(" | ")))
    }
}
