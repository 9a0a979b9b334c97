//! The workers of a job, as far as the coordinator knows them.

use std::collections::BTreeMap;

use crate::error::{Refusal, shorten};
use crate::protocol::{RegisterArgs, RequestArgs, VERSION, WorkerId};

/// The most workers that a job knows. Those that have been gone for longest are
/// forgotten.
const MOST: usize = 10_000;

/// The most bytes of an application's name.
const LONGEST_APP: usize = 200;

/// All workers that have registered, but for the longest gone.
#[derive(Debug, Default)]
pub(crate) struct WorkerTable {
    workers: BTreeMap<WorkerId, Known>,
    /// The application, as the first worker named it.
    app: Option<String>,
    /// Workers that have registered so far.
    count: u64,
}

/// What is known of a worker.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// How many workers had registered when it did.
    number: u64,
    /// The session of its last call.
    session: u64,
    /// Its last request.
    sequence: u64,
    /// The connection of that request has ended.
    is_void: bool,
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
                shorten(args.version.clone())
            )));
        }
        if args.app.len() > LONGEST_APP {
            let length = args.app.len();
            return Err(Refusal::Unfit(format!(
                "the name of this worker's application has {length} bytes, and may have \
                 {LONGEST_APP}"
            )));
        }
        if self.workers.len() >= MOST && !self.knows(args.worker) && self.longest_gone().is_none() {
            return Err(Refusal::Unfit(format!("this job has {MOST} workers, and takes no more")));
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
        if self.knows(args.worker) {
            return false;
        }
        if self.workers.len() >= MOST {
            let gone = self.longest_gone().expect("a worker is admitted if there is room");
            self.workers.remove(&gone);
        }
        let (number, standing) = (self.count, Standing::Here);
        self.count += 1;
        let known = Known { number, session, sequence: 0, is_void: false, standing };
        self.workers.insert(args.worker, known);
        true
    }

    /// The worker that registered first of those that are gone.
    fn longest_gone(&self) -> Option<WorkerId> {
        let gone = self.workers.iter().filter(|(_, known)| known.standing != Standing::Here);
        gone.min_by_key(|(_, known)| known.number).map(|(worker, _)| *worker)
    }

    /// Whether a worker has registered.
    pub(crate) fn knows(&self, worker: WorkerId) -> bool {
        self.workers.contains_key(&worker)
    }

    /// A worker that is known makes a request. False if a later request, or the
    /// end of its connection, has made it void.
    pub(crate) fn request(&mut self, args: &RequestArgs, session: u64) -> bool {
        let known = self.workers.get_mut(&args.member.worker).expect("the worker is known");
        if args.sequence < known.sequence || args.sequence == known.sequence && known.is_void {
            return false;
        }
        let (number, standing) = (known.number, Standing::Here);
        *known = Known { number, session, sequence: args.sequence, is_void: false, standing };
        true
    }

    /// A worker that is known reports its task.
    pub(crate) fn report(&mut self, worker: WorkerId, session: u64) {
        let known = self.workers.get_mut(&worker).expect("the worker is known");
        known.session = session;
        known.standing = Standing::Here;
    }

    /// Whether a request is still the one that its worker waits for.
    pub(crate) fn is_current(&self, args: &RequestArgs) -> bool {
        let known = self.workers.get(&args.member.worker);
        known.is_some_and(|known| known.sequence == args.sequence && !known.is_void)
    }

    /// A session is closed: the requests on it are void. Returns its workers that
    /// were there until now.
    pub(crate) fn close(&mut self, session: u64) -> Vec<WorkerId> {
        let mut lost = Vec::new();
        for (worker, known) in &mut self.workers {
            if known.session == session {
                known.is_void = true;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{JobId, Member};

    fn register(table: &mut WorkerTable, worker: WorkerId, session: u64) -> Result<bool, Refusal> {
        let (version, app) = (VERSION.to_owned(), "wc".to_owned());
        let args = RegisterArgs { version, app, worker, folder: Vec::new() };
        table.admits(&args)?;
        Ok(table.register(&args, session))
    }

    fn request(worker: WorkerId, sequence: u64) -> RequestArgs {
        RequestArgs { member: Member { job: JobId(0), worker }, sequence, backups: false }
    }

    #[test]
    fn the_end_of_a_connection_makes_any_request_void() {
        let mut table = WorkerTable::default();
        assert_eq!(register(&mut table, 1, 1), Ok(true));
        for sequence in [1, u64::MAX] {
            let args = request(1, sequence);
            assert!(table.request(&args, 1) && table.is_current(&args));
            assert_eq!(table.close(1), [1]);
            assert_eq!(table.close(1), [0; 0]);
            assert!(!table.is_current(&args) && !table.request(&args, 1));
        }
    }

    #[test]
    fn a_job_knows_so_many_workers_and_forgets_the_longest_gone() {
        let mut table = WorkerTable::default();
        let most = MOST as u64;
        for worker in 0..most {
            assert_eq!(register(&mut table, worker, worker / 2), Ok(true));
        }
        let refusal = register(&mut table, most, 0).expect_err("all are there");
        assert_eq!(refusal.to_string(), "this job has 10000 workers, and takes no more");
        assert_eq!(register(&mut table, 7, 0), Ok(false), "a call may be repeated");
        assert_eq!(table.close(3), [6, 7]);
        assert_eq!(register(&mut table, most, 0), Ok(true));
        assert_eq!((table.knows(6), table.knows(7), table.workers.len()), (false, true, MOST));
    }

    #[test]
    fn long_names_are_refused() {
        let (version, app) = (VERSION.to_owned(), "x".repeat(LONGEST_APP + 1));
        let mut args = RegisterArgs { version, app, worker: 1, folder: Vec::new() };
        let refusal = WorkerTable::default().admits(&args).expect_err("a long name");
        let text = "the name of this worker's application has 201 bytes, and may have 200";
        assert_eq!(refusal.to_string(), text);
        args.version = "x".repeat(1 << 20);
        let refusal = WorkerTable::default().admits(&args).expect_err("another version");
        assert!(refusal.to_string().len() < 5000);
    }
}
