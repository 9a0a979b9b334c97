//! Log compaction (section 7).
//!
//! Each server's service takes its own snapshots, and hands them down when it
//! likes. Raft keeps the latest one in place of the log entries that it covers.
//! A peer that needs one of those entries gets the snapshot instead.

use bytes::Bytes;

use crate::calls::Call;
use crate::messages::{InstallSnapshotArgs, InstallSnapshotReply};
use crate::progress::Outcome;
use crate::state::State;

impl State {
    /// The service has saved its state up to `index` in a snapshot of its own.
    pub(crate) fn take_snapshot(&mut self, index: u64, bytes: Bytes) {
        // A snapshot of the leader may have overtaken the service.
        if index <= self.log().base().index {
            return;
        }
        assert!(index <= self.last_applied, "{self} was given a snapshot of {index}");
        let position = self.log().position(index);
        log::debug!(target: "SNAP", "S{} snapshots up to {index}", self.me);
        self.durable.compact(position, bytes);
    }

    /// The leader's InstallSnapshot.
    pub(crate) fn snapshot_args(&self) -> InstallSnapshotArgs {
        InstallSnapshotArgs {
            term: self.term(),
            leader: self.me as u64,
            last_included: self.log().base(),
            data: self.durable.snapshot(),
        }
    }

    /// InstallSnapshot, the receiver's side. The applier finds the base of the
    /// log beyond what it has applied, and passes the snapshot to the service.
    pub(crate) fn handle_install_snapshot(
        &mut self,
        args: InstallSnapshotArgs,
    ) -> InstallSnapshotReply {
        if args.term < self.term() {
            return InstallSnapshotReply { term: self.term() };
        }
        self.follow(args.term);
        // What is committed here is in the log or in a later snapshot: a late message
        // must not turn the service back.
        if args.last_included.index > self.commit_index() {
            log::debug!(target: "SNAP", "S{} installs {:?}", self.me, args.last_included);
            self.durable.compact(args.last_included, args.data);
            self.commit_to(args.last_included.index);
        }
        InstallSnapshotReply { term: self.term() }
    }

    /// The end of an InstallSnapshot call of this server.
    pub(crate) fn handle_snapshot_reply(
        &mut self,
        call: &Call,
        reply: Option<InstallSnapshotReply>,
    ) {
        let outcome = match reply {
            // A killed server answers with term 0.
            Some(reply) if reply.term >= call.term => {
                self.observe_term(reply.term);
                Outcome::Accepted
            }
            Some(_) | None => Outcome::Lost,
        };
        self.finish_call(call, outcome);
    }
}
