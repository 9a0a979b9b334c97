//! One map task, one reduce task, and the merge of all results (part I).

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use super::protocol::{KeyValue, MapFunction, ReduceFunction};
use mrapps::ihash;

/// Returns the name of the file of map task `map` for reduce task `reduce`.
fn reduce_name(job: &str, map: usize, reduce: usize) -> String {
    format!("mrtmp.{job}-{map}-{reduce}")
}

/// Returns the name of the file with the results of a reduce task.
fn result_name(job: &str, reduce: usize) -> String {
    format!("mrtmp.{job}-res-{reduce}")
}

/// Runs map task `task`: writes a file for each reduce task.
pub(super) fn do_map(
    folder: &Path,
    job: &str,
    task: usize,
    file: &str,
    n_reduce: usize,
    map: MapFunction,
) {
    let contents = fs::read_to_string(folder.join(file)).or_die(file);
    let mut partitions: Vec<Vec<KeyValue>> = vec![Vec::new(); n_reduce];
    for pair in map(file, &contents) {
        partitions[ihash(&pair.key) as usize % n_reduce].push(pair);
    }
    for (reduce, pairs) in partitions.iter().enumerate() {
        write_pairs(folder, &reduce_name(job, task, reduce), pairs);
    }
}

/// Runs reduce task `task`: keys ascending, the values of each in the order of
/// the map tasks.
pub(super) fn do_reduce(
    folder: &Path,
    job: &str,
    task: usize,
    n_map: usize,
    reduce: ReduceFunction,
) {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for map in 0..n_map {
        for pair in read_pairs(folder, &reduce_name(job, map, task)) {
            groups.entry(pair.key).or_default().push(pair.value);
        }
    }
    let result = |(key, values): (String, Vec<String>)| {
        let value = reduce(&key, &values);
        KeyValue { key, value }
    };
    let results: Vec<KeyValue> = groups.into_iter().map(result).collect();
    write_pairs(folder, &result_name(job, task), &results);
}

/// Merges all results into the job's output.
pub(super) fn merge(folder: &Path, job: &str, n_reduce: usize) {
    let mut results: Vec<KeyValue> = Vec::new();
    for reduce in 0..n_reduce {
        results.extend(read_pairs(folder, &result_name(job, reduce)));
    }
    results.sort_unstable();
    write_lines(folder, &format!("mrtmp.{job}"), &results, |out, KeyValue { key, value }| {
        writeln!(out, "{key}: {value}")
    });
}

fn write_pairs(folder: &Path, name: &str, pairs: &[KeyValue]) {
    write_lines(folder, name, pairs, |out, pair| {
        serde_json::to_writer(&mut *out, pair)?;
        writeln!(out)
    });
}

fn read_pairs(folder: &Path, name: &str) -> Vec<KeyValue> {
    let lines = BufReader::new(File::open(folder.join(name)).or_die(name)).lines();
    lines.map(|line| serde_json::from_str(&line.or_die(name)).or_die(name)).collect()
}

/// Writes a file, item by item.
pub(super) fn write_lines<T>(
    folder: &Path,
    name: &str,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut BufWriter<File>, T) -> io::Result<()>,
) {
    let mut out = BufWriter::new(File::create(folder.join(name)).or_die(name));
    for item in items {
        write(&mut out, item).or_die(name);
    }
    out.flush().or_die(name);
}

/// Ends the thread after an error, as Go's `log.Fatal` ends the process.
pub(super) trait OrDie<T> {
    /// Returns the value. Panics with the file's name if there is an error.
    fn or_die(self, file: &str) -> T;
}

impl<T, E: fmt::Display> OrDie<T> for Result<T, E> {
    #[track_caller]
    fn or_die(self, file: &str) -> T {
        match self {
            Ok(value) => value,
            Err(error) => panic!("{file}: {error}"),
        }
    }
}
