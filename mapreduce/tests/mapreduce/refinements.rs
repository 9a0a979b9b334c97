//! The refinements of applications, and their limits: in one thread, without a
//! network.

use std::fs;
use std::path::Path;

use mapreduce::{ProcessEnv, counters, ihash, local, sequential};
use mrapps::{App, Combiner, Counts, Env, Records, Sink, Values};
use tempfile::TempDir;

use crate::outputs::{remove_outputs, sorted_lines};

/// The number of reduce tasks.
const REDUCES: usize = 3;

/// Sums numbers by the letter before them, with a chosen partition function and
/// combiner.
#[derive(Default)]
struct Sums {
    /// The partition function, instead of the course's.
    partition: Option<fn(&str) -> usize>,
    /// The key that the combiner emits for a key.
    combine_to: Option<fn(&str) -> &str>,
}

impl App for Sums {
    fn name(&self) -> &str {
        "sums"
    }

    fn records(&self) -> Records {
        Records::Lines
    }

    fn map(&self, env: &dyn Env, _file: &str, line: &str, sink: &mut dyn Sink) {
        env.count("lines", 1);
        for word in line.split_whitespace() {
            sink.emit(&word[..1], &word[1..]);
        }
    }

    fn combiner(&self) -> Option<&dyn Combiner> {
        self.combine_to.is_some().then_some(self)
    }

    fn partition(&self, key: &str, n_reduce: usize) -> usize {
        self.partition.map_or(ihash(key) as usize % n_reduce, |partition| partition(key))
    }

    fn reduce(&self, env: &dyn Env, _key: &str, values: Values<'_>) -> String {
        env.count("keys", 1);
        sum(values).to_string()
    }
}

impl Combiner for Sums {
    fn combine(&self, _env: &dyn Env, key: &str, values: Values<'_>, sink: &mut dyn Sink) {
        let new_key = self.combine_to.expect("there is a combiner")(key);
        sink.emit(new_key, &sum(values).to_string());
    }
}

fn sum(values: Values<'_>) -> u64 {
    values.map(|value| value.parse::<u64>().expect("a number")).sum()
}

/// Creates two inputs in a folder.
fn inputs() -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("one"), "a1 b2 a3\nc4 d5\n").expect("there is room");
    fs::write(folder.path().join("two"), "b10\n\na20 e7 e7 e8\n").expect("there is room");
    (folder, vec!["one".into(), "two".into()])
}

/// Runs a job. The error is the line that it prints.
fn run(app: &dyn App, folder: &Path, inputs: &[String]) -> Result<Counts, String> {
    local(app, &ProcessEnv::new(folder), folder, inputs, REDUCES).map_err(|error| error.to_string())
}

/// The sums of [`inputs`].
const RESULT: [&str; 5] = ["a 24", "b 12", "c 4", "d 5", "e 22"];

#[test]
fn a_job_in_one_thread_has_all_files_and_counts_MR() {
    let (folder, inputs) = inputs();
    let counts = run(&Sums::default(), folder.path(), &inputs).expect("a quiet job");
    assert_eq!(sorted_lines(folder.path(), REDUCES), RESULT);
    let of = |name: &str| counts.get(name).copied();
    assert_eq!((of("lines"), of("keys")), (Some(5), Some(5)));
    assert_eq!(of(counters::INPUT_RECORDS), Some(5));
    assert_eq!(of(counters::INPUT_BYTES), Some(15 + 18));
    assert_eq!(of(counters::OUTPUT_KEYS), Some(5));
    assert_eq!(of(counters::OUTPUT_BYTES), Some(23));
    let entries = fs::read_dir(folder.path()).expect("the folder").flatten();
    let runs: Vec<_> =
        entries.filter(|entry| entry.file_name().to_string_lossy().contains("-map-")).collect();
    assert_eq!(runs.len(), 2 * REDUCES, "one per pair of tasks: {runs:?}");
    let lengths = runs.iter().map(|run| run.metadata().expect("a run").len());
    assert_eq!(of(counters::INTERMEDIATE_BYTES), Some(lengths.sum()));
}

#[test]
fn keys_go_where_the_partition_function_says_and_ascend_there_MR() {
    let (folder, inputs) = inputs();
    let app = Sums { partition: Some(|key| usize::from(key > "b")), ..Sums::default() };
    run(&app, folder.path(), &inputs).expect("a quiet job");
    let output = |name| fs::read_to_string(folder.path().join(name)).expect("an output");
    assert_eq!(output("mr-out-0"), "a 24\nb 12\n");
    assert_eq!(output("mr-out-1"), "c 4\nd 5\ne 22\n");
    assert_eq!(output("mr-out-2"), "");
}

#[test]
fn a_partition_out_of_range_is_told_MR() {
    let (folder, inputs) = inputs();
    let app = Sums { partition: Some(|key| key.len() + 2), ..Sums::default() };
    let line = "sums in map task 0, file one: partition 3 for key \"a\", but there are only 3";
    assert_eq!(run(&app, folder.path(), &inputs), Err(line.into()));
}

#[test]
fn a_combiner_makes_runs_smaller_and_no_other_result_MR() {
    let (folder, inputs) = inputs();
    let env = ProcessEnv::new(folder.path());
    let plain = run(&Sums::default(), folder.path(), &inputs).expect("a quiet job");
    let app = Sums { combine_to: Some(|key| key), ..Sums::default() };
    let combined = run(&app, folder.path(), &inputs).expect("a quiet job");
    assert_eq!(sorted_lines(folder.path(), REDUCES), RESULT);
    let bytes = |counts: &Counts| counts[counters::INTERMEDIATE_BYTES];
    assert!(bytes(&combined) < bytes(&plain), "{combined:?} {plain:?}");
    // The reference uses no combiner.
    let never = Sums { combine_to: Some(|_| unreachable!()), ..Sums::default() };
    remove_outputs(folder.path());
    sequential(&never, &env, folder.path(), &inputs).expect("a quiet job");
    assert_eq!(sorted_lines(folder.path(), 1), RESULT);
}

#[test]
fn a_combiner_that_changes_keys_is_told_MR() {
    let (folder, inputs) = inputs();
    let app = Sums { combine_to: Some(|_| "z"), ..Sums::default() };
    let line = run(&app, folder.path(), &inputs).expect_err("a rule is broken");
    let begin = "sums in map task 0, file one: its combiner got key \"";
    assert!(line.starts_with(begin) && line.ends_with(" and emitted key \"z\""), "{line}");
}

/// A file without lines, such as a binary one: the job reports it before it calls
/// Map.
#[test]
fn a_record_longer_than_the_limit_is_told_MR() {
    let (folder, inputs) = inputs();
    let mut text = b"a1\n".to_vec();
    text.resize(3 + (16 << 20) + 1, b' ');
    fs::write(folder.path().join("two"), text).expect("there is room");
    let line = "cannot read input two, line 2 at byte 3: the record is longer than 16 MiB";
    assert_eq!(run(&Sums::default(), folder.path(), &inputs), Err(line.into()));
}

#[test]
fn a_panic_names_the_record_MR() {
    let (folder, inputs) = inputs();
    fs::write(folder.path().join("two"), "b10\nä\n").expect("there is room");
    let line = run(&Sums::default(), folder.path(), &inputs).expect_err("a panic");
    let begin = "sums panicked in map task 1, file two, line 2 at byte 4: ";
    assert!(line.starts_with(begin), "{line}");
}
