//! The clock.

use labrt::time::{Duration, Instant, peek};
use labrt::{Clock, clock, thread};

use crate::modes::{MS, in_all_modes, in_real_mode, simulate};

#[test]
fn time_passes_while_a_thread_sleeps() {
    in_all_modes(|| {
        let (start, peeked) = (Instant::now(), peek());
        thread::sleep(5 * MS);
        let slept = start.elapsed();
        assert!(slept >= 5 * MS && slept < Duration::from_secs(20), "{slept:?}");
        assert!(peek() - peeked >= 5 * MS);
    });
}

#[test]
fn instants_support_arithmetic() {
    in_all_modes(|| {
        let now = Instant::now();
        let mut later = now + 5 * MS;
        assert_eq!(later - now, 5 * MS);
        assert_eq!(now - later, Duration::ZERO, "never negative");
        assert_eq!(later.duration_since(now), 5 * MS);
        later += MS;
        later -= 2 * MS;
        assert_eq!(later - 4 * MS, now);
        assert!(later > now && now + Duration::MAX >= later);
        assert!(Instant::now() >= now);
    });
}

#[test]
fn a_thread_knows_its_clock() {
    assert_eq!(clock(), Clock::Real);
    assert_eq!(in_real_mode(clock), Clock::Real);
    assert_eq!(simulate(0, || thread::spawn(clock).join().unwrap()).result, Ok(Clock::Virtual));
    assert_eq!(clock(), Clock::Real);
}

#[test]
fn virtual_time_starts_at_zero_and_jumps() {
    let day = Duration::from_secs(86_400);
    let config = labrt::Config { limit: 2 * day, ..labrt::Config::default() };
    let run = labrt::run(&config, move || {
        assert!(peek() < MS);
        thread::sleep(day);
        peek()
    });
    assert!(run.result.unwrap() >= day);
    assert!(run.stats.lab_time >= day);
    assert!(run.stats.cpu < Duration::from_secs(1));
}

/// Only operations cost virtual time, and each costs the same.
#[test]
fn an_operation_costs_a_microsecond() {
    let run = simulate(0, || {
        let start = peek();
        for _ in 0..100 {
            let _ = Instant::now();
        }
        let _ = peek();
        peek() - start
    });
    assert_eq!(run.result, Ok(100 * (MS / 1000)));
}
