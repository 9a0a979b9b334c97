//! The messages to the service (Figure 2: "if commitIndex > lastApplied:
//! increment lastApplied, apply log\[lastApplied\] to state machine").
//!
//! One thread, the applier, takes messages out of the state and sends them
//! without the lock, since the service may be slow and may call Raft meanwhile.
//! A command that the applier has taken counts as applied: nothing can overtake
//! it. A snapshot that arrives while it sends is simply the next message.

use crate::apply_msg::ApplyMsg;
use crate::state::State;

impl State {
    /// Returns whether there is anything to send to the service.
    pub(crate) fn has_messages(&self) -> bool {
        self.last_applied < self.commit_index() || !self.announcements.is_empty()
    }

    /// Moves the next messages for the service into `messages`.
    pub(crate) fn take_messages(&mut self, messages: &mut Vec<ApplyMsg>) {
        while self.announcements.front().is_some_and(|(after, _)| *after <= self.last_applied) {
            messages.extend(self.announcements.pop_front().map(|(_, message)| message));
        }
        let base = self.log().base();
        if self.last_applied < base.index {
            let bytes = self.durable.snapshot();
            messages.push(ApplyMsg::Snapshot { index: base.index, term: base.term, bytes });
            self.last_applied = base.index;
        } else {
            self.take_commands(messages);
        }
        assert!(self.last_applied <= self.commit_index(), "{self} applied beyond the commit index");
    }

    /// Takes the committed commands, up to the next change of leadership.
    fn take_commands(&mut self, messages: &mut Vec<ApplyMsg>) {
        let end = self.announcements.front().map_or(self.commit_index(), |&(after, _)| after);
        let first = self.last_applied + 1;
        let count = (end + 1).saturating_sub(first) as usize;
        let entries = self.log().entries_from(first).iter().take(count);
        messages.extend((first..).zip(entries).map(|(index, entry)| ApplyMsg::Command {
            index,
            term: entry.term,
            command: entry.command.clone(),
        }));
        self.last_applied += count as u64;
    }
}
