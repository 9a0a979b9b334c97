//! Shared by the two benchmarks of MapReduce: a word count over a generated
//! text, with the programs of the package `mapreduce`.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use labrt::thread;
use labrt::time::Duration;
use mapreduce::{Corpus, file_name};

/// The number of files that hold the text.
pub(crate) const FILES: usize = 32;

/// The file for the counters of a job.
pub(crate) const COUNTERS: &str = "counters";

/// Returns the size of the text in megabytes: the first argument that is a
/// number, or 100.
pub(crate) fn megabytes() -> usize {
    std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100)
}

/// Writes the text, and returns the names of its files.
pub(crate) fn write_text(folder: &Path, bytes: usize) -> io::Result<Vec<String>> {
    let mut corpus = Corpus::new(1);
    let names: Vec<String> = (0..FILES).map(file_name).collect();
    for name in &names {
        corpus.write(bytes / FILES, &mut BufWriter::new(File::create(folder.join(name))?))?;
    }
    Ok(names)
}

/// The programs of MapReduce, built for release.
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Builds the programs. Cargo builds them automatically only for targets of
    /// their own package.
    pub(crate) fn build() -> Programs {
        let this = std::env::current_exe().expect("the system knows the path of a running program");
        // This is TARGET/release/deps/NAME.
        let target = this.ancestors().nth(3).expect("Cargo keeps programs in its target folder");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--release", "-p", "mapreduce", "--bins"]);
        cargo.current_dir(env!("CARGO_MANIFEST_DIR")).arg("--target-dir").arg(target);
        assert!(
            cargo.status().expect("Cargo starts").success(),
            "the programs of mapreduce do not build"
        );
        Programs { folder: target.join("release") }
    }

    /// Returns a command that runs a program in a folder.
    pub(crate) fn command(&self, name: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.current_dir(folder).stdin(Stdio::null());
        command
    }

    /// Starts a job, and returns all its processes.
    pub(crate) fn start_job(&self, folder: &Path, inputs: &[String], workers: usize) -> Vec<Child> {
        let socket = folder.join("5840-mr-bench");
        let start = |command: &mut Command| command.spawn().expect("the program starts");
        let counters = File::create(folder.join(COUNTERS)).expect("there is room");
        let mut coordinator = self.command("mrcoordinator", folder);
        coordinator.args(["--counters", "--socket"]).arg(&socket).args(inputs).stdout(counters);
        let coordinator = start(&mut coordinator);
        while !socket.exists() {
            thread::sleep(Duration::from_millis(1));
        }
        let worker =
            |_| start(self.command("mrworker", folder).args(["wc", "--socket"]).arg(&socket));
        let mut processes: Vec<Child> = (0..workers).map(worker).collect();
        processes.push(coordinator);
        processes
    }
}

/// Returns the CPU time of a system's report.
pub(crate) fn cpu(usage: &libc::rusage) -> Duration {
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// Returns the sorted lines of all files in a folder whose names start with
/// `prefix`.
pub(crate) fn sorted_lines(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder exists").flatten();
    let texts: Vec<String> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| fs::read_to_string(entry.path()).expect("the output is readable"))
        .collect();
    let mut lines: Vec<String> =
        texts.iter().flat_map(|text| text.lines()).map(Into::into).collect();
    lines.sort_unstable();
    lines
}
