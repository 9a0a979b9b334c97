//! Messages and threads with a delay.

use labrt::channel::{RecvTimeoutError, bounded, oneshot};
use labrt::thread;
use labrt::time::{Duration, Instant};

use crate::modes::{MS, in_all_modes, simulate};

/// A timeout that no test reaches.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_message_arrives_after_its_delay() {
    in_all_modes(|| {
        for delay in [Duration::ZERO, 3 * MS] {
            let (tx, rx) = oneshot();
            let start = Instant::now();
            thread::go("sender", move || tx.send_after(delay, 7));
            assert_eq!(rx.recv_timeout(LONG), Ok(7));
            assert!(start.elapsed() >= delay);
        }
    });
}

#[test]
fn a_receiver_gives_up_only_before_the_message_is_sent() {
    in_all_modes(|| {
        let (tx, rx) = oneshot();
        assert_eq!(rx.recv_timeout(MS), Err(RecvTimeoutError::Timeout));
        let start = Instant::now();
        tx.send_after(4 * MS, 7);
        assert_eq!(rx.recv_timeout(MS), Ok(7));
        assert!(start.elapsed() >= 4 * MS);
        assert_eq!(rx.recv_timeout(MS), Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn dropping_the_sender_disconnects_the_receiver() {
    in_all_modes(|| {
        let (tx, rx) = oneshot::<()>();
        thread::go("quitter", move || {
            let _tx = tx;
            thread::sleep(MS);
            thread::exit();
        });
        assert_eq!(rx.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
        let (tx, rx) = oneshot();
        drop(rx);
        tx.send_after(MS, "dropped");
    });
}

/// The send does not wake the receiver: it wakes once, when the message
/// arrives.
#[test]
fn a_receiver_wakes_once() {
    let decisions = |delay: Duration| {
        let run = simulate(1, move || {
            let (tx, rx) = oneshot();
            thread::go_after(MS, "sender", move || tx.send_after(delay, ()));
            assert_eq!(rx.recv_timeout(LONG), Ok(()));
        });
        assert_eq!(run.result, Ok(()));
        run.stats.decisions
    };
    assert_eq!(decisions(5 * MS), decisions(Duration::ZERO));
    assert_eq!(decisions(5 * MS), 3, "the body, the sender and the body again");
}

#[test]
fn a_job_starts_after_its_delay() {
    in_all_modes(|| {
        let (tx, rx) = bounded(2);
        let start = Instant::now();
        for delay in [3 * MS, Duration::ZERO] {
            let tx = tx.clone();
            thread::go_after(delay, "late", move || tx.send((delay, start.elapsed())).unwrap());
        }
        for _ in 0..2 {
            let (delay, started) = rx.recv().unwrap();
            assert!(started >= delay, "{started:?}");
        }
    });
}

/// A delayed job that has not started at the end of its simulation is dropped
/// without running.
#[test]
fn a_job_that_has_not_started_is_dropped_at_the_end() {
    let (tx, rx) = std::sync::mpsc::channel::<()>();
    let run = simulate(1, move || {
        thread::go_after(LONG, "late", move || tx.send(()).expect("the job does not run"));
    });
    assert_eq!((run.result, run.stats.leaked), (Ok(()), 0));
    assert_eq!(rx.recv(), Err(std::sync::mpsc::RecvError));
}
