//! The elastic thread pool, which runs RPC handlers.
//!
//! A job never queues behind a busy thread: handlers block, and the job that
//! would unblock them may be in the queue, so a pool of fixed size deadlocks. A
//! fresh thread per job costs 50 to 200 us; a cached one a few. The rule: queue
//! a job only after an idle worker has been claimed for it, else start a
//! worker.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::{RUN, RealRun};
use crate::sim::Job;

/// How long an idle worker waits for a job before it ends.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// An elastic thread pool; see the module documentation.
pub(super) struct Pool {
    /// The number of idle workers that no job has claimed.
    idle: Arc<AtomicUsize>,
    jobs: Sender<Job>,
    queue: Receiver<Job>,
}

impl Pool {
    pub(super) fn new() -> Self {
        let (jobs, queue) = unbounded();
        Pool { idle: Arc::new(AtomicUsize::new(0)), jobs, queue }
    }

    /// Runs a job on an idle worker or on a new one. Returns an error if the
    /// system cannot start a new thread.
    pub(super) fn go(&self, run: &Arc<RealRun>, job: Job) -> io::Result<()> {
        if claim(&self.idle) {
            self.jobs.send(job).expect("the pool has its own receiver");
            return Ok(());
        }
        let (run, idle, queue) = (Arc::clone(run), Arc::clone(&self.idle), self.queue.clone());
        let worker = std::thread::Builder::new().name("pool".into()).spawn(move || {
            RUN.set(Some(run));
            work(job, &idle, &queue);
        });
        worker.map(drop)
    }
}

/// Claims an idle worker by decrementing the count. A worker must claim itself
/// before it ends, so a claimed worker always stays for its job.
fn claim(idle: &AtomicUsize) -> bool {
    idle.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1)).is_ok()
}

/// Runs jobs until none arrives for [`IDLE_TIMEOUT`].
fn work(first: Job, idle: &AtomicUsize, queue: &Receiver<Job>) {
    let mut job = first;
    loop {
        // The panic hook has already recorded a panic; an Exit is not a
        // failure.
        let _ = catch_unwind(AssertUnwindSafe(job));
        idle.fetch_add(1, Ordering::SeqCst);
        job = match queue.recv_timeout(IDLE_TIMEOUT) {
            Ok(next) => next,
            Err(_) if claim(idle) => return,
            Err(_) => queue.recv().expect("a claimed worker gets its job"),
        };
    }
}
