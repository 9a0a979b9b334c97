//! The timer rules (Figure 2, rules for followers, candidates and leaders).

use labrt::time::Instant;

use crate::state::{Role, State};
use crate::timing;

impl State {
    /// Returns when [`tick`](Self::tick) has something to do next.
    pub(crate) fn deadline(&self) -> Instant {
        let Role::Leader { peers } = &self.role else { return self.election_deadline };
        // A leader without peers has nothing to send, now or later.
        let next_message = self.others().map(|peer| peers[peer].due).min();
        next_message.unwrap_or(self.now + timing::HEARTBEAT_INTERVAL)
    }

    /// Starts an election if no leader has sent anything until the deadline. A
    /// leader's messages are sent at the end of every step.
    pub(crate) fn tick(&mut self) {
        // The deadline may have moved while the ticker slept.
        if !self.is_leader() && self.now >= self.election_deadline {
            self.start_election();
        }
    }
}
