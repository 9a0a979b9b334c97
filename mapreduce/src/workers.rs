//! The workers of a job that the coordinator knows.

use std::collections::BTreeMap;

use crate::error::{Refusal, shorten};
use crate::protocol::{RegisterArgs, RequestArgs, VERSION, WorkerId};

/// The most workers that a job knows. It forgets gone workers, the oldest first.
const MOST: usize = 10_000;

/// The most bytes of an application's name.
const LONGEST_APP: usize = 200;

/// All workers that have registered, except forgotten ones.
#[derive(Debug, Default)]
pub(crate) struct WorkerTable {
    workers: BTreeMap<WorkerId, Known>,
    /// The application, as the first worker named it.
    app: Option<String>,
    /// How many workers have registered.
    count: u64,
}

/// What the coordinator knows about a worker.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// How many workers had registered when it did.
    number: u64,
    /// The session of its last call.
    session: u64,
    /// The sequence number of its last request.
    sequence: u64,
    /// Whether the connection of that request has ended.
    is_void: bool,
    presence: Presence,
}

/// Whether a worker is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// It has called, and its connection is open.
    Here,
    /// Its connection broke.
    Lost,
    /// It knows that the job has ended.
    Dismissed,
}

impl WorkerTable {
    /// Checks whether a worker may join. The error says why not.
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
                "the name of this worker's application has {length} bytes, but the limit is \
                 {LONGEST_APP}"
            )));
        }
        if self.workers.len() >= MOST && !self.knows(args.worker) && self.longest_gone().is_none() {
            return Err(Refusal::Unfit(format!("this job has {MOST} workers, the maximum")));
        }
        match &self.app {
            Some(app) if *app != args.app => {
                Err(Refusal::Unfit(format!("this job runs {app}, this worker {}", args.app)))
            }
            _ => Ok(()),
        }
    }

    /// Adds an admitted worker. Returns false if it has already registered: a
    /// call may be repeated.
    pub(crate) fn register(&mut self, args: &RegisterArgs, session: u64) -> bool {
        self.app.get_or_insert_with(|| args.app.clone());
        if self.knows(args.worker) {
            return false;
        }
        if self.workers.len() >= MOST {
            let gone = self.longest_gone().expect("a worker is admitted if there is room");
            self.workers.remove(&gone);
        }
        let (number, presence) = (self.count, Presence::Here);
        self.count += 1;
        let known = Known { number, session, sequence: 0, is_void: false, presence };
        self.workers.insert(args.worker, known);
        true
    }

    /// Returns the gone worker that registered first.
    fn longest_gone(&self) -> Option<WorkerId> {
        let gone = self.workers.iter().filter(|(_, known)| known.presence != Presence::Here);
        gone.min_by_key(|(_, known)| known.number).map(|(worker, _)| *worker)
    }

    /// Whether a worker has registered.
    pub(crate) fn knows(&self, worker: WorkerId) -> bool {
        self.workers.contains_key(&worker)
    }

    /// Records a request of a known worker. Returns false if a later request,
    /// or the end of its connection, has made it void.
    pub(crate) fn request(&mut self, args: &RequestArgs, session: u64) -> bool {
        let known = self.workers.get_mut(&args.member.worker).expect("the worker is known");
        if args.sequence < known.sequence || args.sequence == known.sequence && known.is_void {
            return false;
        }
        let (number, presence) = (known.number, Presence::Here);
        *known = Known { number, session, sequence: args.sequence, is_void: false, presence };
        true
    }

    /// Records a report of a known worker.
    pub(crate) fn report(&mut self, worker: WorkerId, session: u64) {
        let known = self.workers.get_mut(&worker).expect("the worker is known");
        known.session = session;
        known.presence = Presence::Here;
    }

    /// Whether a request is still the one that its worker waits for.
    pub(crate) fn is_current(&self, args: &RequestArgs) -> bool {
        let known = self.workers.get(&args.member.worker);
        known.is_some_and(|known| known.sequence == args.sequence && !known.is_void)
    }

    /// Closes a session, and makes its requests void. Returns its workers that were
    /// connected until now.
    pub(crate) fn close(&mut self, session: u64) -> Vec<WorkerId> {
        let mut lost = Vec::new();
        for (worker, known) in &mut self.workers {
            if known.session == session {
                known.is_void = true;
                if known.presence == Presence::Here {
                    known.presence = Presence::Lost;
                    lost.push(*worker);
                }
            }
        }
        lost
    }

    /// Records that a worker knows the job's end. Returns whether that is new.
    pub(crate) fn dismiss(&mut self, worker: WorkerId) -> bool {
        let Some(known) = self.workers.get_mut(&worker) else { return false };
        std::mem::replace(&mut known.presence, Presence::Dismissed) != Presence::Dismissed
    }

    /// Whether all connected workers know that the job has ended.
    pub(crate) fn have_left(&self) -> bool {
        self.workers.values().all(|known| known.presence != Presence::Here)
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
    fn closing_a_session_makes_its_requests_void() {
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
    fn a_full_table_forgets_the_first_worker_that_is_gone() {
        let mut table = WorkerTable::default();
        let most = MOST as u64;
        for worker in 0..most {
            assert_eq!(register(&mut table, worker, worker / 2), Ok(true));
        }
        let refusal = register(&mut table, most, 0).expect_err("all are there");
        assert_eq!(refusal.to_string(), "this job has 10000 workers, the maximum");
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
        let text = "the name of this worker's application has 201 bytes, but the limit is 200";
        assert_eq!(refusal.to_string(), text);
        args.version = "x".repeat(1 << 20);
        let refusal = WorkerTable::default().admits(&args).expect_err("another version");
        assert!(refusal.to_string().len() < 5000);
    }
}
