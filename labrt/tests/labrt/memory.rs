//! Memory does not grow with the number of threads or runs.

use labrt::channel::{bounded, unbounded};
use labrt::{Config, Engine, run, select, thread};

use crate::child::in_child;

/// Resident memory of this process in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages = text.split(' ').nth(1).and_then(|field| field.parse::<usize>().ok());
    pages.expect("the second field is a number") * 4096
}

/// Many short jobs, as a simulated network starts them, and some threads that
/// are left over.
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

/// Alone in a process of its own: other tests need memory too.
#[test]
fn many_simulations_need_no_more_memory_than_one() {
    let simulate = |seed| {
        let run = run(&Config { seed, ..Config::default() }, || body(2_000));
        assert_eq!(run.result, Ok(1_999_000));
        assert_eq!(run.stats.leaked, 0);
    };
    let name = "many_simulations_need_no_more_memory_than_one";
    let ended = in_child(module_path!(), name, &[], || {
        (0..50).for_each(simulate);
        let before = resident();
        (50..1050).for_each(simulate);
        let growth = resident().saturating_sub(before);
        assert!(growth < 2 << 20, "{} KiB more after 1,000 simulations", growth >> 10);
    });
    if let Some(ended) = ended {
        assert_eq!(ended.code(), Some(0), "{}", ended.stdout());
    }
}

/// An idle channel in an endless select must not collect registrations.
#[test]
fn an_idle_arm_needs_no_memory() {
    /// Resident memory at the end, while the channels still exist.
    fn rounds(count: u64) -> usize {
        let (_stop, stopped) = bounded::<()>(0);
        let (tx, rx) = bounded(0);
        let sender = thread::spawn(move || (0..count).for_each(|n| tx.send(n).unwrap()));
        for _ in 0..count {
            select! {
                recv(stopped) -> _ => unreachable!("nobody stops it"),
                recv(rx) -> got => assert!(got.is_ok()),
            }
        }
        sender.join().unwrap();
        resident()
    }
    let ended = in_child(module_path!(), "an_idle_arm_needs_no_memory", &[], || {
        let run = run(&Config::default(), || {
            let before = rounds(20_000);
            rounds(500_000).saturating_sub(before)
        });
        let growth = run.result.unwrap();
        assert!(growth < 1 << 20, "{} KiB more after 500,000 rounds", growth >> 10);
    });
    if let Some(ended) = ended {
        assert_eq!(ended.code(), Some(0), "{}", ended.stdout());
    }
}

/// The OS threads of one engine end with their simulation.
#[test]
fn carriers_do_not_pile_up() {
    let threads = || std::fs::read_dir("/proc/self/task").expect("Linux has it").count();
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
