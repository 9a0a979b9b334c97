//! Compares a word count on this engine with the same one on Apache Spark, over
//! the same generated text, one after the other on this machine. CPU time and
//! memory are those of all processes together.
//!
//! ```console
//! $ cargo bench -p benches --bench spark            # 100 MB
//! $ cargo bench -p benches --bench spark -- 1000    # 1 GB
//! ```
//!
//! This needs Java and a network: see docs/mapreduce-scale.md.

#![expect(clippy::disallowed_macros, reason = "a benchmark may end if its output is closed")]

mod job;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::process::{Command, Stdio};

use labrt::thread;
use labrt::time::{Duration, Instant};

/// The number of workers of this engine. Spark takes all processors.
const WORKERS: usize = 2;

/// The time between two samples of the memory.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(50);

fn main() {
    let megabytes = job::megabytes();
    let programs = job::Programs::build();
    let root = tempfile::tempdir().expect("the system has a temporary directory");
    let folder = root.path();
    let inputs =
        job::write_text(folder, megabytes * 1_000_000).expect("the disk has room for the text");

    adopt_orphans();
    // No application has this name: the script prepares everything, and ends before
    // Spark starts.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/mr-on-spark");
    let _ = Command::new(script).args(["none", "-", "-"]).stderr(Stdio::null()).status();
    measure("ours", || drop(programs.start_job(folder, &inputs, WORKERS)));
    measure("spark", || {
        let mut command = Command::new(script);
        command.arg("wc").args(&inputs).arg("out").current_dir(folder).stdin(Stdio::null());
        drop(command.spawn().expect("the script starts"));
    });
    let ours = job::sorted_lines(folder, "mr-out-");
    assert!(ours == job::sorted_lines(&folder.join("out"), "part-"), "the outputs differ");
    println!("outputs are equal: {} lines", ours.len());
}

/// Waits until all processes that `begin` starts, and all of theirs, have
/// ended. Prints what they used.
///
/// The system adds up the CPU time of processes whose parents wait for them.
/// Spark does not wait for its Python processes, so this function also adds up
/// the last sample of each process. It prints the greater sum.
fn measure(name: &str, begin: impl FnOnce()) {
    let (before, time) = (cpu_of_children(), Instant::now());
    begin();
    let (mut peak, mut seen) = (0, BTreeMap::new());
    while reap() {
        let family = descendants();
        peak = peak.max(family.iter().filter_map(|process| memory(process.id)).sum());
        seen.extend(family.iter().map(|process| ((process.id, process.begin), process.cpu)));
        thread::sleep(SAMPLE_INTERVAL);
    }
    let (wall, waited) = (time.elapsed().as_secs_f64(), cpu_of_children() - before);
    let cpu = waited.max(seen.values().sum()).as_secs_f64();
    println!("{name:6} wall_s={wall:.2} cpu_s={cpu:.2} peak_MB={}", peak / 1_000_000);
}

/// Makes processes whose parents have ended children of this one, so that they
/// count.
fn adopt_orphans() {
    // SAFETY: a plain system call.
    let result = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// Waits for the children that have ended, all of which must have succeeded.
/// Returns false if no child is left.
fn reap() -> bool {
    loop {
        let mut status = 0;
        // SAFETY: the pointer has room for what the call writes, and no other code
        // waits for children.
        match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
            0 => return true,
            -1 => return false,
            // Spark kills its Python processes by signals.
            _ => assert!(libc::WIFSIGNALED(status) || status == 0, "a program failed"),
        }
    }
}

/// Returns the CPU time of all children that this process has waited for, and
/// of theirs.
fn cpu_of_children() -> Duration {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer has room for what the call writes.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    job::cpu(&usage)
}

/// A process, as the system reports it.
struct Process {
    id: u32,
    parent: u32,
    /// The start time in the system's ticks; distinguishes processes with the
    /// same id.
    begin: u64,
    cpu: Duration,
}

/// Returns all descendants of this process.
fn descendants() -> Vec<Process> {
    let mut others: Vec<Process> = (fs::read_dir("/proc").expect("Linux has it").flatten())
        .filter_map(|entry| process(entry.file_name().to_str()?.parse().ok()?))
        .collect();
    let mut family = Vec::new();
    let mut parents = vec![std::process::id()];
    while !parents.is_empty() {
        let (children, rest): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|process| parents.contains(&process.parent));
        parents = children.iter().map(|process| process.id).collect();
        family.extend(children);
        others = rest;
    }
    family
}

/// Returns the process with that id, if it still exists.
fn process(id: u32) -> Option<Process> {
    // The name, in parentheses, may contain any characters.
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    // A tick is a hundredth of a second on every current Linux.
    let cpu = Duration::from_millis(10 * (number(11)? + number(12)?));
    Some(Process { id, parent: number(1)? as u32, begin: number(19)?, cpu })
}

/// Returns the memory of a process with its part of shared memory (PSS), in
/// bytes.
fn memory(id: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
