//! Runs the programs as processes, as the course's Go test of 2026 does.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use labrt::thread;
use labrt::time::{Duration, Instant};
use tempfile::TempDir;

use crate::outputs::{assert_same, read_outputs, sorted_lines};

/// How long to wait between two checks of a condition that cannot notify us.
const LOOK: Duration = Duration::from_millis(5);

/// How long a program may run, as in the course's script.
pub(crate) const LIMIT: Duration = Duration::from_secs(45);

/// A generous limit for a program that has little to do.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Runs a program that ends soon.
pub(crate) fn run(name: &'static str, arguments: &[&str]) -> Ended {
    Process::start(name, program(name).args(arguments)).end_within(SOON)
}

/// Returns the command of a program of this package.
pub(crate) fn program(name: &str) -> Command {
    let binary = match name {
        "mrcoordinator" => env!("CARGO_BIN_EXE_mrcoordinator"),
        "mrworker" => env!("CARGO_BIN_EXE_mrworker"),
        "mrapp" => env!("CARGO_BIN_EXE_mrapp"),
        "mrsequential" => env!("CARGO_BIN_EXE_mrsequential"),
        "mrgen" => env!("CARGO_BIN_EXE_mrgen"),
        other => panic!("there is no program {other}"),
    };
    let mut command = Command::new(binary);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

/// A process that does not outlive its test.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
}

impl Process {
    /// Returns its id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit status.
    pub(crate) status: ExitStatus,
    /// What it wrote to the standard error, if that is a pipe.
    pub(crate) stderr: String,
    /// What it wrote to the standard output, if that is a pipe.
    pub(crate) stdout: String,
}

impl Ended {
    /// Fails with the last lines of the standard error if the process has failed.
    #[track_caller]
    pub(crate) fn assert_success(&self, name: &str) {
        let lines: Vec<&str> = self.stderr.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        assert!(self.status.success(), "{name}: {}\n{last}", self.status);
    }
}

/// A job that has ended.
pub(crate) struct EndedJob {
    pub(crate) coordinator: Ended,
    pub(crate) workers: Vec<Ended>,
    /// The outputs when the coordinator had ended.
    pub(crate) output: Vec<String>,
}

impl Process {
    /// Starts a program.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Self {
        Process { name, child: command.spawn().expect("the program starts") }
    }

    /// Returns whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    /// Waits for its end for at most `limit`. Returns whether it has ended.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> bool {
        let begin = Instant::now();
        while !self.has_ended() {
            if begin.elapsed() >= limit {
                return false;
            }
            thread::sleep(LOOK);
        }
        true
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not end within `limit`.
    pub(crate) fn end_within(mut self, limit: Duration) -> Ended {
        assert!(self.ends_within(limit), "{} still runs after {limit:?}", self.name);
        let mut stderr = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_string(&mut stderr).expect("programs write text");
        }
        let mut stdout = String::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            pipe.read_to_string(&mut stdout).expect("programs write text");
        }
        Ended { status: self.child.wait().expect("it is our child"), stderr, stdout }
    }

    /// Waits for the first line that it writes to the standard error.
    pub(crate) fn first_line(&mut self) -> String {
        let pipe = self.child.stderr.as_mut().expect("the standard error is a pipe");
        #[expect(clippy::unbuffered_bytes, reason = "a buffer would keep the lines that follow")]
        let bytes = pipe.bytes().map(|byte| byte.expect("the pipe can be read"));
        let line = bytes.take_while(|&byte| byte != b'\n').collect();
        String::from_utf8(line).expect("programs write text")
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}

/// A place for one job: inputs in `in`, workers in `job`, the coordinator in
/// `coordinator`, the reference in `reference`, and the socket.
pub(crate) struct Place {
    root: TempDir,
    /// The inputs, as paths that are valid in all folders.
    pub(crate) inputs: Vec<String>,
}

impl Place {
    /// Returns a place whose inputs have the names and the size of the course's eight
    /// books.
    pub(crate) fn with_books() -> Self {
        Self::new(8, 3_300_000)
    }

    /// Returns a place with `files` inputs of `bytes` bytes in total.
    pub(crate) fn new(files: usize, bytes: usize) -> Self {
        let root = tempfile::Builder::new().prefix("mr-tmp-").tempdir().expect("a folder");
        for folder in ["in", "job", "coordinator", "reference"] {
            fs::create_dir(root.path().join(folder)).expect("a folder");
        }
        let mut corpus = mapreduce::Corpus::new(1);
        let names: Vec<String> = (0..files).map(mapreduce::file_name).collect();
        for name in &names {
            let mut file = fs::File::create(root.path().join("in").join(name)).expect("a file");
            corpus.write(bytes / files, &mut file).expect("there is room");
        }
        let inputs = names.iter().map(|name| format!("../in/{name}")).collect();
        Place { root, inputs }
    }

    /// Returns the folder of the workers.
    pub(crate) fn job(&self) -> PathBuf {
        self.root.path().join("job")
    }

    /// Returns the folder of the reference, in which no worker runs.
    pub(crate) fn reference_folder(&self) -> PathBuf {
        self.root.path().join("reference")
    }

    /// Returns the path of the coordinator's socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.root.path().join("5840-mr-socket")
    }

    /// Starts a coordinator, in another folder than the workers', and waits for
    /// its socket.
    pub(crate) fn coordinator(&self) -> Process {
        self.coordinator_with(&[])
    }

    /// Starts a coordinator with options, and waits for its socket.
    pub(crate) fn coordinator_with(&self, options: &[&str]) -> Process {
        self.start_coordinator(&mut self.coordinator_command(options))
    }

    /// Returns the command of a coordinator.
    pub(crate) fn coordinator_command(&self, options: &[&str]) -> Command {
        let mut command = program("mrcoordinator");
        command.stdout(Stdio::piped()).args(options);
        command.current_dir(self.root.path().join("coordinator"));
        command.arg("--socket").arg(self.socket()).args(&self.inputs);
        command
    }

    /// Starts a coordinator, and waits for its socket.
    pub(crate) fn start_coordinator(&self, command: &mut Command) -> Process {
        let mut coordinator = Process::start("mrcoordinator", command);
        while !self.socket().exists() && !coordinator.has_ended() {
            thread::sleep(LOOK);
        }
        coordinator
    }

    /// Returns the command of a worker.
    pub(crate) fn worker_command(&self, app: &str) -> Command {
        let mut command = program("mrworker");
        command.current_dir(self.job()).arg(app).arg("--socket").arg(self.socket());
        command
    }

    /// Starts a worker.
    pub(crate) fn worker(&self, app: &str) -> Process {
        Process::start("mrworker", &mut self.worker_command(app))
    }

    /// Runs a whole job, in which all programs must succeed. Returns the output at
    /// the moment when the coordinator has ended, which is final.
    pub(crate) fn run(&self, app: &str, workers: usize) -> Vec<String> {
        let coordinator = self.coordinator();
        let workers: Vec<Process> = (0..workers).map(|_| self.worker(app)).collect();
        let ended = coordinator.end_within(LIMIT);
        self.judge(ended, workers, |worker| worker.assert_success("mrworker")).output
    }

    /// Reads the outputs of a job whose coordinator has just ended, and waits for the
    /// workers. Checks the exit statuses first: they say why an output is missing.
    pub(crate) fn judge(
        &self,
        coordinator: Ended,
        workers: Vec<Process>,
        check: impl Fn(&Ended),
    ) -> EndedJob {
        let output = self.read_output();
        let workers = workers.into_iter().map(|worker| worker.end_within(LIMIT));
        let workers: Vec<Ended> = workers.inspect(check).collect();
        coordinator.assert_success("mrcoordinator");
        let output = output.unwrap_or_else(|error| panic!("when the coordinator ended: {error}"));
        assert_same(&self.output(), &output);
        assert!(!self.socket().exists(), "the coordinator removes its socket");
        EndedJob { coordinator, workers, output }
    }

    /// Runs a job with `workers` workers, and replaces each worker that ends. Calls
    /// `meddle` regularly. Returns the output.
    pub(crate) fn keep_running(
        &self,
        app: &str,
        workers: usize,
        limit: Duration,
        meddle: impl FnMut(&mut [Process]),
    ) -> Vec<String> {
        self.keep_running_with(&[], app, workers, limit, meddle).output
    }

    /// Does the same with options for the coordinator. Returns how the coordinator
    /// and each worker ended.
    pub(crate) fn keep_running_with(
        &self,
        options: &[&str],
        app: &str,
        workers: usize,
        limit: Duration,
        mut meddle: impl FnMut(&mut [Process]),
    ) -> EndedJob {
        let mut coordinator = self.coordinator_with(options);
        let mut running: Vec<Process> = (0..workers).map(|_| self.worker(app)).collect();
        let mut gone = Vec::new();
        let begin = Instant::now();
        while !coordinator.has_ended() {
            assert!(begin.elapsed() < limit, "the job still runs after {limit:?}");
            meddle(&mut running);
            for worker in &mut running {
                if worker.has_ended() {
                    gone.push(std::mem::replace(worker, self.worker(app)));
                }
            }
            thread::sleep(LOOK);
        }
        let ended = coordinator.end_within(LIMIT);
        gone.extend(running);
        self.judge(ended, gone, |_| {})
    }

    /// Replaces a generated input.
    pub(crate) fn write_input(&self, number: usize, text: &str) {
        fs::write(self.job().join(&self.inputs[number]), text).expect("there is room");
    }

    /// Returns the lines of all outputs together, sorted, or an error.
    pub(crate) fn read_output(&self) -> Result<Vec<String>, String> {
        read_outputs(&self.job(), 10)
    }

    /// Returns the lines of all outputs together, sorted.
    pub(crate) fn output(&self) -> Vec<String> {
        sorted_lines(&self.job(), 10)
    }

    /// Returns the output of `mrsequential` for the same inputs.
    pub(crate) fn reference(&self, app: &str) -> Vec<String> {
        let folder = self.reference_folder();
        let mut command = program("mrsequential");
        command.current_dir(&folder).arg(app).args(&self.inputs);
        Process::start("mrsequential", &mut command)
            .end_within(LIMIT)
            .assert_success("mrsequential");
        sorted_lines(&folder, 1)
    }

    /// Returns the names in the workers' folder that begin with `prefix`.
    pub(crate) fn files(&self, prefix: &str) -> Vec<String> {
        let entries = fs::read_dir(self.job()).expect("the folder").flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.starts_with(prefix)).collect()
    }
}
