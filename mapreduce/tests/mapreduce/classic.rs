//! The tests of the library lab of 2016 to 2018.
//!
//! Source: `src/mapreduce/test_test.go`, `src/main/test-wc.sh` and
//! `test-ii.sh` of MIT's 6.824 of 2016, 2017 and 2018; the numbers of tasks are
//! those of 2018. What differs, and why:
//!
//! 1. The parts of the assignment are letters (A is Part I), so that a filter
//!    selects only one of them.
//! 2. Workers are servers of the simulated network: see `mapreduce::classic`.
//! 3. The two shell checks compare a few lines with stored ones of the course's
//!    texts. Here the tests compare the whole output for a generated text with that
//!    of the new lab's sequential job.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use labrpc::Network;
use labrt::thread;
use labrt::time::Duration;
use mapreduce::classic::{JobSpec, KeyValue, Master, Parallelism, WorkerSpec};
use mapreduce::{Corpus, ProcessEnv, sequential};
use tempfile::TempDir;
use tester::Context;

/// The inputs hold the numbers below this one.
const NUMBERS: usize = 100_000;

/// Map tasks in 2018.
const MAPS: usize = 20;

/// Reduce tasks in 2018.
const REDUCES: usize = 10;

/// Emits each word, without a value.
pub(crate) fn map(_file: &str, contents: &str) -> Vec<KeyValue> {
    let pair = |word: &str| KeyValue { key: word.into(), value: String::new() };
    contents.split_whitespace().map(pair).collect()
}

/// Returns nothing: the keys are the result.
pub(crate) fn reduce(_key: &str, _values: &[String]) -> String {
    String::new()
}

/// A job over the numbers, its files and its network.
pub(crate) struct Rig {
    pub(crate) folder: TempDir,
    pub(crate) job: JobSpec,
    network: Network,
}

impl Rig {
    /// Returns a job over the numbers in `files` files, with `n_reduce` reduce tasks.
    pub(crate) fn new(ctx: &Context, files: usize, n_reduce: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let names: Vec<String> =
            (0..files).map(|number| format!("824-mrinput-{number}.txt")).collect();
        for (number, name) in names.iter().enumerate() {
            let numbers = NUMBERS * number / files..NUMBERS * (number + 1) / files;
            let text: String = numbers.map(|number| format!("{number}\n")).collect();
            fs::write(folder.path().join(name), text).expect("there is room");
        }
        let job = JobSpec {
            name: "test".into(),
            folder: folder.path().to_owned(),
            files: names,
            n_reduce,
        };
        let network = Network::new();
        let end = network.clone();
        ctx.at_end(move || end.cleanup());
        Rig { folder, job, network }
    }

    /// Starts the master.
    pub(crate) fn distributed(&self) -> Arc<Master> {
        Master::distributed(&self.network, "master", self.job.clone())
    }

    /// Starts a worker.
    pub(crate) fn worker(&self, number: usize, budget: Option<u64>) {
        self.run_worker(number, budget, None);
    }

    fn run_worker(&self, number: usize, budget: Option<u64>, shared: Option<&Arc<Parallelism>>) {
        let folder = self.folder.path().to_owned();
        let parallelism = shared.map(Arc::clone);
        let worker = WorkerSpec { map, reduce, folder, budget, parallelism };
        worker.run(&self.network, "master", &format!("worker{number}"));
    }

    /// Runs the job with two workers, of which the first may have a budget, and
    /// checks the output.
    pub(crate) fn run_with_two(&self, budget: Option<u64>) -> Vec<u64> {
        let master = self.distributed();
        self.worker(0, budget);
        self.worker(1, None);
        let stats = master.wait();
        self.check();
        check_worker(&stats);
        stats
    }

    /// Starts new workers every second, each of which fails after ten requests.
    pub(crate) fn replace_workers(&self, master: &Master) {
        for pair in 0.. {
            if master.is_done() {
                return;
            }
            self.worker(2 * pair, Some(10));
            self.worker(2 * pair + 1, Some(10));
            thread::sleep(Duration::from_secs(1));
        }
    }

    /// Checks that the output holds every number once, in the order of text.
    pub(crate) fn check(&self) {
        let path = self.folder.path().join(format!("mrtmp.{}", self.job.name));
        let output = fs::read_to_string(path).expect("the output");
        let mut numbers: Vec<String> = (0..NUMBERS).map(|number| number.to_string()).collect();
        numbers.sort_unstable();
        let differ = output
            .lines()
            .zip(&numbers)
            .find(|(line, number)| line.strip_suffix(": ") != Some(number.as_str()));
        assert_eq!(differ, None, "the first line that is wrong");
        assert_eq!(output.lines().count(), NUMBERS, "the number of lines");
    }
}

/// Checks that each worker that answered at the end has done a task.
fn check_worker(stats: &[u64]) {
    assert!(stats.iter().all(|&tasks| tasks > 0), "some worker didn't do any work: {stats:?}");
}

#[test]
fn sequential_single_1A() {
    tester::test("Test (1A): sequential, one map and one reduce", |ctx| {
        let rig = Rig::new(ctx, 1, 1);
        let stats = Master::sequential(rig.job.clone(), map, reduce).wait();
        rig.check();
        check_worker(&stats);
    });
}

#[test]
fn sequential_many_1A() {
    tester::test("Test (1A): sequential, many maps and reduces", |ctx| {
        let rig = Rig::new(ctx, 5, 3);
        let stats = Master::sequential(rig.job.clone(), map, reduce).wait();
        rig.check();
        check_worker(&stats);
    });
}

#[test]
fn parallel_basic_1C() {
    tester::test("Test (1C): two workers", |ctx| {
        let rig = Rig::new(ctx, MAPS, REDUCES);
        let stats = rig.run_with_two(None);
        let tasks: u64 = stats.iter().sum();
        assert_eq!((stats.len(), tasks), (2, (MAPS + REDUCES) as u64));
    });
}

#[test]
fn parallel_check_1C() {
    tester::test("Test (1C): two workers at the same time", |ctx| {
        let rig = Rig::new(ctx, MAPS, REDUCES);
        let master = rig.distributed();
        let parallelism = Arc::new(Parallelism::default());
        rig.run_worker(0, None, Some(&parallelism));
        rig.run_worker(1, None, Some(&parallelism));
        let stats = master.wait();
        rig.check();
        check_worker(&stats);
        assert!(parallelism.max() >= 2, "workers didn't execute in parallel");
    });
}

#[test]
fn one_failure_1D() {
    tester::test("Test (1D): one worker is lost", |ctx| {
        let rig = Rig::new(ctx, MAPS, REDUCES);
        rig.run_with_two(Some(10));
    });
}

#[test]
fn many_failures_1D() {
    tester::test("Test (1D): all workers are lost, and new ones come", |ctx| {
        let rig = Rig::new(ctx, MAPS, REDUCES);
        let master = rig.distributed();
        rig.replace_workers(&master);
        rig.check();
    });
}

/// Part II.
fn count_words(_file: &str, contents: &str) -> Vec<KeyValue> {
    let pair = |word: &str| KeyValue { key: word.into(), value: "1".into() };
    mrapps::words(contents).map(pair).collect()
}

fn count_values(_key: &str, values: &[String]) -> String {
    values.len().to_string()
}

/// Part V.
fn list_words(file: &str, contents: &str) -> Vec<KeyValue> {
    let mut words: Vec<&str> = mrapps::words(contents).collect();
    words.sort_unstable();
    words.dedup();
    words.into_iter().map(|word| KeyValue { key: word.into(), value: file.into() }).collect()
}

fn list_files(_key: &str, values: &[String]) -> String {
    let mut files = values.to_vec();
    files.sort_unstable();
    format!("{} {}", files.len(), files.join(","))
}

/// Runs a job in both labs, over generated books.
fn compare_with_new_lab(
    app: &str,
    name: &str,
    map: fn(&str, &str) -> Vec<KeyValue>,
    reduce: fn(&str, &[String]) -> String,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let files: Vec<String> = (0..8).map(mapreduce::file_name).collect();
    let mut corpus = Corpus::new(2);
    for file in &files {
        let mut out = fs::File::create(folder.path().join(file)).expect("there is room");
        corpus.write(20_000, &mut out).expect("there is room");
    }
    let job = JobSpec {
        name: name.into(),
        folder: folder.path().to_owned(),
        files: files.clone(),
        n_reduce: 3,
    };
    Master::sequential(job, map, reduce).wait();
    let here: &Path = folder.path();
    let app = mrapps::lookup(app).expect("it is registered");
    sequential(app, &ProcessEnv::new(here), here, &files).expect("a quiet job");
    let read = |name: &str| fs::read_to_string(here.join(name)).expect("an output");
    let output = read(&format!("mrtmp.{name}"));
    let reference = read("mr-out-0");
    let differ = output
        .lines()
        .zip(reference.lines())
        .find(|(ours, theirs)| ours.split_once(": ") != theirs.split_once(' '));
    assert_eq!(differ, None, "the first lines that differ");
    assert_eq!(output.lines().count(), reference.lines().count());
    assert!(output.lines().count() > 1000);
}

#[test]
fn word_count_1B() {
    tester::test("Test (1B): word count", |_| {
        compare_with_new_lab("wc", "wcseq", count_words, count_values);
    });
}

#[test]
fn inverted_index_1E() {
    tester::test("Test (1E): inverted index", |_| {
        compare_with_new_lab("indexer", "iiseq", list_words, list_files);
    });
}
