//! Telling the service (Figure 2: "if commitIndex > lastApplied: increment
//! lastApplied, apply log\[lastApplied\] to state machine").
//!
//! One thread, the applier, takes what there is to tell out of the state and
//! sends it with no lock held, for the service may take its time, and may call
//! Raft in the meantime. What it has taken counts as applied: nothing else will
//! be sent first. A snapshot that arrives while it sends is simply the next
//! thing that it takes.

use labrt::channel::{Receiver, Sender, TrySendError};

use crate::apply_msg::ApplyMsg;
use crate::raft::Raft;
use crate::state::{Announcement, State};

impl State {
    /// Is there anything to tell the service?
    pub(crate) fn has_news(&self) -> bool {
        self.last_applied < self.commit_index() || !self.announcements.is_empty()
    }

    /// Takes what the service is to be told next.
    pub(crate) fn take_news(&mut self) -> Vec<ApplyMsg> {
        let mut news = Vec::new();
        while let Some(&Announcement { after, term, leader }) = self.announcements.front()
            && after <= self.last_applied
        {
            news.push(ApplyMsg::Leadership { term, leader });
            self.announcements.pop_front();
        }
        let base = self.log().base();
        if self.last_applied < base.index {
            let bytes = self.durable.snapshot();
            news.push(ApplyMsg::Snapshot { index: base.index, term: base.term, bytes });
            self.last_applied = base.index;
        } else {
            self.take_commands(&mut news);
        }
        assert!(self.last_applied <= self.commit_index(), "{self} applied too much");
        news
    }

    /// Takes the committed commands, up to the next change of leadership.
    fn take_commands(&mut self, news: &mut Vec<ApplyMsg>) {
        let end = self.announcements.front().map_or(self.commit_index(), |next| next.after);
        let first = self.last_applied + 1;
        let count = (end + 1).saturating_sub(first) as usize;
        let entries = self.log().entries_from(first).iter().take(count);
        news.extend((first..).zip(entries).map(|(index, entry)| ApplyMsg::Command {
            index,
            term: entry.term,
            command: entry.command.clone(),
        }));
        self.last_applied += count as u64;
    }
}

/// The applier's life: ends when Raft is killed or the service no longer
/// listens. Its end drops the last sender, by which the service learns that
/// nothing follows.
pub(crate) fn run(raft: &Raft, apply_tx: &Sender<ApplyMsg>, stop: &Receiver<()>) {
    while let Some(news) = raft.wait_for_news() {
        for message in news {
            if !send(apply_tx, message, stop) {
                // Again, if that is why.
                return raft.kill();
            }
        }
    }
}

/// Waits until the service has a message, or has room for it. False when the
/// service no longer listens, or Raft has been killed.
fn send(apply_tx: &Sender<ApplyMsg>, message: ApplyMsg, stop: &Receiver<()>) -> bool {
    // Most often nobody has to wait, and a wait for two things takes some setting up.
    match apply_tx.try_send(message) {
        Ok(()) => true,
        Err(TrySendError::Disconnected(_)) => false,
        Err(TrySendError::Full(message)) => labrt::select! {
            send(apply_tx, message) -> sent => sent.is_ok(),
            recv(stop) -> _ => false,
        },
    }
}
