//! Strangers at the coordinator's socket, and a system that refuses descriptors and
//! threads: the job continues.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{fs, io};

use labrt::thread;
use labrt::time::Duration;

use crate::outputs::assert_same;
use crate::processes::{LIMIT, Place, Process, program};

/// A limit that leaves a coordinator room for itself, a worker and some strangers.
const ROOM: u64 = 40;

/// The id of a user without any process.
const NEW_USER: u32 = 54_321;

/// Sets a system limit for a program.
fn limit(command: &mut Command, resource: libc::__rlimit_resource_t, most: u64) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    let set = move || {
        // SAFETY: a plain system call, which is allowed between fork and exec.
        let result = unsafe { libc::setrlimit(resource, &limit) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: the closure only makes a system call.
    unsafe { command.pre_exec(set) };
}

/// Returns the number of threads in all processes of a user.
fn threads_of(user: u32) -> u64 {
    let processes = fs::read_dir("/proc").expect("the processes").flatten();
    let threads = |status: String| {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        (field("Uid:") == Some(user.into())).then(|| field("Threads:")).flatten()
    };
    processes
        .filter_map(|process| fs::read_to_string(process.path().join("status")).ok())
        .filter_map(threads)
        .sum()
}

/// Runs a job while slow strangers connect to its coordinator, which `restrict`
/// leaves with fewer resources than they need. The job must succeed.
fn job_goes_on(restrict: impl FnOnce(&mut Command)) {
    let place = Place::new(4, 100_000);
    let mut command = program("mrcoordinator");
    command.current_dir(place.job()).args(["--socket", "tcp:127.0.0.1:0"]).args(&place.inputs);
    // The coordinator may run as another user.
    for folder in [place.job(), place.job().join("..")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("it is ours");
    }
    restrict(&mut command);
    let mut coordinator = Process::start("mrcoordinator", &mut command);
    let warning = coordinator.first_line();
    let address = coordinator.first_line();
    let address = address.strip_prefix("mrcoordinator: listening at ").expect("an address");
    assert_eq!(
        warning,
        format!(
            "mrcoordinator: warning: every user of this machine can connect to {address}: \
             take a Unix socket, or --token-file"
        )
    );
    let target = address.strip_prefix("tcp:").expect("TCP");
    let mut strangers: Vec<TcpStream> =
        (0..3 * ROOM).map(|_| TcpStream::connect(target).expect("it listens")).collect();
    thread::spawn(move || {
        // Drop the connections that the coordinator has closed: at its end, all.
        while !strangers.is_empty() {
            strangers.retain_mut(|stranger| stranger.write_all(b"l").is_ok());
            thread::sleep(Duration::from_millis(100));
        }
    });
    let mut command = program("mrworker");
    command.current_dir(place.job()).args(["wc", "--socket", address]);
    let worker = Process::start("mrworker", &mut command).end_within(LIMIT);
    assert!(worker.status.success(), "{worker:?}");
    let ended = coordinator.end_within(LIMIT);
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    assert_same(&place.output(), &place.reference("wc"));
}

#[test]
fn strangers_keep_no_worker_out_MR() {
    tester::test_in_real_time("Test (MR): strangers keep no worker out", |_| {
        job_goes_on(|command| limit(command, libc::RLIMIT_NOFILE, ROOM));
    });
}

/// The limit applies to every user except root.
#[test]
fn a_job_goes_on_without_more_threads_MR() {
    tester::test_in_real_time("Test (MR): a job goes on without more threads", |_| {
        job_goes_on(|command| {
            // SAFETY: the call cannot fail and touches no memory of ours.
            let mut user = unsafe { libc::getuid() };
            if user == 0 {
                user = NEW_USER;
                command.uid(user);
            }
            limit(command, libc::RLIMIT_NPROC, threads_of(user) + ROOM);
        });
    });
}
