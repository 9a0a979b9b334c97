//! Coordinator and workers in the simulator, with random crashes, stalls, partitions
//! and lost messages. The output is always that of [`mapreduce::sequential`].
//!
//! The files are real ones in a temporary folder; threads, time, random numbers and
//! the network are simulated. `LAB_RUNS=1000 cargo test --release -p mapreduce
//! simulated` tries a thousand seeds.

mod liar;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use labrpc::{ClientEnd, Network, Server};
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::{Duration, Instant};
use mapreduce::status::{Ledger, Phase};
use mapreduce::{
    BadRecords, Coordinator, JobFolder, JobId, JobOptions, coordinator_service, counters,
    sequential, work,
};
use mrapps::{App, Counters, Env};
use tempfile::TempDir;
use tester::Context;

use crate::outputs::sorted_lines;
use liar::Liar;

/// How many workers run at the same time.
const SLOTS: usize = 3;

/// Lines that crash a worker of `fragile`. None panics: labrt treats panics as
/// failures.
const BAD_LINES: &str = "\nFatal\n\nso Fatal\n";

/// The number of reduce tasks.
const REDUCES: usize = 4;

#[test]
fn simulated_wc_MR() {
    tester::test("Test (MR): word count under faults", |ctx| job(ctx, "wc", "wc"));
}

#[test]
fn simulated_indexer_MR() {
    tester::test("Test (MR): indexer under faults", |ctx| job(ctx, "indexer", "indexer"));
}

#[test]
fn simulated_crash_MR() {
    tester::test("Test (MR): crash under faults", |ctx| job(ctx, "crash", "nocrash"));
}

/// Bad lines in addition to all the other faults.
#[test]
fn simulated_bad_records_MR() {
    tester::test("Test (MR): bad records under faults", |ctx| job(ctx, "fragile", "wc"));
}

/// The coordinator receives reports that are false or of another job, in addition
/// to late and repeated ones.
#[test]
fn simulated_false_reports_MR() {
    tester::test("Test (MR): false reports under faults", |ctx| {
        let site = Arc::new(Site::new(ctx, "wc"));
        let liar = Arc::clone(&site);
        let answered = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&answered);
        let liar = ctx.spawn("liar", move || Liar::new(&liar, count).lie());
        run(ctx, &site, "wc");
        liar.join();
        let status = site.ledger.lock().status();
        assert!(
            status.failures_total >= answered.load(Relaxed),
            "the status counts each false report"
        );
    });
}

/// Runs a job with all faults, and compares its output with the reference.
fn job(ctx: &Context, app: &str, reference: &str) {
    run(ctx, &Arc::new(Site::new(ctx, app)), reference);
}

fn run(ctx: &Context, site: &Arc<Site>, reference: &str) {
    let slots: Vec<_> = (0..SLOTS)
        .map(|slot| {
            let site = Arc::clone(site);
            ctx.spawn(format!("slot {slot}"), move || site.keep_busy(slot))
        })
        .collect();
    assert_eq!(site.coordinator.wait(), Ok(()));
    let expected = site.reference(reference);
    assert_eq!(site.output(), expected, "when the job ends");
    site.over.store(true, Relaxed);
    slots.into_iter().for_each(tester::Helper::join);
    // Late workers have replaced files by the same ones.
    assert_eq!(site.output(), expected, "when the last worker has ended");
    site.check_status(&expected);
    site.check_names();
}

/// A job's folder, network and coordinator.
struct Site {
    folder: TempDir,
    inputs: Vec<String>,
    app: &'static dyn App,
    network: Network,
    coordinator: Arc<Coordinator>,
    ledger: Arc<Mutex<Ledger>>,
    job: JobId,
    /// Whether the coordinator notices crashed workers, as it does over sockets.
    reports_crashes: bool,
    /// The running workers.
    alive: Arc<Mutex<BTreeSet<u64>>>,
    workers: AtomicU64,
    /// The job has ended: no more workers start.
    over: AtomicBool,
}

impl Site {
    fn new(ctx: &Context, app: &str) -> Self {
        let mut rng = labrt::rng();
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("reference")).expect("a folder");
        let inputs: Vec<String> =
            (0..rng.between(1, 6)).map(|number| format!("in-{number}.txt")).collect();
        for input in &inputs {
            let bad = if app == "fragile" { BAD_LINES } else { "" };
            fs::write(folder.path().join(input), text() + bad).expect("there is room");
        }
        let network = Network::new();
        network.set_reliable(rng.chance(1, 4));
        network.set_long_reordering(rng.chance(1, 4));
        let mut options = JobOptions::default();
        if app == "fragile" {
            options.failure_policy = Box::new(BadRecords::default());
        }
        let ledger = Ledger::observe(&mut options.observers);
        let job = options.folder.job();
        let end = network.clone();
        ctx.at_end(move || end.cleanup());
        Site {
            coordinator: Coordinator::with_options(inputs.clone(), REDUCES, options),
            ledger,
            job,
            folder,
            inputs,
            app: mrapps::lookup(app).expect("it is registered"),
            network,
            // An unnoticed crash costs ten seconds: too long for the course's limit
            // if a third of the calls crashes.
            reports_crashes: matches!(app, "crash" | "fragile") || rng.chance(1, 2),
            alive: Arc::default(),
            workers: AtomicU64::new(0),
            over: AtomicBool::new(false),
        }
    }

    /// Runs workers in a slot, one after the other, until the job is over.
    fn keep_busy(self: &Arc<Self>, slot: usize) {
        while !self.over.load(Relaxed) {
            let id = self.workers.fetch_add(1, Relaxed);
            let site = Arc::clone(self);
            let worker = thread::Builder::new().name(format!("worker {id} in slot {slot}"));
            let session = self.coordinator.session();
            let server = Server::new().with_service(coordinator_service(Arc::clone(&session)));
            let name = format!("for-{id}");
            self.network.add_server(name.as_str(), server);
            self.alive.lock().insert(id);
            let worker = worker.spawn(move || site.live(id, &name)).expect("a thread");
            // An error is a worker that crashed.
            let _ = worker.join();
            self.alive.lock().remove(&id);
            if self.reports_crashes {
                session.close();
            }
            self.network.delete_server(format!("for-{id}"));
            thread::sleep(Duration::from_millis(labrt::rng().below(1000)));
        }
    }

    /// Returns an end that calls a server of the network.
    fn end(&self, name: &str, server: &str) -> ClientEnd {
        let end = self.network.make_end(name);
        self.network.connect(name, server);
        self.network.enable(name, true);
        end
    }

    /// Runs a worker.
    fn live(self: &Arc<Self>, id: u64, server: &str) {
        let end = self.end(&format!("worker-{id}"), server);
        if labrt::rng().chance(1, 3) {
            self.cut_off_later(id);
        }
        let env = SimulatedEnv {
            alive: Arc::clone(&self.alive),
            faulty: true,
            ..SimulatedEnv::quiet(id, self.folder.path())
        };
        // A worker that is cut off for long gives up, and another one replaces it.
        let _ = work(end, self.app, &env, self.folder.path());
    }

    /// Cuts a worker off for a while, some time from now.
    fn cut_off_later(self: &Arc<Self>, id: u64) {
        let network = self.network.clone();
        let mut rng = labrt::rng();
        let (wait, length) = (rng.below(3000), rng.below(2000));
        thread::go("partition", move || {
            thread::sleep(Duration::from_millis(wait));
            network.enable(format!("worker-{id}"), false);
            thread::sleep(Duration::from_millis(length));
            network.enable(format!("worker-{id}"), true);
        });
    }

    /// Returns the output of the sequential job for the same inputs.
    fn reference(&self, app: &str) -> Vec<String> {
        let app = mrapps::lookup(app).expect("it is registered");
        let folder = self.folder.path().join("reference");
        for input in &self.inputs {
            let text = fs::read_to_string(self.folder.path().join(input)).expect("an input");
            fs::write(folder.join(input), text.replace(BAD_LINES, "")).expect("there is room");
        }
        let env = SimulatedEnv::quiet(u64::MAX, &folder);
        sequential(app, &env, &folder, &self.inputs).expect("a quiet job");
        sorted_lines(&folder, 1)
    }

    /// Checks that the status reports all tasks as done, and counts each task once,
    /// however often workers ran it.
    fn check_status(&self, output: &[String]) {
        let status = self.ledger.lock().status();
        assert_eq!((status.phase, &status.failure), (Phase::Done, &None));
        assert_eq!((status.maps.done, status.reduces.done), (self.inputs.len(), REDUCES));
        let counts = status.counters;
        let length = |path: PathBuf| fs::metadata(path).expect("a file").len();
        let inputs = self.inputs.iter().map(|input| length(self.folder.path().join(input)));
        assert_eq!(counts[counters::INPUT_BYTES], inputs.sum::<u64>());
        let outputs = output.iter().map(|line| line.len() as u64 + 1);
        assert_eq!(counts.get(counters::OUTPUT_BYTES).copied().unwrap_or(0), outputs.sum::<u64>());
    }

    fn output(&self) -> Vec<String> {
        sorted_lines(self.folder.path(), REDUCES)
    }

    /// Workers that crashed or gave up may have left files of the job. Checks that
    /// the next job in the folder removes them.
    fn check_names(&self) {
        let outputs = |name: &String| name.starts_with("mr-out-");
        let mut left = names(self.folder.path());
        left.retain(|name| name.starts_with("mr-") && !outputs(name));
        let job = format!("mr-{}-", self.job);
        assert!(left.iter().all(|name| name.starts_with(&job)), "{left:?}");
        let mut next = JobFolder::new("the next job");
        next.take(self.folder.path()).expect("the job has freed its folder");
        drop(next);
        let mut left = names(self.folder.path());
        left.retain(|name| name.starts_with("mr-"));
        assert!(left.len() == REDUCES && left.iter().all(outputs), "{left:?}");
    }
}

/// Returns some lines of a few words.
fn text() -> String {
    let mut rng = labrt::rng();
    let words = ["the", "whale", "Ahab", "ship", "of", "sea", "a", "white", "and", "call"];
    let mut text = String::new();
    for _ in 0..rng.below(200) {
        text.push_str(words[rng.below(10) as usize]);
        text.push(if rng.chance(1, 8) { '\n' } else { ' ' });
    }
    text
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder").flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// The environment of a simulated worker.
pub(crate) struct SimulatedEnv {
    id: u64,
    folder: PathBuf,
    alive: Arc<Mutex<BTreeSet<u64>>>,
    calls: AtomicU64,
    counters: Counters,
    /// Whether this worker crashes or stalls between two steps.
    faulty: bool,
}

impl SimulatedEnv {
    /// Returns an environment without faults and without other workers.
    pub(crate) fn quiet(id: u64, folder: &Path) -> Self {
        SimulatedEnv {
            id,
            folder: folder.to_owned(),
            alive: Arc::default(),
            calls: AtomicU64::new(0),
            counters: Counters::default(),
            faulty: false,
        }
    }
}

impl Env for SimulatedEnv {
    fn worker_id(&self) -> u64 {
        self.id
    }

    fn is_alive(&self, id: u64) -> bool {
        self.alive.lock().contains(&id)
    }

    fn write_file(&self, name: &str, data: &[u8]) {
        fs::write(self.folder.join(name), data).expect("there is room");
    }

    fn remove_file(&self, name: &str) {
        fs::remove_file(self.folder.join(name)).expect("it is ours");
    }

    fn list_dir(&self) -> Vec<String> {
        names(&self.folder)
    }

    fn now(&self) -> f64 {
        let now = Instant::now();
        now.duration_since(now - Duration::MAX).as_secs_f64()
    }

    fn sleep(&self, duration: Duration) {
        thread::sleep(duration);
    }

    fn random_below(&self, n: u64) -> u64 {
        labrt::rng().below(n)
    }

    fn exit(&self, _status: i32) -> ! {
        thread::exit()
    }

    fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Relaxed)
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }

    fn checkpoint(&self) {
        // Writing a file takes some time.
        thread::sleep(Duration::from_micros(labrt::rng().below(2000)));
        if !self.faulty {
            return;
        }
        match labrt::rng().below(40) {
            0 => thread::exit(),
            // Sometimes longer than the timeout of a task.
            1 => thread::sleep(Duration::from_millis(labrt::rng().below(15_000))),
            _ => {}
        }
    }
}
