//! Word count over a generated text: CPU time, peak memory and intermediate
//! bytes of all processes together.
//!
//! ```console
//! $ cargo bench -p benches --bench mapreduce            # 100 MB
//! $ cargo bench -p benches --bench mapreduce -- 1000    # 1 GB
//! ```

#![expect(clippy::disallowed_macros, reason = "a benchmark may end if its output is closed")]

mod job;

use std::fs;
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::Child;

use labrt::time::{Duration, Instant};

/// The resources that processes have used.
#[derive(Clone, Copy, Default)]
struct Usage {
    cpu: Duration,
    /// The largest memory of one process, in kB.
    peak: i64,
}

fn main() {
    let megabytes = job::megabytes();
    let programs = job::Programs::build();
    let root = tempfile::tempdir().expect("the system has a temporary directory");
    let folder = root.path();
    let inputs =
        job::write_text(folder, megabytes * 1_000_000).expect("the disk has room for the text");

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
    let mut command = programs.command("mrsequential", folder);
    let child = command.arg("wc").args(&inputs).spawn().expect("the program starts");
    report("sequential", reap(child), begin.elapsed(), 0);
    let reference = job::sorted_lines(folder, "mr-out-");
    for workers in [1, 2] {
        let begin = Instant::now();
        let used = sum(programs.start_job(folder, &inputs, workers));
        let wall = begin.elapsed();
        report(&format!("workers={workers}"), used, wall, intermediate(folder));
        assert!(job::sorted_lines(folder, "mr-out-") == reference, "the outputs differ");
    }
}

/// Waits for processes, and returns their total usage.
fn sum(processes: Vec<Child>) -> Usage {
    processes.into_iter().map(reap).fold(Usage::default(), |sum, next| Usage {
        cpu: sum.cpu + next.cpu,
        peak: sum.peak.max(next.peak),
    })
}

/// Waits for a process, which must succeed, and returns its usage.
fn reap(child: Child) -> Usage {
    let id = libc::pid_t::try_from(child.id()).expect("the system's ids fit its own type");
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::zeroed());
    // SAFETY: both pointers have room for what the call writes, and no other code
    // waits for this child.
    let reaped = unsafe { libc::wait4(id, &raw mut status, 0, usage.as_mut_ptr()) };
    assert_eq!((reaped, status), (id, 0), "a program failed");
    // SAFETY: the call has written it.
    let usage = unsafe { usage.assume_init() };
    Usage { cpu: job::cpu(&usage), peak: usage.ru_maxrss }
}

/// Returns the bytes between map and reduce, as the job has counted them.
fn intermediate(folder: &Path) -> u64 {
    let counters = fs::read_to_string(folder.join(job::COUNTERS)).expect("the job has ended");
    let mut lines = counters.lines();
    let sum = lines.find_map(|line| line.strip_prefix("mr.intermediate_bytes="));
    sum.and_then(|sum| sum.parse().ok()).expect("every job counts its intermediate bytes")
}
