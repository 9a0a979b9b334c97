//! The elastic pool: cached threads for RPC handlers.
//!
//! A job never queues behind a busy thread: handlers block, and what they wait
//! for may be in the queue, so a pool of fixed size deadlocks. A fresh thread
//! per job costs 50 to 200 us; a cached one a few. The rule: queue a job only
//! after an idle worker has been claimed for it, else start a worker.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::{RUN, RealRun};
use crate::sim::Job;

/// How long a worker stays without work.
const IDLE: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct Pool {
    /// Idle workers that no job has claimed.
    idle: Arc<AtomicUsize>,
    jobs: Sender<Job>,
    queue: Receiver<Job>,
}

impl Pool {
    pub(super) fn new() -> Self {
        let (jobs, queue) = unbounded();
        Pool { idle: Arc::new(AtomicUsize::new(0)), jobs, queue }
    }

    /// Runs a job on an idle worker, or on a new one. The error says that the
    /// system has no thread for it.
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

/// Takes one idle worker out of the count. A worker that wants to leave must
/// win the same count, so a claimed one always stays for its job.
fn claim(idle: &AtomicUsize) -> bool {
    idle.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1)).is_ok()
}

/// A worker's life.
fn work(first: Job, idle: &AtomicUsize, queue: &Receiver<Job>) {
    let mut job = first;
    loop {
        // The panic hook has recorded a panic already; an Exit is none.
        let _ = catch_unwind(AssertUnwindSafe(job));
        idle.fetch_add(1, Ordering::SeqCst);
        job = match queue.recv_timeout(IDLE) {
            Ok(next) => next,
            Err(_) if claim(idle) => return,
            Err(_) => queue.recv().expect("a claimed worker gets its job"),
        };
    }
}
