//! Delays the coordinator's exit until open pages have the end of the job.

use labrt::sync::{Condvar, Mutex};
use labrt::time::{Duration, Instant};

/// A page is open if it has asked within this time: it asks twice a second.
const FRESH: Duration = Duration::from_secs(2);

/// The browsers that show the page.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    state: Mutex<Requests>,
    /// Notified after each request.
    requested: Condvar,
}

#[derive(Debug, Default)]
struct Requests {
    last: Option<Instant>,
    end_was_sent: bool,
}

impl Audience {
    /// Records a request, and whether its reply said how the job ended.
    pub(super) fn looked(&self, ended: bool) {
        let mut state = self.state.lock();
        state.last = Some(Instant::now());
        state.end_was_sent |= ended;
        self.requested.notify_all();
    }

    /// Waits, after the job's end, until a page has received it, for at most
    /// `grace`. Returns immediately if no page is open.
    pub(crate) fn dismiss(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        let mut state = self.state.lock();
        while state.last.is_some_and(|last| last.elapsed() < FRESH)
            && !state.end_was_sent
            && !self.requested.wait_until(&mut state, deadline).timed_out()
        {}
    }
}
