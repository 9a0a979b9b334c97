//! Who looks at the page when the job ends shall see how.

use labrt::sync::{Condvar, Mutex};
use labrt::time::{Duration, Instant};

/// An open page asks twice a second. Nobody looks who has not asked for so long.
const FRESH: Duration = Duration::from_secs(2);

/// Those who look at the page.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    state: Mutex<Looks>,
    /// Notified when somebody was told how the job ended.
    told: Condvar,
}

#[derive(Debug, Default)]
struct Looks {
    last_look: Option<Instant>,
    knows_the_end: bool,
}

impl Audience {
    /// Somebody has looked, and was perhaps told how the job ended.
    pub(super) fn looked(&self, ended: bool) {
        let mut state = self.state.lock();
        state.last_look = Some(Instant::now());
        state.knows_the_end |= ended;
        self.told.notify_all();
    }

    /// Waits, after the job's end, until somebody was told of it, for at most
    /// `grace`; and not at all if nobody looks.
    pub(crate) fn dismiss(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        let mut state = self.state.lock();
        while state.last_look.is_some_and(|look| look.elapsed() < FRESH)
            && !state.knows_the_end
            && !self.told.wait_until(&mut state, deadline).timed_out()
        {}
    }
}
