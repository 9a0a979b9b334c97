//! Log compaction (section 7; Figure 13, InstallSnapshot RPC).
//!
//! Each server's service takes snapshots of its own state, at any time, and
//! hands them to Raft. Raft keeps the latest one in place of the log entries
//! that it covers. A peer that needs one of those entries gets the snapshot
//! instead.

use bytes::Bytes;
use labrt::trace;

use crate::calls::Request;
use crate::events;
use crate::log::Position;
use crate::messages::{InstallSnapshotArgs, InstallSnapshotReply};
use crate::progress::Call;
use crate::state::State;

impl State {
    /// Replaces the log up to `index` by a snapshot of this server's service.
    pub(crate) fn take_snapshot(&mut self, index: u64, bytes: Bytes) {
        // A snapshot from the leader may cover more by now.
        if index <= self.log().base().index {
            return;
        }
        assert!(index <= self.last_applied, "{self} got a snapshot of #{index} too early");
        let position = self.log().position(index);
        log::debug!(target: "SNAP", "S{} snapshots up to #{index}", self.my_id());
        trace::event(events::Snapshot { index, term: position.term, bytes: bytes.len() });
        self.durable.compact(position, bytes);
    }

    /// Sends this server's snapshot to a peer.
    pub(crate) fn send_snapshot(&mut self, peer: usize) {
        let (term, leader, base) = (self.term(), self.me as u64, self.log().base());
        let data = self.durable.snapshot();
        let args = InstallSnapshotArgs { term, leader, last_included: base, data };
        let call = self.begin_call(peer, base.index, base.index);
        self.outbox.push((peer, Request::Snapshot(args, call)));
    }

    /// Handles an InstallSnapshot request. The applier then finds that the base
    /// of the log is beyond what it has applied, and sends the snapshot to the
    /// service.
    pub(crate) fn handle_snapshot(&mut self, args: InstallSnapshotArgs) -> InstallSnapshotReply {
        if args.term < self.term() {
            return InstallSnapshotReply { term: self.term() };
        }
        self.follow(args.term);
        // Committed entries are in the log or in a later snapshot: a late message must
        // not reset the service to an earlier state.
        if args.last_included.index > self.commit_index() {
            let Position { index, term } = args.last_included;
            let me = self.my_id();
            log::debug!(target: "SNAP", "S{me} installs a snapshot up to #{index} of T{term}");
            trace::event(events::Install { index, term, bytes: args.data.len() });
            self.durable.compact(args.last_included, args.data);
            self.commit_to(args.last_included.index);
        }
        InstallSnapshotReply { term: self.term() }
    }

    /// Handles the end of an InstallSnapshot call, with or without a reply.
    pub(crate) fn end_snapshot(&mut self, call: &Call, reply: Option<InstallSnapshotReply>) {
        if let Some(reply) = reply {
            self.observe_term(reply.term);
            // A killed server replies with term 0.
            if reply.term >= call.term {
                self.accepted(call);
            }
        }
        self.end_call(call);
    }
}

#[cfg(test)]
mod tests {
    use labrt::storage::Persister;
    use labrt::time::Instant;

    use super::*;
    use crate::apply_msg::ApplyMsg;
    use crate::log::Entry;
    use crate::messages::AppendEntriesArgs;
    use crate::persist::Durable;

    const BASE: Position = Position { index: 5, term: 1 };

    /// A follower that has just received a snapshot.
    fn with_snapshot() -> State {
        let mut state = State::new(1, 3, Durable::restore(&Persister::new()), Instant::now());
        let data = Bytes::from_static(b"state");
        let args = InstallSnapshotArgs { term: 1, leader: 0, last_included: BASE, data };
        state.handle_snapshot(args);
        state
    }

    #[test]
    fn an_installed_snapshot_survives_a_crash() {
        let persister = Persister::new();
        with_snapshot().durable.save(&persister);
        let restarted = State::new(1, 3, Durable::restore(&persister), Instant::now());
        assert_eq!(restarted.log().base(), BASE);
        assert_eq!(restarted.durable.snapshot(), &b"state"[..]);
        assert_eq!((restarted.commit_index(), restarted.last_applied), (5, 5));
    }

    #[test]
    fn a_snapshot_is_applied_before_the_commands_after_it() {
        let mut state = with_snapshot();
        let entry = Entry { term: 1, command: Bytes::from_static(b"x") };
        let entries = vec![entry.clone(), entry];
        let (prev_log, leader_commit) = (BASE, 7);
        let args = AppendEntriesArgs { term: 1, leader: 0, prev_log, entries, leader_commit };
        assert!(state.handle_append_entries(args).success);
        let is_snapshot_and_index = |message: &ApplyMsg| match message {
            ApplyMsg::Snapshot { index, .. } => (true, *index),
            ApplyMsg::Command { index, .. } => (false, *index),
            ApplyMsg::Leadership { .. } => panic!("this server never led"),
        };
        let mut applied = || -> Vec<(bool, u64)> {
            let mut messages = Vec::new();
            state.take_messages(&mut messages);
            messages.iter().map(is_snapshot_and_index).collect()
        };
        assert_eq!(applied(), [(true, 5)]);
        assert_eq!(applied(), [(false, 6), (false, 7)]);
        assert!(!state.has_messages());
    }
}
