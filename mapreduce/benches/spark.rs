//! The same word count on this engine and on Apache Spark, over the same
//! generated text, one after the other on this machine: CPU time and memory are
//! of all processes together.
//!
//! ```console
//! $ cargo bench -p mapreduce --bench spark            # 100 MB
//! $ cargo bench -p mapreduce --bench spark -- 1000    # 1 GB
//! ```
//!
//! Java and a network are needed, see docs/mapreduce-scale.md.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::{Command, Stdio};

use labrt::thread;
use labrt::time::{Duration, Instant};
use mapreduce::{Corpus, file_name};

/// Files of the text.
const FILES: usize = 32;

/// Workers of ours. Spark takes all processors.
const WORKERS: usize = 2;

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(50);

fn main() {
    let megabytes = std::env::args().filter_map(|argument| argument.parse().ok()).next();
    let megabytes: usize = megabytes.unwrap_or(100);
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path();
    let inputs = write_text(folder, megabytes * 1_000_000).expect("there is room");

    adopt_orphans();
    // An application that there is not: the script makes everything ready, and
    // ends before Spark begins.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/mr-on-spark");
    let _ = Command::new(script).args(["none", "-", "-"]).stderr(Stdio::null()).status();
    measure("ours", || job(folder, &inputs));
    measure("spark", || {
        let mut command = Command::new(script);
        start(command.arg("wc").args(&inputs).arg("out").current_dir(folder));
    });
    let ours = sorted_lines(folder, "mr-out-");
    assert!(ours == sorted_lines(&folder.join("out"), "part-"), "the outputs differ");
    println!("outputs are equal: {} lines", ours.len());
}

/// Writes the text, and gives the names of its files.
fn write_text(folder: &Path, bytes: usize) -> io::Result<Vec<String>> {
    let mut corpus = Corpus::new(1);
    let names: Vec<String> = (0..FILES).map(file_name).collect();
    for name in &names {
        corpus.write(bytes / FILES, &mut BufWriter::new(File::create(folder.join(name))?))?;
    }
    Ok(names)
}

/// Starts a job of ours.
fn job(folder: &Path, inputs: &[String]) {
    let socket = folder.join("5840-mr-bench");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrcoordinator"));
    start(command.arg(&socket).args(inputs).current_dir(folder));
    while !socket.exists() {
        thread::sleep(Duration::from_millis(1));
    }
    for _ in 0..WORKERS {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrworker"));
        start(command.arg("wc").arg(&socket).current_dir(folder));
    }
}

/// Starts a process, which `measure` waits for.
fn start(command: &mut Command) {
    drop(command.stdin(Stdio::null()).spawn().expect("the program starts"));
}

/// Waits until all processes have ended that `begin` starts, and all of theirs,
/// and tells what they used.
///
/// The system adds up the CPU time of those that were waited for. Spark does not
/// wait for its Python processes, so what each was last seen to have used is
/// added up as well, and the greater sum counts.
fn measure(name: &str, begin: impl FnOnce()) {
    let (before, time) = (cpu_of_children(), Instant::now());
    begin();
    let (mut peak, mut seen) = (0, BTreeMap::new());
    while reap() {
        let family = descendants();
        peak = peak.max(family.iter().filter_map(|process| memory(process.id)).sum());
        seen.extend(family.iter().map(|process| ((process.id, process.begin), process.cpu)));
        thread::sleep(LOOK);
    }
    let (wall, waited) = (time.elapsed().as_secs_f64(), cpu_of_children() - before);
    let cpu = waited.max(seen.values().sum()).as_secs_f64();
    println!("{name:6} wall_s={wall:.2} cpu_s={cpu:.2} peak_MB={}", peak / 1_000_000);
}

/// Processes whose parents die become children of this one, and are counted.
fn adopt_orphans() {
    // SAFETY: a plain system call.
    let result = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// Waits for those children that have ended, all of which must end well. False
/// if none is left.
fn reap() -> bool {
    loop {
        let mut status = 0;
        // SAFETY: the pointer has room for what the call writes, and nobody else
        // waits for children.
        match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
            0 => return true,
            -1 => return false,
            // Spark ends its Python processes by signals.
            _ => assert!(libc::WIFSIGNALED(status) || status == 0, "a program failed"),
        }
    }
}

/// What all children have used that were waited for, and theirs.
fn cpu_of_children() -> Duration {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer has room for what the call writes.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// A process, as the system tells of it.
struct Process {
    id: u32,
    parent: u32,
    /// In the system's ticks: tells it from an earlier process of the same id.
    begin: u64,
    cpu: Duration,
}

/// All processes below this one.
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

/// The process of that id, if it still is there.
fn process(id: u32) -> Option<Process> {
    // The name, in parentheses, may hold anything.
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    // A tick is a hundredth of a second on every Linux of today.
    let cpu = Duration::from_millis(10 * (number(11)? + number(12)?));
    Some(Process { id, parent: number(1)? as u32, begin: number(19)?, cpu })
}

/// A process's own memory and its part of what it shares, in bytes.
fn memory(id: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// The lines of all files in a folder that are called so, sorted.
fn sorted_lines(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder").flatten();
    let texts: Vec<String> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| fs::read_to_string(entry.path()).expect("an output"))
        .collect();
    let mut lines: Vec<String> =
        texts.iter().flat_map(|text| text.lines()).map(Into::into).collect();
    lines.sort_unstable();
    lines
}
