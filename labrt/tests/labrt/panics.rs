//! A panic anywhere fails the run, in both modes, and is told well.

#![expect(clippy::disallowed_macros, reason = "tests of what becomes of such output")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use labrt::channel::bounded;
use labrt::time::Duration;
use labrt::{Clock, Config, Engine, Failure, run, thread};

use crate::child::in_child;
use crate::everywhere::MS;

/// The failure of a body in real mode and under both engines.
fn failures(body: fn()) -> [Failure; 3] {
    let configs = [
        Config { clock: Clock::Real, ..Config::default() },
        Config::default(),
        Config { engine: Engine::Os, ..Config::default() },
    ];
    configs.map(|config| run(&config, body).result.expect_err("the body should fail"))
}

#[test]
fn a_failed_assertion_of_the_body() {
    for failure in failures(|| assert_eq!(1 + 1, 3, "sums")) {
        assert!(failure.message.contains("sums"), "{failure}");
        assert!(failure.place.unwrap().contains("panics.rs:"));
    }
}

#[test]
fn a_panic_of_a_thread_that_nobody_joins() {
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
fn a_panic_of_a_job() {
    let body = || {
        thread::go("handler", || panic!("no such method"));
        thread::sleep(Duration::from_secs(60));
    };
    for failure in failures(body) {
        assert_eq!(failure.message, "no such method");
    }
}

/// What a failed thread leaves half done must not be seen by others.
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
                        // A destructor of the failed thread that waits: it is
                        // given up, and still nobody else runs.
                        thread::sleep(MS);
                        self.0.fetch_add(1000, SeqCst);
                    }
                }
                let note = Note(Arc::clone(&counter));
                for _ in 0..3 {
                    let counter = Arc::clone(&counter);
                    thread::spawn(move || {
                        loop {
                            assert!(counter.load(SeqCst) < 1000, "it runs on");
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
fn a_caught_panic_fails_the_run_all_the_same() {
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
fn a_payload_of_ones_own_is_noticed() {
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
fn a_body_that_ends_its_thread_has_no_result() {
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

/// A test binary with many failing simulations side by side tells them apart.
#[test]
fn failures_in_parallel_stay_apart() {
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
    let ended = in_child(module_path!(), name, &[], || {
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
    if let Some(ended) = ended {
        assert_eq!(ended.code(), Some(101));
        let stdout = ended.stdout();
        for part in ["'worker' #1 spawned at ", "virtual time 0.001", "seed 0xbeef", "broken"] {
            assert!(stdout.contains(part), "{part:?} is missing in:\n{stdout}");
        }
        assert!(stdout.contains("a line of the worker"));
    }
}

#[test]
fn a_passing_test_shows_nothing() {
    let ended = in_child(module_path!(), "a_passing_test_shows_nothing", &[], || {
        for engine in [Engine::Coro, Engine::Os] {
            let config = Config { engine, ..Config::default() };
            let run = run(&config, || thread::spawn(|| println!("chatter")).join().is_ok());
            assert_eq!(run.result, Ok(true));
        }
    });
    if let Some(ended) = ended {
        assert_eq!(ended.code(), Some(0));
        assert!(!ended.stdout().contains("chatter") && !ended.stderr().contains("chatter"));
    }
}

/// A second panic while the first unwinds ends the process, as ever in Rust;
/// but it must not do so without a word, captured output or not.
#[test]
fn a_panic_in_a_destructor_is_told() {
    let ended = in_child(module_path!(), "a_panic_in_a_destructor_is_told", &[], || {
        struct Grumpy;
        impl Drop for Grumpy {
            fn drop(&mut self) {
                panic!("not now");
            }
        }
        let _ = run(&Config::default(), || {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let _grumpy = Grumpy;
                panic!("first");
            }));
        });
    });
    if let Some(ended) = ended {
        ended.assert_aborted_with(&["panicked in a destructor at ", "panics.rs:", "not now"]);
    }
}

/// The backtrace of a panic has the program's own frames.
#[test]
fn a_panic_tells_its_calls() {
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
