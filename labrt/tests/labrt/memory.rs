//! Memory does not grow with the number of threads or runs.

use labrt::channel::{bounded, unbounded};
use labrt::{Config, Engine, run, select, thread};

use crate::child::in_child;

/// Returns the resident memory of this process in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux has this file");
    let pages = text.split(' ').nth(1).and_then(|field| field.parse::<usize>().ok());
    pages.expect("the second field is a number") * 4096
}

/// Starts many short jobs, as a simulated network does, and some threads that
/// outlive the body.
fn body(jobs: u64) -> u64 {
    let (tx, rx) = unbounded();
    let (_stop, stopped) = bounded::<()>(0);
    for _ in 0..5 {
        let stopped = stopped.clone();
        thread::spawn(move || stopped.recv());
    }
    let mut sum = 0;
    for job in 0..jobs {
        let tx = tx.clone();
        thread::go("job", move || tx.send(job).unwrap());
        if job % 10 == 9 {
            sum += rx.iter().take(10).sum::<u64>();
        }
    }
    sum
}

/// In a child process, because other tests use memory too.
#[test]
fn many_simulations_need_no_more_memory_than_one() {
    let simulate = |seed| {
        let run = run(&Config { seed, ..Config::default() }, || body(2_000));
        assert_eq!(run.result, Ok(1_999_000));
        assert_eq!(run.stats.leaked, 0);
    };
    let name = "many_simulations_need_no_more_memory_than_one";
    let output = in_child(module_path!(), name, &[], || {
        (0..50).for_each(simulate);
        let before = resident();
        (50..1050).for_each(simulate);
        let growth = resident().saturating_sub(before);
        assert!(growth < 2 << 20, "{} KiB more after 1,000 simulations", growth >> 10);
    });
    if let Some(output) = output {
        assert_eq!(output.code(), Some(0), "{}", output.stdout());
    }
}

/// A loop of selects must not pile up registrations on an idle channel.
#[test]
fn an_idle_arm_needs_no_memory() {
    /// Returns the resident memory at the end, while the channels still exist.
    fn rounds(count: u64) -> usize {
        let (_stop, stopped) = bounded::<()>(0);
        let (tx, rx) = bounded(0);
        let sender = thread::spawn(move || (0..count).for_each(|n| tx.send(n).unwrap()));
        for _ in 0..count {
            select! {
                recv(stopped) -> _ => unreachable!("no thread sends or drops `_stop`"),
                recv(rx) -> got => assert!(got.is_ok()),
            }
        }
        sender.join().unwrap();
        resident()
    }
    let output = in_child(module_path!(), "an_idle_arm_needs_no_memory", &[], || {
        let run = run(&Config::default(), || {
            let before = rounds(20_000);
            rounds(500_000).saturating_sub(before)
        });
        let growth = run.result.unwrap();
        assert!(growth < 1 << 20, "{} KiB more after 500,000 rounds", growth >> 10);
    });
    if let Some(output) = output {
        assert_eq!(output.code(), Some(0), "{}", output.stdout());
    }
}

/// The carriers of the OS-thread engine end with their simulation.
#[test]
fn os_threads_end_with_their_simulation() {
    let threads = || std::fs::read_dir("/proc/self/task").expect("Linux has this folder").count();
    for seed in 0..30 {
        let config = Config { seed, engine: Engine::Os, ..Config::default() };
        let run = run(&config, || {
            let workers: Vec<_> = (0..20).map(|n| thread::spawn(move || n)).collect();
            workers.into_iter().for_each(|worker| _ = worker.join());
            assert!(!labrt::rng().chance(1, 2), "half of the runs fail");
        });
        drop(run);
    }
    assert!(threads() < 400, "{} threads", threads());
}
