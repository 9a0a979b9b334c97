//! What Raft adds to the trace: the steps of elections and of log entries.

use labrt::trace::{Form, Traced};

labrt::trace_events! {
    /// A server enters a term, changes its role or votes; `vote` is null until it
    /// votes in the term.
    Role = "role" { term: u64, role: RoleName, vote: Option<usize> }

    /// A leader takes a command.
    Start = "start" { index: u64, term: u64 }

    /// AppendEntries leaves, with the entries `first` to `last`, or none if `last` is
    /// `prev`.
    Append = "append" { to: usize, prev: u64, first: u64, last: u64, commit: u64 }

    /// A server puts entries of one term on stable storage.
    Save = "save" { first: u64, last: u64, term: u64 }

    /// The commit index rises; `term` is that of the entry.
    Commit = "commit" { index: u64, term: u64 }

    /// The service hands a snapshot down.
    Snapshot = "snapshot" { index: u64, term: u64, bytes: usize }

    /// InstallSnapshot leaves.
    SendSnapshot = "send_snapshot" { to: usize, index: u64, term: u64, bytes: usize }

    /// A server puts a snapshot of the leader on stable storage.
    Install = "install" { index: u64, term: u64, bytes: usize }
}

/// A role in the trace.
#[derive(Clone, Copy)]
pub(crate) enum RoleName {
    Follower,
    Candidate,
    Leader,
}

impl Traced for RoleName {
    const FORM: Form = Form::Word(&["follower", "candidate", "leader"]);

    fn number(self) -> u64 {
        self as u64
    }
}
