//! The workers of a job, as far as the coordinator knows them.

use std::collections::BTreeMap;

use crate::error::Refusal;
use crate::protocol::{RegisterArgs, RequestArgs, VERSION, WorkerId};

/// All workers that have registered.
#[derive(Debug, Default)]
pub(crate) struct WorkerTable {
    workers: BTreeMap<WorkerId, Known>,
    /// The application, as the first worker named it.
    app: Option<String>,
}

/// What is known of a worker.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The session of its last call.
    session: u64,
    /// Its last request; one more if that is void.
    sequence: u64,
    standing: Standing,
}

/// Whether a worker is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It has called, and its connection is open.
    Here,
    /// Its connection broke.
    Lost,
    /// It knows that the job has ended.
    Dismissed,
}

impl WorkerTable {
    /// Whether a worker may join. The error says why not.
    pub(crate) fn admits(&self, args: &RegisterArgs) -> Result<(), Refusal> {
        if args.version != VERSION {
            return Err(Refusal::Unfit(format!(
                "this worker is of {}, the coordinator of {VERSION}: build both from one source",
                args.version
            )));
        }
        match &self.app {
            Some(app) if *app != args.app => {
                Err(Refusal::Unfit(format!("this job runs {app}, this worker {}", args.app)))
            }
            _ => Ok(()),
        }
    }

    /// Adds a worker that is admitted. True if it is new: a call may be repeated.
    pub(crate) fn register(&mut self, args: &RegisterArgs, session: u64) -> bool {
        self.app.get_or_insert_with(|| args.app.clone());
        let is_new = !self.knows(args.worker);
        let known = Known { session, sequence: 0, standing: Standing::Here };
        self.workers.entry(args.worker).or_insert(known);
        is_new
    }

    /// Whether a worker has registered.
    pub(crate) fn knows(&self, worker: WorkerId) -> bool {
        self.workers.contains_key(&worker)
    }

    /// A worker that is known makes a request. False if a later request, or the
    /// end of its connection, has made it void.
    pub(crate) fn request(&mut self, args: &RequestArgs, session: u64) -> bool {
        let known = self.workers.get_mut(&args.member.worker).expect("the worker is known");
        let is_current = known.sequence <= args.sequence;
        if is_current {
            *known = Known { session, sequence: args.sequence, standing: Standing::Here };
        }
        is_current
    }

    /// A worker that is known reports its task.
    pub(crate) fn report(&mut self, worker: WorkerId, session: u64) {
        let known = self.workers.get_mut(&worker).expect("the worker is known");
        known.session = session;
        known.standing = Standing::Here;
    }

    /// Whether a request is still the one that its worker waits for.
    pub(crate) fn is_current(&self, args: &RequestArgs) -> bool {
        self.workers.get(&args.member.worker).is_some_and(|known| known.sequence == args.sequence)
    }

    /// A session is closed: the requests on it are void. Returns its workers that
    /// were there until now.
    pub(crate) fn close(&mut self, session: u64) -> Vec<WorkerId> {
        let mut lost = Vec::new();
        for (worker, known) in &mut self.workers {
            if known.session == session {
                known.sequence += 1;
                if known.standing == Standing::Here {
                    known.standing = Standing::Lost;
                    lost.push(*worker);
                }
            }
        }
        lost
    }

    /// A worker knows that the job has ended. True if that is new.
    pub(crate) fn dismiss(&mut self, worker: WorkerId) -> bool {
        let Some(known) = self.workers.get_mut(&worker) else { return false };
        std::mem::replace(&mut known.standing, Standing::Dismissed) != Standing::Dismissed
    }

    /// Whether no worker is left that is there and does not know that the job has
    /// ended.
    pub(crate) fn have_left(&self) -> bool {
        self.workers.values().all(|known| known.standing != Standing::Here)
    }
}
