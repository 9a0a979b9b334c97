//! Channels behave as those of crossbeam-channel, in all modes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use labrt::channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
    after, bounded, never, tick, unbounded,
};
use labrt::thread;
use labrt::time::{Duration, Instant};

use crate::modes::{MS, in_all_modes};

#[test]
fn messages_keep_their_order() {
    in_all_modes(|| {
        for capacity in [Some(0), Some(1), Some(5), None] {
            let (tx, rx) = capacity.map_or_else(unbounded, bounded);
            let handle = thread::spawn(move || (0..30).for_each(|n| tx.send(n).unwrap()));
            assert_eq!(rx.iter().collect::<Vec<_>>(), (0..30).collect::<Vec<_>>());
            handle.join().unwrap();
        }
    });
}

#[test]
fn every_message_goes_to_one_receiver() {
    in_all_modes(|| {
        for capacity in [Some(0), Some(2), None] {
            let (tx, rx) = capacity.map_or_else(unbounded, bounded);
            for sender in 0..3 {
                let tx = tx.clone();
                thread::spawn(move || (0..10).for_each(|n| tx.send(sender * 10 + n).unwrap()));
            }
            drop(tx);
            let take =
                |rx: Receiver<i32>| thread::spawn(move || rx.into_iter().collect::<Vec<_>>());
            let takers: Vec<_> = (0..3).map(|_| take(rx.clone())).collect();
            let mut all: Vec<i32> =
                takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect();
            all.sort_unstable();
            assert_eq!(all, (0..30).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_rendezvous_waits_for_the_receiver() {
    in_all_modes(|| {
        let (tx, rx) = bounded(0);
        let sent = Arc::new(AtomicUsize::new(0));
        let flag = Arc::clone(&sent);
        let handle = thread::spawn(move || {
            tx.send(1).unwrap();
            flag.store(1, SeqCst);
        });
        thread::sleep(3 * MS);
        assert_eq!(sent.load(SeqCst), 0);
        assert_eq!((rx.len(), rx.is_empty()), (0, true));
        assert_eq!(rx.recv(), Ok(1));
        handle.join().unwrap();
        assert_eq!(sent.load(SeqCst), 1);
    });
}

#[test]
fn a_full_channel_makes_the_sender_wait() {
    in_all_modes(|| {
        let (tx, rx) = bounded(2);
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
        assert_eq!(tx.send_timeout(3, 2 * MS), Err(SendTimeoutError::Timeout(3)));
        assert_eq!((tx.len(), rx.len(), tx.is_empty()), (2, 2, false));
        let waiting = tx.clone();
        let handle = thread::spawn(move || waiting.send(3).unwrap());
        assert_eq!(rx.recv(), Ok(1));
        handle.join().unwrap();
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), [2, 3]);
        tx.try_send(4).unwrap();
        assert_eq!(rx.try_recv(), Ok(4));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn timed_operations_wait_until_their_timeout() {
    in_all_modes(|| {
        let (tx, rx) = bounded(0);
        let start = Instant::now();
        assert_eq!(rx.recv_timeout(2 * MS), Err(RecvTimeoutError::Timeout));
        assert_eq!(tx.send_timeout(1, 2 * MS), Err(SendTimeoutError::Timeout(1)));
        assert!(start.elapsed() >= 4 * MS);
        assert_eq!(rx.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
        assert_eq!(tx.send_timeout(1, Duration::ZERO), Err(SendTimeoutError::Timeout(1)));

        let handle = thread::spawn(move || tx.send_timeout(2, Duration::from_secs(60)).unwrap());
        assert_eq!(rx.recv_timeout(Duration::from_secs(60)), Ok(2));
        handle.join().unwrap();
        assert!(start.elapsed() < Duration::from_secs(50));
    });
}

#[test]
fn try_operations_meet_a_waiting_partner() {
    in_all_modes(|| {
        let (tx, rx) = bounded(0);
        assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        let taker = rx.clone();
        let handle = thread::spawn(move || taker.recv());
        while tx.try_send(1).is_err() {
            thread::sleep(MS);
        }
        assert_eq!(handle.join().unwrap(), Ok(1));
        let handle = thread::spawn(move || tx.send(2).unwrap());
        let got = loop {
            match rx.try_recv() {
                Ok(got) => break got,
                Err(_) => thread::sleep(MS),
            }
        };
        assert_eq!(got, 2);
        handle.join().unwrap();
    });
}

#[test]
fn recv_drains_the_channel_before_it_fails() {
    in_all_modes(|| {
        let (tx, rx) = unbounded();
        tx.send(1).unwrap();
        drop(tx);
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(rx.recv(), Err(RecvError));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(rx.recv_timeout(MS), Err(RecvTimeoutError::Disconnected));
        assert_eq!(rx.iter().next(), None);
    });
}

#[test]
fn send_without_receivers_returns_the_message() {
    in_all_modes(|| {
        for capacity in [Some(0), Some(1), None] {
            let (tx, rx) = capacity.map_or_else(unbounded, bounded);
            drop(rx);
            assert_eq!(tx.send(1), Err(SendError(1)));
            assert_eq!(tx.try_send(2), Err(TrySendError::Disconnected(2)));
            assert_eq!(tx.send_timeout(3, MS), Err(SendTimeoutError::Disconnected(3)));
        }
    });
}

#[test]
fn dropping_the_last_sender_wakes_all_receivers() {
    in_all_modes(|| {
        let (tx, rx) = bounded::<()>(0);
        let wait = |rx: Receiver<()>| thread::spawn(move || rx.recv());
        let waiting: Vec<_> = (0..3).map(|_| wait(rx.clone())).collect();
        let timed = thread::spawn(move || rx.recv_timeout(Duration::from_secs(60)));
        let second = tx.clone();
        thread::sleep(2 * MS);
        drop(tx);
        thread::sleep(2 * MS);
        assert!(waiting.iter().all(|handle| !handle.is_finished()));
        drop(second);
        for handle in waiting {
            assert_eq!(handle.join().unwrap(), Err(RecvError));
        }
        assert_eq!(timed.join().unwrap(), Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn dropping_the_last_receiver_wakes_all_senders() {
    in_all_modes(|| {
        let (tx, rx) = bounded(0);
        let send = |n| {
            let tx = tx.clone();
            thread::spawn(move || tx.send(n))
        };
        let waiting: Vec<_> = (0..3).map(send).collect();
        let timed = tx.clone();
        let timed = thread::spawn(move || timed.send_timeout(9, Duration::from_secs(60)));
        let second = rx.clone();
        thread::sleep(2 * MS);
        drop(rx);
        thread::sleep(2 * MS);
        assert!(waiting.iter().all(|handle| !handle.is_finished()));
        drop(second);
        for (n, handle) in waiting.into_iter().enumerate() {
            assert_eq!(handle.join().unwrap(), Err(SendError(n)));
        }
        assert_eq!(timed.join().unwrap(), Err(SendTimeoutError::Disconnected(9)));
    });
}

#[test]
fn unread_messages_are_dropped_with_the_last_receiver() {
    in_all_modes(|| {
        let message = Arc::new(());
        let (tx, rx) = unbounded();
        tx.send(Arc::clone(&message)).unwrap();
        tx.send(Arc::clone(&message)).unwrap();
        assert_eq!(Arc::strong_count(&message), 3);
        drop(rx);
        assert_eq!(Arc::strong_count(&message), 1);
    });
}

/// A message whose destructor uses its own channel.
#[test]
fn a_message_may_hold_a_handle_of_its_channel() {
    in_all_modes(|| {
        struct Note(labrt::channel::Sender<Option<Note>>);
        impl Drop for Note {
            fn drop(&mut self) {
                let _ = self.0.try_send(None);
            }
        }
        let (tx, rx) = unbounded();
        tx.send(Some(Note(tx.clone()))).unwrap();
        drop(rx);
        assert!(tx.send(None).is_err());
    });
}

#[test]
fn after_sends_one_message() {
    in_all_modes(|| {
        let start = Instant::now();
        let timer = after(5 * MS);
        assert_eq!(timer.try_recv().unwrap_err(), TryRecvError::Empty);
        assert_eq!(timer.recv_timeout(MS).unwrap_err(), RecvTimeoutError::Timeout);
        let moment = timer.clone().recv().unwrap();
        assert!(start.elapsed() >= 5 * MS);
        assert!(moment <= Instant::now());
        assert_eq!(timer.recv_timeout(MS).unwrap_err(), RecvTimeoutError::Timeout);
        assert_eq!(after(Duration::ZERO).len(), 1);
    });
}

#[test]
fn tick_repeats_and_skips_missed_messages() {
    in_all_modes(|| {
        let start = Instant::now();
        let ticker = tick(10 * MS);
        for n in 1..=3 {
            ticker.recv().unwrap();
            assert!(start.elapsed() >= n * 10 * MS);
        }
        thread::sleep(35 * MS);
        assert!(ticker.try_recv().is_ok(), "one of the missed messages is there");
        assert_eq!(ticker.try_recv().unwrap_err(), TryRecvError::Empty);
        let start = Instant::now();
        ticker.recv().unwrap();
        assert!(start.elapsed() >= 5 * MS, "the next message is due after a whole period");
    });
}

#[test]
fn never_sends_nothing() {
    in_all_modes(|| {
        let nothing = never::<u32>();
        assert_eq!(nothing.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(nothing.recv_timeout(2 * MS), Err(RecvTimeoutError::Timeout));
        assert_eq!(nothing.len(), 0);
    });
}
