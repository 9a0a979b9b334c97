//! Random programs of channel operations. In each program no message may be
//! lost, duplicated or invented, and a send on an unbuffered channel may only
//! succeed together with a receive.

use std::collections::BTreeSet;
use std::sync::Arc;

use labrt::channel::{Receiver, Sender, bounded, unbounded};
use labrt::sync::Mutex;
use labrt::time::Duration;
use labrt::{Config, Engine, Generator, Run, run, select, thread};

/// The messages that one program sent, received and could not send.
#[derive(Debug, Default, PartialEq)]
struct Ledger {
    sent: BTreeSet<u64>,
    received: BTreeSet<u64>,
    kept: BTreeSet<u64>,
}

/// One thread of a program, whose generator chooses its operations.
struct Actor {
    plan: Generator,
    next_message: u64,
    channels: Vec<(Sender<u64>, Receiver<u64>)>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Actor {
    fn run(mut self) {
        for _ in 0..30 {
            self.step();
            if self.plan.chance(1, 4) {
                self.pause();
            }
            if self.channels.len() > 1 && self.plan.chance(1, 20) {
                self.channels.pop(); // Drops handles while other threads wait.
            }
        }
    }

    /// Returns a pause or timeout. They are multiples of 5 us, so that many of
    /// them end at the same time.
    fn some_time(&mut self) -> Duration {
        Duration::from_micros(self.plan.below(4) * 5)
    }

    fn pause(&mut self) {
        let time = self.some_time();
        thread::sleep(time);
    }

    fn pick(&mut self) -> (Sender<u64>, Receiver<u64>) {
        self.channels[self.plan.below(self.channels.len() as u64) as usize].clone()
    }

    fn message(&mut self) -> u64 {
        self.next_message += 1;
        self.next_message
    }

    /// Records the result of a send immediately, without an operation in
    /// between.
    fn sent<E>(&self, message: u64, end: Result<(), E>) {
        let mut ledger = self.ledger.lock();
        let list = if end.is_ok() { &mut ledger.sent } else { &mut ledger.kept };
        assert!(list.insert(message), "{message} was recorded twice");
    }

    fn received<E>(&self, end: Result<u64, E>) {
        if let Ok(message) = end {
            assert!(self.ledger.lock().received.insert(message), "{message} was received twice");
        }
    }

    fn step(&mut self) {
        let (tx, rx) = self.pick();
        let time = self.some_time();
        match self.plan.below(10) {
            0 => {
                let message = self.message();
                self.sent(message, tx.try_send(message));
            }
            1 | 2 => {
                let message = self.message();
                self.sent(message, tx.send_timeout(message, time));
            }
            3 => self.received(rx.try_recv()),
            4 | 5 => self.received(rx.recv_timeout(time)),
            _ => self.select(time),
        }
    }

    fn select(&mut self, time: Duration) {
        let ((tx, rx), (other_tx, other_rx)) = (self.pick(), self.pick());
        let (one, two) = (self.message(), self.message());
        // Evaluating the message may let other threads run.
        let slow = self.plan.chance(1, 2);
        let make = |message| {
            if slow {
                thread::sleep(Duration::from_micros(5));
            }
            message
        };
        match self.plan.below(4) {
            0 => select! {
                send(tx, make(one)) -> end => self.sent(one, end),
                recv(rx) -> end => self.received(end),
                default(time) => {}
            },
            1 => select! {
                send(tx, make(one)) -> end => self.sent(one, end),
                send(other_tx, make(two)) -> end => self.sent(two, end),
                default(time) => {}
            },
            2 => select! {
                recv(rx) -> end => self.received(end),
                recv(other_rx) -> end => self.received(end),
                default(time) => {}
            },
            _ => select! {
                send(tx, make(one)) -> end => self.sent(one, end),
                recv(other_rx) -> end => self.received(end),
                default => {}
            },
        }
    }
}

/// Runs the program of a seed: five threads, and channels of different
/// capacities.
fn program(seed: u64, engine: Engine) -> Run<Ledger> {
    run(&Config { seed, engine, ..Config::default() }, move || {
        let mut plan = Generator::from_seed(seed ^ 0xabcd);
        let rendezvous = plan.chance(1, 2);
        let channel = |plan: &mut Generator| match plan.below(4) {
            _ if rendezvous => bounded(0),
            3 => unbounded(),
            capacity => bounded(capacity as usize),
        };
        let channels: Vec<_> = (0..plan.between(1, 3)).map(|_| channel(&mut plan)).collect();
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let mut start = |n: u64| {
            let actor = Actor {
                plan: Generator::from_seed(plan.next_u64()),
                next_message: n * 1000,
                channels: channels.clone(),
                ledger: Arc::clone(&ledger),
            };
            thread::spawn(move || actor.run())
        };
        let actors: Vec<_> = (0..5).map(&mut start).collect();
        actors.into_iter().for_each(|actor| actor.join().unwrap());
        let mut ledger = std::mem::take(&mut *ledger.lock());
        for (_, rx) in &channels {
            for rest in rx.try_iter() {
                assert!(!rendezvous, "{rest} was sent without a receive");
                assert!(ledger.received.insert(rest), "{rest} was received twice");
            }
        }
        ledger
    })
}

#[test]
fn no_message_is_lost_duplicated_or_invented() {
    let mut messages = 0;
    for seed in 0..1500 {
        let outcome = program(seed, Engine::Coro);
        let ledger = outcome.result.unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
        assert_eq!(ledger.sent, ledger.received, "seed {seed}");
        assert!(ledger.kept.is_disjoint(&ledger.received), "seed {seed}");
        messages += ledger.sent.len();
    }
    assert!(messages > 20_000, "the programs exchanged only {messages} messages");
}

#[test]
fn the_engines_agree_on_random_programs() {
    for seed in 0..60 {
        let (coro, os) = (program(seed, Engine::Coro), program(seed, Engine::Os));
        assert_eq!(coro.result, os.result, "seed {seed}");
        assert_eq!(coro.stats.hash, os.stats.hash, "seed {seed}");
    }
}
