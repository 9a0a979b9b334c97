//! A thread that partitions the servers again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::thread::sleep;
use labrt::time::Duration;

use crate::context::{Context, Helper};
use crate::fault_log::Incident;
use crate::wiring::Wiring;

/// The course's upper bound for the time of an election.
pub(super) const ELECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// Puts each server at random into one of two groups, about once a second. It
/// does not remove the last partition.
#[must_use = "the partitioner runs until `stop` is called"]
pub struct Partitioner {
    stop: Arc<AtomicBool>,
    thread: Helper<()>,
}

impl Partitioner {
    /// Starts the thread.
    #[track_caller]
    pub(super) fn start(context: &Context, wiring: Arc<Wiring>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, test) = (Arc::clone(&stop), context.clone());
        let thread = context.spawn("partitioner", move || {
            while !stopped.load(Ordering::Relaxed) {
                partition_at_random(&test, &wiring);
                sleep(ELECTION_TIMEOUT + Duration::from_millis(labrt::rng().below(200)));
            }
        });
        Partitioner { stop, thread }
    }

    /// Stops the thread and joins it. The thread checks for this after each
    /// pause, so it can take more than a second.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join();
    }
}

/// Partitions the servers by a coin toss for each.
fn partition_at_random(context: &Context, wiring: &Wiring) {
    let (heads, tails): (Vec<usize>, Vec<usize>) =
        (0..wiring.servers().len()).partition(|_| labrt::rng().chance(1, 2));
    let groups = [heads.as_slice(), tails.as_slice()];
    context.note(Incident::partition(&groups));
    wiring.partition(&groups);
}
