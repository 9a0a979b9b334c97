//! Log compaction (section 7).
//!
//! Each server's service takes its own snapshots, and hands them down when it
//! likes. Raft keeps the latest one in place of the log entries that it covers.
//! A peer that needs one of those entries gets the snapshot instead.

use bytes::Bytes;
use labrt::trace;

use crate::calls::Call;
use crate::events;
use crate::log::Position;
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
        log::debug!(target: "SNAP", "S{} snapshots up to #{index}", self.tag());
        trace::event(events::Snapshot { index, term: position.term, bytes: bytes.len() });
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
            let Position { index, term } = args.last_included;
            log::debug!(
                target: "SNAP", "S{} installs a snapshot up to #{index} of T{term}", self.tag()
            );
            trace::event(events::Install { index, term, bytes: args.data.len() });
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

    /// A follower that has just been sent a snapshot.
    fn with_snapshot() -> State {
        let mut state = State::new(1, 3, Durable::restore(&Persister::new()), Instant::now());
        let data = Bytes::from_static(b"state");
        let args = InstallSnapshotArgs { term: 1, leader: 0, last_included: BASE, data };
        state.handle_install_snapshot(args);
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
    fn a_snapshot_is_told_before_the_commands_behind_it() {
        let mut state = with_snapshot();
        let entry = Entry { term: 1, command: Bytes::from_static(b"x") };
        let entries = vec![entry.clone(), entry];
        let (prev_log, leader_commit) = (BASE, 7);
        let args = AppendEntriesArgs { term: 1, leader: 0, prev_log, entries, leader_commit };
        assert!(state.handle_append_entries(args).success);
        let told = |news: Vec<ApplyMsg>| -> Vec<(bool, u64)> {
            let tell = |message: &ApplyMsg| match message {
                ApplyMsg::Snapshot { index, .. } => (true, *index),
                ApplyMsg::Command { index, .. } => (false, *index),
                ApplyMsg::Leadership { .. } => panic!("it never led"),
            };
            news.iter().map(tell).collect()
        };
        assert_eq!(told(state.take_news()), [(true, 5)]);
        assert_eq!(told(state.take_news()), [(false, 6), (false, 7)]);
        assert!(!state.has_news());
    }
}
