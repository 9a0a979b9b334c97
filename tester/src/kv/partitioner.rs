//! A thread that parts the servers again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::thread::sleep;
use labrt::time::Duration;

use crate::chronicle::Incident;
use crate::context::{Context, Helper};
use crate::wiring::Wiring;

/// The course's generous idea of how long an election takes.
pub(super) const ELECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// Puts each server at random into one of two groups, about once a second. It does
/// not heal the network in the end.
#[must_use = "it goes on until it is stopped"]
pub struct Partitioner {
    stop: Arc<AtomicBool>,
    thread: Helper<()>,
}

impl Partitioner {
    /// Starts the thread.
    #[track_caller]
    pub(super) fn start(context: &Context, wiring: Arc<Wiring>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, context_of) = (Arc::clone(&stop), context.clone());
        let thread = context.spawn("partitioner", move || {
            while !stopped.load(Ordering::Relaxed) {
                part(&context_of, &wiring);
                sleep(ELECTION_TIMEOUT + Duration::from_millis(labrt::rng().below(200)));
            }
        });
        Partitioner { stop, thread }
    }

    /// Has it end, and waits for that: it looks up after each pause.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join();
    }
}

/// Parts the servers by a coin for each.
fn part(context: &Context, wiring: &Wiring) {
    let (heads, tails): (Vec<usize>, Vec<usize>) =
        (0..wiring.servers().len()).partition(|_| labrt::rng().chance(1, 2));
    let groups = [heads.as_slice(), tails.as_slice()];
    context.note(Incident::partition(&groups));
    wiring.partition(&groups);
}
