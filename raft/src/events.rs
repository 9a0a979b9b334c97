//! Raft's trace events: the steps of elections and of log entries.

use labrt::trace::{Form, Traced};

labrt::trace_events! {
    /// A server enters a term, changes its role or votes; `vote` is null until it
    /// votes in the term.
    Role = "role" { term: u64, role: RoleName, vote: Option<usize> }

    /// A leader takes a command.
    Start = "start" { index: u64, term: u64 }

    /// A leader sends AppendEntries with the entries `first` to `last`, or with
    /// none if `last` is `prev`.
    Append = "append" { to: usize, prev: u64, first: u64, last: u64, commit: u64 }

    /// A server puts new entries of one term on stable storage.
    Save = "save" { first: u64, last: u64, term: u64 }

    /// The commit index rises; `term` is the entry's.
    Commit = "commit" { index: u64, term: u64 }

    /// The service hands Raft a snapshot.
    Snapshot = "snapshot" { index: u64, term: u64, bytes: usize }

    /// A leader sends InstallSnapshot to a peer.
    SendSnapshot = "send_snapshot" { to: usize, index: u64, term: u64, bytes: usize }

    /// A server puts the leader's snapshot on stable storage.
    Install = "install" { index: u64, term: u64, bytes: usize }
}

/// The name of a role in the trace.
#[derive(Clone, Copy)]
pub(crate) struct RoleName(pub(crate) &'static str);

/// The names of the roles, in the order of their numbers in the trace.
const ROLES: &[&str] = &["follower", "candidate", "leader"];

impl Traced for RoleName {
    const FORM: Form = Form::Word(ROLES);

    fn number(self) -> u64 {
        ROLES.iter().position(|&role| role == self.0).expect("every role is in ROLES") as u64
    }
}
