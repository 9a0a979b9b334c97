//! A panic in any thread fails the run, in both modes, with a good report.

#![expect(clippy::disallowed_macros, reason = "tests of how such output is captured")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use labrt::channel::bounded;
use labrt::time::Duration;
use labrt::{Clock, Config, Engine, Failure, run, thread};

use crate::child::in_child;
use crate::modes::MS;

/// Returns the failures of a body in real mode and under both engines.
fn failures(body: fn()) -> [Failure; 3] {
    let configs = [
        Config { clock: Clock::Real, ..Config::default() },
        Config::default(),
        Config { engine: Engine::Os, ..Config::default() },
    ];
    configs.map(|config| run(&config, body).result.expect_err("the body should fail"))
}

#[test]
fn a_failed_assertion_fails_the_run() {
    for failure in failures(|| assert_eq!(1 + 1, 3, "sums")) {
        assert!(failure.message.contains("sums"), "{failure}");
        assert!(failure.place.unwrap().contains("panics.rs:"));
    }
}

#[test]
fn a_panic_in_a_detached_thread_fails_the_run() {
    let body = || {
        let (_keep, idle) = bounded::<()>(0);
        thread::Builder::new()
            .name("crasher")
            .spawn(|| {
                thread::sleep(3 * MS);
                panic!("number {}", 7);
            })
            .unwrap();
        let _ = idle.recv_timeout(Duration::from_secs(60));
    };
    for failure in failures(body) {
        assert_eq!(failure.message, "number 7");
        assert!(failure.thread.contains("crasher"), "{failure}");
        assert!(failure.time >= 3 * MS && failure.time < Duration::from_secs(50), "{failure}");
        let place = failure.place.clone().unwrap();
        assert!(place.contains("panics.rs:"), "{failure}");
        assert!(failure.to_string().contains(&place));
    }
}

#[test]
fn a_panic_in_a_job_fails_the_run() {
    let body = || {
        thread::go("handler", || panic!("no such method"));
        thread::sleep(Duration::from_secs(60));
    };
    for failure in failures(body) {
        assert_eq!(failure.message, "no such method");
    }
}

/// Other threads must not see the state that a failed thread leaves half
/// changed.
#[test]
fn no_other_thread_runs_after_a_panic() {
    for seed in 0..100 {
        for engine in [Engine::Coro, Engine::Os] {
            if engine == Engine::Os && seed > 5 {
                continue;
            }
            let steps = Arc::new(AtomicU32::new(0));
            let counter = Arc::clone(&steps);
            let failed = run(&Config { seed, engine, ..Config::default() }, move || {
                struct Note(Arc<AtomicU32>);
                impl Drop for Note {
                    fn drop(&mut self) {
                        self.0.fetch_add(1000, SeqCst);
                        // This destructor of the failed thread waits: the
                        // thread is leaked, and still no other thread runs.
                        thread::sleep(MS);
                        self.0.fetch_add(1000, SeqCst);
                    }
                }
                let note = Note(Arc::clone(&counter));
                for _ in 0..3 {
                    let counter = Arc::clone(&counter);
                    thread::spawn(move || {
                        loop {
                            assert!(counter.load(SeqCst) < 1000, "a thread ran after the panic");
                            thread::yield_now();
                        }
                    });
                }
                thread::sleep(MS / 10);
                let _note = note;
                panic!("stop");
            });
            assert_eq!(failed.result.unwrap_err().message, "stop");
            assert_eq!(steps.load(SeqCst), 1000);
        }
    }
}

#[test]
fn a_caught_panic_fails_the_run() {
    let body = || {
        let caught = catch_unwind(|| panic!("swallowed"));
        assert!(caught.is_err());
        thread::sleep(Duration::from_secs(60));
    };
    for failure in failures(body) {
        assert_eq!(failure.message, "swallowed");
    }
}

/// `resume_unwind` runs no panic hook.
#[test]
fn resume_unwind_fails_the_run() {
    for engine in [Engine::Coro, Engine::Os] {
        let failed = run(&Config { engine, ..Config::default() }, || {
            let bad = thread::spawn(|| resume_unwind(Box::new("by hand".to_string())));
            bad.join()
        });
        let failure = failed.result.unwrap_err();
        assert_eq!((failure.message.as_str(), failure.thread.as_str()), ("by hand", "#1"));
    }
}

#[test]
fn a_body_that_exits_fails_the_run() {
    for failure in failures(|| thread::exit()) {
        assert!(failure.message.contains("before it returned"), "{failure}");
    }
}

#[test]
#[should_panic(expected = "the seventh")]
fn should_panic_works() {
    let failure = run(&Config::default(), || panic!("the seventh")).result.unwrap_err();
    panic!("{failure}");
}

/// Failures of parallel simulations are not mixed up.
#[test]
fn parallel_failures_are_not_mixed_up() {
    std::thread::scope(|scope| {
        for number in 0..8u64 {
            scope.spawn(move || {
                for _ in 0..20 {
                    let failed = run(&Config { seed: number, ..Config::default() }, move || {
                        thread::spawn(move || panic!("number {number}"));
                        thread::sleep(MS);
                    });
                    assert_eq!(failed.result.unwrap_err().message, format!("number {number}"));
                }
            });
        }
    });
}

#[test]
fn the_report_of_a_panic_names_thread_time_and_seed() {
    let name = "the_report_of_a_panic_names_thread_time_and_seed";
    let output = in_child(module_path!(), name, &[], || {
        let config = Config { seed: 0xbeef, ..Config::default() };
        let failed = run(&config, || {
            let worker = thread::Builder::new().name("worker").spawn(|| {
                println!("a line of the worker");
                thread::sleep(MS);
                panic!("broken");
            });
            worker.unwrap().join()
        });
        // Only a failing test shows what it has captured.
        panic!("{}", failed.result.unwrap_err());
    });
    if let Some(output) = output {
        assert_eq!(output.code(), Some(101));
        let stdout = output.stdout();
        for part in ["'worker' #1 spawned at ", "virtual time 0.001", "seed 0xbeef", "broken"] {
            assert!(stdout.contains(part), "{part:?} is missing in:\n{stdout}");
        }
        assert!(stdout.contains("a line of the worker"));
    }
}

#[test]
fn a_passing_test_prints_nothing() {
    let output = in_child(module_path!(), "a_passing_test_prints_nothing", &[], || {
        for engine in [Engine::Coro, Engine::Os] {
            let config = Config { engine, ..Config::default() };
            let run = run(&config, || thread::spawn(|| println!("chatter")).join().is_ok());
            assert_eq!(run.result, Ok(true));
        }
    });
    if let Some(output) = output {
        assert_eq!(output.code(), Some(0));
        assert!(!output.stdout().contains("chatter") && !output.stderr().contains("chatter"));
    }
}

/// A second panic while the first unwinds aborts the process, as always in
/// Rust. The message must appear even if the output of the test is captured.
#[test]
fn a_panic_in_a_destructor_is_reported() {
    let output = in_child(module_path!(), "a_panic_in_a_destructor_is_reported", &[], || {
        struct PanicsOnDrop;
        impl Drop for PanicsOnDrop {
            fn drop(&mut self) {
                panic!("not now");
            }
        }
        let _ = run(&Config::default(), || {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let _panics = PanicsOnDrop;
                panic!("first");
            }));
        });
    });
    if let Some(output) = output {
        output.assert_aborted_with(&["panicked in a destructor at ", "panics.rs:", "not now"]);
    }
}

/// The backtrace of a panic contains the program's own frames.
#[test]
fn a_panic_records_a_backtrace() {
    #[inline(never)]
    fn goes_wrong() {
        std::hint::black_box(());
        panic!("it went wrong");
    }
    let configs = [
        Config { clock: Clock::Real, ..Config::default() },
        Config::default(),
        Config { engine: Engine::Os, ..Config::default() },
    ];
    for config in configs {
        let run = run(&Config { backtrace: true, ..config }, || {
            let _ = thread::Builder::new().name("culprit").spawn(goes_wrong).unwrap().join();
            thread::sleep(3 * MS);
        });
        let first = &run.backtraces[0];
        assert!(first.thread.contains("culprit"), "{first:?}");
        let innermost = first.frames.lines().next().unwrap();
        assert!(innermost.contains("goes_wrong"), "{}", first.frames);
        assert!(first.frames.contains("tests/labrt/panics.rs:"), "{}", first.frames);
        assert!(!first.frames.contains("/rustc/"), "{}", first.frames);
    }
}
