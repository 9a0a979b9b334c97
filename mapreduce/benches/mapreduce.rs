//! Word count over a generated text: CPU time, peak memory and intermediate
//! bytes of all processes together.
//!
//! ```console
//! $ cargo bench -p mapreduce --bench mapreduce            # 100 MB
//! $ cargo bench -p mapreduce --bench mapreduce -- 1000    # 1 GB
//! ```

use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use labrt::thread;
use labrt::time::{Duration, Instant};
use mapreduce::{Corpus, file_name};

/// Files of the text.
const FILES: usize = 32;

/// What processes have used.
#[derive(Clone, Copy, Default)]
struct Usage {
    cpu: Duration,
    /// The most that one of them used, in kB.
    peak: i64,
}

fn main() {
    let megabytes = std::env::args().filter_map(|argument| argument.parse().ok()).next();
    let megabytes: usize = megabytes.unwrap_or(100);
    let root = tempfile::tempdir().expect("a folder");
    let inputs = write_text(root.path(), megabytes * 1_000_000).expect("there is room");

    let report = |name: &str, used: Usage, wall: Duration, intermediate: u64| {
        let (cpu, wall) = (used.cpu.as_secs_f64(), wall.as_secs_f64());
        let (per_mb, peak) = (cpu / megabytes as f64, used.peak / 1024);
        let ratio = intermediate as f64 / (megabytes as f64 * 1e6);
        println!(
            "{name:12} wall_s={wall:.2} cpu_s={cpu:.2} cpu_s_per_MB={per_mb:.4} peak_MB={peak} \
             intermediate_per_byte={ratio:.3}"
        );
    };
    let begin = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrsequential"));
    let child = start(command.arg("wc").args(&inputs).current_dir(&root));
    report("sequential", reap(child), begin.elapsed(), 0);
    let reference = sorted_output(root.path(), 1);
    for workers in [1, 2] {
        let begin = Instant::now();
        let used = job(root.path(), &inputs, workers);
        let wall = begin.elapsed();
        report(&format!("workers={workers}"), used, wall, intermediate(root.path()));
        assert!(sorted_output(root.path(), 10) == reference, "the outputs differ");
    }
}

/// Writes the text, and gives the names of its files.
fn write_text(folder: &Path, bytes: usize) -> io::Result<Vec<String>> {
    let mut corpus = Corpus::new(1);
    let names: Vec<String> = (0..FILES).map(file_name).collect();
    for name in &names {
        let mut out = io::BufWriter::new(fs::File::create(folder.join(name))?);
        corpus.write(bytes / FILES, &mut out)?;
    }
    Ok(names)
}

/// A whole job, and what all its processes used.
fn job(folder: &Path, inputs: &[String], workers: usize) -> Usage {
    let socket = folder.join("5840-mr-bench");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrcoordinator"));
    let coordinator = start(command.arg(&socket).args(inputs).current_dir(folder));
    while !socket.exists() {
        thread::sleep(Duration::from_millis(1));
    }
    let start_worker = |_| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrworker"));
        start(command.arg("wc").arg(&socket).current_dir(folder))
    };
    let mut processes: Vec<Child> = (0..workers).map(start_worker).collect();
    processes.push(coordinator);
    processes.into_iter().map(reap).fold(Usage::default(), |sum, next| Usage {
        cpu: sum.cpu + next.cpu,
        peak: sum.peak.max(next.peak),
    })
}

fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).spawn().expect("the program starts")
}

/// Waits for a process, which must end well.
fn reap(child: Child) -> Usage {
    let id = libc::pid_t::try_from(child.id()).expect("the system's ids fit its own type");
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::zeroed());
    // SAFETY: both pointers have room for what the call writes, and nobody else
    // waits for this child.
    let reaped = unsafe { libc::wait4(id, &raw mut status, 0, usage.as_mut_ptr()) };
    assert_eq!((reaped, status), (id, 0), "a program failed");
    // SAFETY: the call has written it.
    let usage = unsafe { usage.assume_init() };
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    Usage { cpu: time(usage.ru_utime) + time(usage.ru_stime), peak: usage.ru_maxrss }
}

/// The bytes between map and reduce.
fn intermediate(folder: &Path) -> u64 {
    let runs = (0..FILES).flat_map(|map| (0..10).map(move |reduce| format!("mr-{map}-{reduce}")));
    runs.map(|name| fs::metadata(folder.join(name)).expect("a run").len()).sum()
}

fn sorted_output(folder: &Path, outputs: usize) -> Vec<String> {
    let read = |number| fs::read_to_string(folder.join(format!("mr-out-{number}")));
    let texts: Vec<String> = (0..outputs).map(|number| read(number).expect("an output")).collect();
    let mut lines: Vec<String> =
        texts.iter().flat_map(|text| text.lines()).map(Into::into).collect();
    lines.sort_unstable();
    lines
}
