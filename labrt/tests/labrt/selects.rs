//! The `select!` macro.

use labrt::channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, Sender, after, bounded, never, unbounded,
};
use labrt::time::{Duration, Instant};
use labrt::{Config, run, select, thread};

use crate::modes::{MS, in_all_modes, simulate};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_ready_arm_is_chosen() {
    in_all_modes(|| {
        let (tx, rx) = unbounded();
        let (idle_tx, idle) = unbounded::<()>();
        tx.send(1).unwrap();
        let got = select! {
            recv(idle) -> _ => unreachable!(),
            recv(rx) -> got => got.unwrap(),
        };
        assert_eq!(got, 1);
        select! {
            recv(idle) -> _ => unreachable!(),
            send(tx, 2) -> sent => sent.unwrap(),
        }
        assert_eq!(rx.recv(), Ok(2));
        drop(idle_tx);
        select! { recv(idle) -> gone => assert_eq!(gone, Err(RecvError)) }
        drop(rx);
        select! { send(tx, 3) -> back => assert_eq!(back, Err(SendError(3))) }
    });
}

#[test]
fn a_select_waits_until_an_arm_is_ready() {
    in_all_modes(|| {
        let (_keep, idle) = unbounded::<()>();
        for capacity in [Some(0), Some(1), None] {
            let (tx, rx) = capacity.map_or_else(unbounded, bounded);
            let handle = thread::spawn(move || {
                thread::sleep(MS);
                tx.send(1).unwrap();
            });
            let got = select! {
                recv(idle) -> _ => None,
                recv(rx) -> got => got.ok(),
                default(MINUTE) => None,
            };
            assert_eq!(got, Some(1));
            handle.join().unwrap();
        }
    });
}

#[test]
fn defaults_run_when_nothing_is_ready() {
    in_all_modes(|| {
        let (tx, rx) = bounded(0);
        let start = Instant::now();
        let path = select! {
            recv(rx) -> _ => "received",
            send(tx, 1) -> _ => "sent",
            default => "neither",
        };
        assert_eq!(path, "neither");
        let path = select! {
            recv(rx) -> _ => "received",
            send(tx, 1) -> _ => "sent",
            default(3 * MS) => "in time",
        };
        assert_eq!(path, "in time");
        assert!(start.elapsed() >= 3 * MS);
        assert_eq!(select! { default => 7 }, 7);
        drop(tx);
        select! { recv(rx) -> gone => assert!(gone.is_err()), default => unreachable!() }
    });
}

/// A sender in a `select!` with every kind of receiver, on an unbuffered
/// channel.
#[test]
fn a_selecting_sender_meets_every_receiver() {
    type Take = fn(&Receiver<u32>) -> u32;
    fn by_select(rx: &Receiver<u32>) -> u32 {
        let nothing = never::<u32>();
        select! { recv(rx) -> got => got.unwrap(), recv(nothing) -> _ => unreachable!() }
    }
    fn by_trying(rx: &Receiver<u32>) -> u32 {
        loop {
            if let Ok(got) = rx.try_recv() {
                return got;
            }
            thread::sleep(MS / 4);
        }
    }
    in_all_modes(|| {
        let takes: [Take; 4] =
            [|rx| rx.recv().unwrap(), |rx| rx.recv_timeout(MINUTE).unwrap(), by_trying, by_select];
        for take in takes {
            let (tx, rx) = bounded(0);
            let handle = thread::spawn(move || {
                for n in 0..10 {
                    let nothing = never::<()>();
                    select! {
                        // Evaluating the message takes time: the receiver
                        // waits.
                        send(tx, { thread::sleep(MS / 4); n }) -> sent => sent.unwrap(),
                        recv(nothing) -> _ => unreachable!(),
                    }
                }
            });
            assert_eq!((0..10).map(|_| take(&rx)).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
            handle.join().unwrap();
        }
    });
}

/// Every kind of sender with a receiver in a `select!`.
#[test]
fn a_selecting_receiver_meets_every_sender() {
    type Give = fn(&Sender<u32>, u32);
    fn by_trying(tx: &Sender<u32>, n: u32) {
        while tx.try_send(n).is_err() {
            thread::sleep(MS / 4);
        }
    }
    in_all_modes(|| {
        let gives: [Give; 4] = [
            |tx, n| tx.send(n).unwrap(),
            |tx, n| tx.send_timeout(n, MINUTE).unwrap(),
            by_trying,
            |tx, n| select! { send(tx, n) -> sent => sent.unwrap() },
        ];
        for give in gives {
            for capacity in [0, 1] {
                let (tx, rx) = bounded(capacity);
                let handle = thread::spawn(move || (0..10).for_each(|n| give(&tx, n)));
                let (_keep, idle) = unbounded::<()>();
                for n in 0..10 {
                    select! {
                        recv(idle) -> _ => unreachable!(),
                        recv(rx) -> got => assert_eq!(got, Ok(n)),
                    }
                }
                handle.join().unwrap();
            }
        }
    });
}

/// A `select!` with the sender and the receiver of one channel does not send to
/// itself.
#[test]
fn a_thread_does_not_meet_itself() {
    in_all_modes(|| {
        let (tx, rx) = bounded(0);
        select! {
            send(tx, 1) -> _ => unreachable!(),
            recv(rx) -> _ => unreachable!(),
            default(2 * MS) => {}
        }
        // Two such threads exchange a message.
        let (other_tx, other_rx) = (tx.clone(), rx.clone());
        let swap = |tx: Sender<u32>, rx: Receiver<u32>| {
            select! {
                send(tx, 7) -> sent => { sent.unwrap(); "sent" },
                recv(rx) -> got => { assert_eq!(got, Ok(7)); "received" },
            }
        };
        let handle = thread::spawn(move || swap(other_tx, other_rx));
        let mut both = [swap(tx, rx), handle.join().unwrap()];
        both.sort_unstable();
        assert_eq!(both, ["received", "sent"]);
    });
}

#[test]
fn two_arms_may_use_the_same_channel() {
    in_all_modes(|| {
        for capacity in [0, 1] {
            let (tx, rx) = bounded(capacity);
            let handle = thread::spawn(move || {
                for n in 0..20 {
                    select! {
                        send(tx, n) -> sent => sent.unwrap(),
                        send(tx, n) -> sent => sent.unwrap(),
                    }
                }
            });
            for n in 0..20 {
                let got = select! { recv(rx) -> got => got, recv(rx) -> got => got };
                assert_eq!(got, Ok(n));
            }
            select! {
                recv(rx) -> gone => assert!(gone.is_err()),
                recv(rx) -> gone => assert!(gone.is_err()),
            }
            handle.join().unwrap();
        }
    });
}

#[test]
fn temporaries_and_patterns_work() {
    in_all_modes(|| {
        let start = Instant::now();
        let (_keep, idle) = bounded::<()>(0);
        select! {
            recv(idle) -> _ => unreachable!(),
            recv(after(3 * MS)) -> moment => assert!(moment.unwrap() <= Instant::now()),
        }
        assert!(start.elapsed() >= 3 * MS);
        let (tx, rx) = unbounded();
        select! { send(&tx, (1, 2)) -> (Ok(()) | Err(_)) => {} }
        select! { recv(&rx) -> pair => if let Ok((one, two)) = pair { assert!(one < two) } }
    });
}

#[test]
fn arms_may_break_continue_and_return() {
    fn first_error(rx: &Receiver<Result<u32, String>>) -> Result<u32, String> {
        let mut sum = 0;
        let total = loop {
            select! {
                recv(rx) -> number => {
                    let Ok(number) = number else { break sum };
                    let number = number?;
                    if number % 2 == 1 {
                        continue;
                    }
                    sum += number;
                },
                default(MINUTE) => return Err("late".into()),
            }
        };
        Ok(total)
    }
    in_all_modes(|| {
        let (tx, rx) = unbounded();
        (1..=4).for_each(|n| tx.send(Ok(n)).unwrap());
        tx.send(Err("bad".to_string())).unwrap();
        tx.send(Ok(6)).unwrap();
        drop(tx);
        assert_eq!(first_error(&rx), Err("bad".into()));
        assert_eq!(first_error(&rx), Ok(6));
    });
}

#[test]
fn a_message_is_evaluated_only_for_the_chosen_arm() {
    in_all_modes(|| {
        let (full, _receiver) = bounded(0);
        let (tx, rx) = unbounded();
        let mut made = 0;
        for _ in 0..5 {
            select! {
                send(full, { made += 100; made }) -> _ => {},
                send(tx, { made += 1; made }) -> sent => sent.unwrap(),
            }
        }
        assert_eq!(made, 5);
        assert_eq!(rx.try_iter().collect::<Vec<u32>>(), [1, 2, 3, 4, 5]);
    });
}

#[test]
fn ready_arms_are_chosen_fairly() {
    in_all_modes(|| {
        let (tx, rx) = unbounded();
        let (other_tx, other_rx) = unbounded();
        let mut counts = [0; 3];
        for _ in 0..300 {
            tx.send(()).unwrap();
            other_tx.send(()).unwrap();
            select! {
                recv(rx) -> _ => counts[0] += 1,
                recv(other_rx) -> _ => counts[1] += 1,
                send(tx, ()) -> _ => counts[2] += 1,
            }
        }
        assert!(counts.iter().all(|&count| count > 50), "{counts:?}");
    });
}

#[test]
fn dropping_the_last_handle_wakes_a_select() {
    in_all_modes(|| {
        let (tx, rx) = bounded::<()>(0);
        let (wanted, unwanted) = bounded::<()>(0);
        let handle = thread::spawn(move || {
            thread::sleep(MS);
            drop(tx);
            thread::sleep(MS);
            drop(unwanted);
        });
        select! {
            recv(rx) -> gone => assert_eq!(gone, Err(RecvError)),
            send(wanted, ()) -> _ => unreachable!(),
        }
        select! {
            send(wanted, ()) -> back => assert_eq!(back, Err(SendError(()))),
            recv(never::<()>()) -> _ => unreachable!(),
        }
        handle.join().unwrap();
    });
}

/// A receive times out at the same time at which a thread sends: both must
/// agree on whether the message was received.
#[test]
fn a_timeout_and_a_send_at_the_same_time_agree() {
    for seed in 0..300 {
        let run = simulate(seed, || {
            let (tx, rx) = bounded(0);
            let receiver = thread::spawn(move || {
                let start = Instant::now();
                let got = rx.recv_timeout(MS);
                assert!(got.is_ok() || start.elapsed() >= MS);
                got
            });
            thread::sleep(MS);
            let sent = select! { send(tx, 1) -> sent => sent.is_ok(), default(MS / 1000) => false };
            let got = receiver.join().unwrap();
            assert_eq!(sent, got.is_ok(), "{got:?}");
            if !sent {
                assert_eq!(got, Err(RecvTimeoutError::Timeout));
            }
            sent
        });
        run.result.unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
    }
}

/// A receive that frees a slot of a full buffer wakes a waiting sender, even if
/// no other receive follows.
#[test]
fn a_free_slot_goes_to_a_waiting_sender() {
    type Give = fn(&Sender<u32>);
    in_all_modes(|| {
        let gives: [Give; 3] = [
            |tx| tx.send(2).unwrap(),
            |tx| tx.send_timeout(2, MINUTE).unwrap(),
            |tx| select! { send(tx, 2) -> sent => sent.unwrap() },
        ];
        for give in gives {
            let (tx, rx) = bounded(2);
            tx.send(0).unwrap();
            tx.send(1).unwrap();
            let handle = thread::spawn(move || give(&tx));
            thread::sleep(2 * MS);
            assert!(!handle.is_finished());
            assert_eq!(rx.recv(), Ok(0));
            handle.join().unwrap();
            assert_eq!(rx.into_iter().collect::<Vec<_>>(), [1, 2]);
        }
    });
}

#[test]
fn leaving_select_inside_a_message_panics() {
    fn leave(tx: &Sender<u32>) -> Option<()> {
        select! { send(tx, None?) -> _ => {} }
        Some(())
    }
    let left = run(&Config::default(), || {
        let (tx, rx) = bounded(0);
        let _receiver = thread::spawn(move || rx.recv());
        leave(&tx)
    });
    let failure = left.result.unwrap_err();
    assert!(failure.message.contains("inside the message of a send arm"), "{failure}");
}

/// If a thread exits while it evaluates its message, its partner can receive
/// from another sender.
#[test]
fn an_exit_inside_a_message_frees_the_partner() {
    fn ends() -> u32 {
        thread::sleep(MS);
        thread::exit()
    }
    for (capacity, sender, receiver) in [(0, 1, 2), (0, 2, 1), (1, 1, 2), (1, 2, 1)] {
        let run = simulate(5, move || {
            let (tx, rx) = bounded(capacity);
            let other = tx.clone();
            thread::spawn(move || {
                thread::sleep(sender * MS);
                select! { send(tx, ends()) -> _ => {} }
            });
            thread::spawn(move || {
                thread::sleep(5 * MS);
                other.send(7).unwrap();
            });
            thread::sleep(receiver * MS);
            assert_eq!(rx.recv(), Ok(7));
        });
        run.result.unwrap();
    }
}
