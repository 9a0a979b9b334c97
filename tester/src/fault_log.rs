//! The fault log: what the tester did to the servers, and when. The page of a
//! history shows it.

use labrpc::Name;
use labrt::time::{self, Duration};

/// One entry of the fault log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incident {
    /// The time on the run's clock.
    pub(crate) at: Duration,
    /// What the tester did.
    pub(crate) kind: IncidentKind,
}

/// The actions of the tester on servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IncidentKind {
    /// Starts a server.
    Start(Name),
    /// Crashes a server.
    Crash(Name),
    /// Connects a server to the other connected servers.
    Connect(Name),
    /// Disconnects a server from all others.
    Disconnect(Name),
    /// Partitions the servers into these groups.
    Partition(String),
}

impl Incident {
    /// An incident at the current time.
    pub(crate) fn now(kind: IncidentKind) -> Self {
        Incident { at: time::peek(), kind }
    }

    /// A partition into these groups, at the current time.
    pub(crate) fn partition(groups: &[&[usize]]) -> Self {
        let groups: Vec<String> = groups.iter().map(|group| format!("{group:?}")).collect();
        Self::now(IncidentKind::Partition(groups.join(" | ")))
    }
}
