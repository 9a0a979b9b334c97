//! A worker that sends false reports.

use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use labrpc::Server;
use labrt::thread;
use labrt::time::Duration;
use mapreduce::{
    Assignment, CoordinatorClient, CrashReport, Done, JobId, Member, RegisterArgs, ReportArgs,
    ReportReply, RequestArgs, TaskError, TaskId, VERSION, coordinator_service, counters,
};

use super::Site;

/// A worker that registers, requests tasks and reports different ones.
pub(super) struct Liar {
    site: Arc<Site>,
    client: CoordinatorClient,
    member: Member,
    requests: u64,
    /// The task and the attempt that it has.
    held: Option<(TaskId, u64)>,
    /// How many false reports were answered.
    answered: Arc<AtomicU64>,
}

impl Liar {
    /// Returns a worker that has registered.
    pub(super) fn new(site: &Arc<Site>, answered: Arc<AtomicU64>) -> Self {
        let session = site.coordinator.session();
        let server = Server::new().with_service(coordinator_service(session));
        site.network.add_server("for-liar", server);
        let client = CoordinatorClient::new(site.end("liar", "for-liar"));
        let folder = fs::canonicalize(site.folder.path()).expect("a folder");
        let args = RegisterArgs {
            version: VERSION.into(),
            app: "wc".into(),
            worker: u64::MAX,
            folder: folder.into_os_string().into_vec(),
        };
        let job = loop {
            if let Some(job) = client.register(&args) {
                break job.expect("it fits");
            }
        };
        let member = Member { job, worker: u64::MAX };
        Liar { site: Arc::clone(site), client, member, requests: 0, held: None, answered }
    }

    /// Sends false reports until the job is over.
    pub(super) fn lie(mut self) {
        while !self.site.over.load(Relaxed) {
            thread::sleep(Duration::from_millis(labrt::rng().below(200)));
            match labrt::rng().below(10) {
                // Few requests: each one keeps a task from all other workers.
                0 if self.requests < 3 => self.take_task(),
                0..8 => self.report(),
                _ => self.report_crash(),
            }
        }
    }

    fn take_task(&mut self) {
        self.requests += 1;
        let args = RequestArgs { member: self.member, sequence: self.requests, backups: true };
        self.held = match self.client.request_task(&args) {
            Some(Ok(Assignment::Map { task, attempt, .. })) => Some((TaskId::Map(task), attempt)),
            Some(Ok(Assignment::Reduce { task, attempt, .. })) => {
                Some((TaskId::Reduce(task), attempt))
            }
            // A lost reply may have assigned a task.
            _ => None,
        };
    }

    /// Returns a member to report as: mostly itself.
    fn claimed_member(&self) -> Member {
        let mut rng = labrt::rng();
        let job = if rng.chance(1, 4) { JobId(rng.next_u64()) } else { self.member.job };
        let worker = if rng.chance(1, 4) { rng.next_u64() } else { self.member.worker };
        Member { job, worker }
    }

    /// Returns a task and an attempt that are not its own.
    fn false_attempt(&self) -> (TaskId, u64) {
        let mut rng = labrt::rng();
        loop {
            let id = if rng.chance(1, 2) { TaskId::Map } else { TaskId::Reduce };
            let (task, attempt) = (id(rng.below(7)), rng.below(12));
            // Without an answer it does not know its task.
            if self.held.is_some_and(|held| held != (task, attempt)) {
                return (task, attempt);
            }
            if self.held.is_none() {
                return (task, u64::MAX - attempt);
            }
        }
    }

    fn report(&self) {
        let (member, (task, attempt)) = (self.claimed_member(), self.false_attempt());
        let outcome = if labrt::rng().chance(1, 2) {
            let counts = [(counters::INPUT_BYTES.to_owned(), 1)].into();
            Ok(Done { counts, skipped: vec!["a record".into()] })
        } else {
            Err(TaskError::Input { file: "a lie".into(), reason: "nothing is wrong".into() })
        };
        let reply = self.client.report(&ReportArgs { member, task, attempt, outcome });
        self.answered.fetch_add(u64::from(reply.is_some()), Relaxed);
        assert!(!matches!(reply, Some(Ok(ReportReply { accepted: true, .. }))), "a lie counts");
    }

    fn report_crash(&self) {
        let (member, (task, attempt)) = (self.claimed_member(), self.false_attempt());
        let crashed = labrt::rng().below(20);
        let report = CrashReport { member, task, attempt, crashed, record: Some(0) };
        let reply = self.client.report_crash(&report);
        self.answered.fetch_add(u64::from(reply.is_some()), Relaxed);
        assert!(!matches!(reply, Some(Ok(_))), "a lie counts");
    }
}
