//! The messages from Raft to the service above it.

use bytes::Bytes;

/// A command of the service: opaque bytes, cheap to clone.
pub type Command = Bytes;

/// One message to the service. Messages arrive in order: indexes only increase,
/// and a gap is always covered by a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyMsg {
    /// A committed command, to be executed now.
    Command {
        /// The command's index in the log, from 1.
        index: u64,
        /// The term in which a leader received the command.
        term: u64,
        /// What the service passed to [`start`](crate::Raft::start).
        command: Command,
    },
    /// A snapshot that replaces the whole state of the service.
    Snapshot {
        /// The last command that the snapshot covers.
        index: u64,
        /// That command's term.
        term: u64,
        /// What the service of some server passed to
        /// [`snapshot`](crate::Raft::snapshot).
        bytes: Bytes,
    },
    /// This server won or lost the leadership. This message follows every
    /// command that was known to be committed at that moment.
    Leadership {
        /// The term whose leadership began or ended.
        term: u64,
        /// True when it began.
        leader: bool,
    },
}
