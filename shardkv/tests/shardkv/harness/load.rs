//! The clients of the course's tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::channel::Receiver;
use labrt::thread::sleep;
use labrt::time::Duration;
use tester::kv::Client;
use tester::{Helper, randstring};

use super::{Harness, KvClerk, ms};

/// Keys "0", "1", ... and the values that they must have.
pub(crate) struct Table(pub(crate) Vec<String>);

impl Table {
    /// Gives `n` keys random values of `length` characters.
    pub(crate) fn put(client: &Client<KvClerk>, n: usize, length: usize) -> Self {
        let table = Table((0..n).map(|_| randstring(length)).collect());
        for (key, value) in table.entries() {
            client.put(&key, value);
        }
        table
    }

    /// The keys and values.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (String, &str)> {
        self.0.iter().enumerate().map(|(i, value)| (i.to_string(), value.as_str()))
    }

    /// Fails unless all keys have their values.
    #[track_caller]
    pub(crate) fn check(&self, client: &Client<KvClerk>) {
        self.entries().for_each(|(key, value)| client.check(&key, value));
    }

    /// Fails unless key `i` has its value. Appends `length` characters to it.
    #[track_caller]
    pub(crate) fn check_and_append_to(
        &mut self,
        client: &Client<KvClerk>,
        i: usize,
        length: usize,
    ) {
        let (key, more) = (i.to_string(), randstring(length));
        client.check(&key, &self.0[i]);
        client.append(&key, &more);
        self.0[i].push_str(&more);
    }

    /// Fails unless all keys have their values. Appends `length` characters to
    /// each.
    #[track_caller]
    pub(crate) fn check_and_append(&mut self, client: &Client<KvClerk>, length: usize) {
        (0..self.0.len()).for_each(|i| self.check_and_append_to(client, i, length));
    }
}

/// Threads that append, one for each key, until `stop` is called.
pub(crate) struct Appenders {
    stop: Arc<AtomicBool>,
    threads: Vec<Helper<String>>,
}

impl Appenders {
    /// Starts the threads. Each appends `length` characters to its key, and
    /// pauses.
    pub(crate) fn start(harness: &Harness, table: Table, length: usize, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let threads = harness.ctrler().clerks().spawn_clients(table.0.len(), move |i, client| {
            let (key, mut value) = (i.to_string(), table.0[i].clone());
            while !stopped.load(Ordering::Relaxed) {
                let more = randstring(length);
                client.append(&key, &more);
                value.push_str(&more);
                sleep(pause);
            }
            value
        });
        Appenders { stop, threads }
    }

    /// Makes the threads stop. Does not wait for them.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Waits until the threads have ended. Returns the values that the keys
    /// must have now.
    pub(crate) fn join(self) -> Table {
        self.stop();
        Table(self.threads.into_iter().map(Helper::join).collect())
    }
}

/// Threads that read and write random keys until `stop` is called. The test
/// records every call in its history, and checks it for linearizability.
pub(crate) struct Mix {
    stop: Arc<AtomicBool>,
    threads: Vec<Helper<()>>,
}

impl Mix {
    /// Starts `n` threads, on the keys "0" to `n` - 1. After each call a thread
    /// pauses for a random time of at most `pause`.
    pub(crate) fn start(harness: &Harness, n: usize, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let threads = harness.ctrler().clerks().spawn_clients(n, move |i, client| {
            client.record_as(i);
            while !stopped.load(Ordering::Relaxed) {
                let key = labrt::rng().below(n as u64).to_string();
                call_at_random(client, &key);
                sleep(pause * labrt::rng().below(1000) as u32 / 1000);
            }
        });
        Mix { stop, threads }
    }

    /// Makes the threads stop. Does not wait for them.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Waits until the threads have ended.
    pub(crate) fn join(self) {
        self.stop();
        self.threads.into_iter().for_each(Helper::join);
    }
}

/// Makes one call: half of all calls append, one in twenty puts, the others
/// read.
fn call_at_random(client: &Client<KvClerk>, key: &str) {
    let (mut rng, new) = (labrt::rng(), randstring(5));
    if rng.chance(500, 1000) {
        client.append(key, &new);
    } else if rng.chance(100, 1000) {
        client.put(key, &new);
    } else {
        client.get(key);
    }
}

/// Returns the messages that arrive before two seconds without one.
pub(crate) fn until_quiet<T>(messages: &Receiver<T>) -> Vec<T> {
    std::iter::from_fn(|| messages.recv_timeout(ms(2000)).ok()).collect()
}
