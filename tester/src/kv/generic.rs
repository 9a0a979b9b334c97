//! The generic test, which all key/value labs run with different parameters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::thread::sleep;
use labrt::time::Duration;

use super::appends::{check_clnt_appends, check_concurrent_appends, element};
use super::client::{Clerk, Client};
use super::harness::Harness;
use super::partitioner::ELECTION_TIMEOUT;
use super::values::first_difference;
use crate::context::Helper;
use crate::node::Node;
use crate::wiring::Net;

/// How often clients are started, stopped and checked.
const ITERATIONS: usize = 3;

/// The number of clients that append to one key, and of appends by each.
const ONE_KEY: (usize, usize) = (5, 10);

/// The parameters of the generic test.
#[derive(Clone, Debug)]
pub struct Generic {
    /// The part's tag, for the title.
    pub part: Option<&'static str>,
    /// The number of concurrent clients.
    pub clients: usize,
    /// The number of servers.
    pub servers: usize,
    /// The network.
    pub net: Net,
    /// Whether all servers crash after each iteration.
    pub crash: bool,
    /// Whether random partitions separate the servers during each iteration.
    pub partitions: bool,
    /// The log size in bytes above which a server must take a snapshot. `None`,
    /// the course's -1: a server must never take one.
    pub max_raft_state: Option<usize>,
    /// Whether the clients use each other's keys.
    pub random_keys: bool,
    /// How long the clients run in one iteration.
    pub iteration: Duration,
}

impl Default for Generic {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Generic {
    /// One client, one server, a reliable network and no faults, for five
    /// seconds per iteration.
    pub const DEFAULT: Generic = Generic {
        part: None,
        clients: 1,
        servers: 1,
        net: Net::Reliable,
        crash: false,
        partitions: false,
        max_raft_state: None,
        random_keys: false,
        iteration: Duration::from_secs(5),
    };

    /// The course's title.
    pub fn title(&self) -> String {
        let parts = [
            (self.net == Net::Unreliable, "unreliable net, "),
            (self.crash, "restarts, "),
            (self.partitions, "partitions, "),
            (self.max_raft_state.is_some(), "snapshots, "),
            (self.random_keys, "random keys, "),
            (self.clients > 1, "many clients"),
            (self.clients <= 1, "one client"),
        ];
        let set = parts.into_iter().filter_map(|(set, words)| set.then_some(words));
        let part = self.part.map(|part| format!(" ({part})")).unwrap_or_default();
        format!("Test: {}{part}", set.collect::<String>())
    }

    /// Runs the test.
    ///
    /// Clients append to their keys and read them, in closed loops. When they
    /// have stopped, the test checks that each element is there, once and in
    /// order, that the logs are short, and, after the run, that the history is
    /// linearizable.
    ///
    /// # Panics
    ///
    /// If one of these checks fails.
    #[track_caller]
    pub fn run<N: Node, C: Clerk>(&self, harness: &Harness<N, C>) {
        let mut checker = harness.make_clerk(harness.all());
        checker.record_as(0);
        for _ in 0..ITERATIONS {
            let clients = self.iterate(harness);
            if self.crash {
                // Clients may still wait for a reply: the restarted servers send it.
                harness.restart_all();
            }
            self.check_appends(&checker, clients);
            match self.max_raft_state {
                Some(limit) => harness.check_log_size(limit),
                None => harness.check_snapshot_size(0),
            }
        }
    }

    /// Runs clients for one iteration, and asks them to stop. Each returns the
    /// number of elements that it has appended.
    #[track_caller]
    fn iterate<N: Node, C: Clerk>(&self, harness: &Harness<N, C>) -> Vec<Helper<usize>> {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, load) = (Arc::clone(&stop), self.clone());
        let clients = harness.spawn_clients(self.clients, move |number, client| {
            client.record_as(number);
            Worker { number, client, load: &load, appended: 0, last: String::new() }.work(&stopped)
        });
        let partitioner = self.partitions.then(|| {
            // Leave time to elect a leader first.
            sleep(ELECTION_TIMEOUT);
            harness.start_partitioner()
        });
        sleep(self.iteration);
        stop.store(true, Ordering::Relaxed);
        if let Some(partitioner) = partitioner {
            partitioner.stop();
            harness.cluster().connect_living();
            sleep(ELECTION_TIMEOUT);
        }
        clients
    }

    /// Joins the clients and checks the elements that they have appended.
    #[track_caller]
    fn check_appends<C: Clerk>(&self, checker: &Client<C>, clients: Vec<Helper<usize>>) {
        for (number, client) in clients.into_iter().enumerate() {
            let appended = client.join();
            let value = checker.get(&number.to_string());
            if !self.random_keys {
                check_clnt_appends(number, &value, appended);
            }
        }
    }
}

/// One client of the generic test.
struct Worker<'a, C> {
    number: usize,
    client: &'a Client<C>,
    load: &'a Generic,
    /// The number of elements appended so far.
    appended: usize,
    /// The expected value of the client's own key.
    last: String,
}

impl<C: Clerk> Worker<'_, C> {
    /// Appends and reads until it is stopped; returns the number of elements
    /// appended.
    fn work(mut self, stopped: &AtomicBool) -> usize {
        if !self.load.random_keys {
            self.client.put(&self.number.to_string(), "");
        }
        while !stopped.load(Ordering::Relaxed) {
            self.step();
        }
        self.appended
    }

    /// Makes one operation.
    fn step(&mut self) {
        let random = self.load.random_keys;
        let mut rng = labrt::rng();
        let key = if random { rng.below(self.load.clients as u64) as usize } else { self.number };
        let key = key.to_string();
        if rng.chance(500, 1000) {
            let new = element(self.number, self.appended);
            let before = self.client.append(&key, &new);
            if !random {
                self.check_before(before.as_deref(), &new);
                self.last.push_str(&new);
            }
            self.appended += 1;
        } else if random && rng.chance(100, 1000) {
            // Puts keep the values of random keys short.
            self.client.put(&key, &element(self.number, self.appended));
            self.appended += 1;
        } else {
            let value = self.client.get(&key);
            if !random {
                let last = &self.last;
                assert!(
                    value == *last,
                    "get wrong value, key {key}, wanted:\n{last}\ngot:\n{value}\n{}",
                    first_difference(last, &value)
                );
            }
        }
    }

    /// Checks that the value before an append has the previous element and
    /// lacks the new one. Not every lab returns that value.
    fn check_before(&self, before: Option<&str>, new: &str) {
        let Some(before) = before else { return };
        let previous = self.appended.checked_sub(1).map(|j| element(self.number, j));
        assert!(
            previous.is_none_or(|previous| before.contains(&previous)),
            "the value before the append of {new:?} lacks the client's previous element:\n{before}"
        );
        assert!(
            !before.contains(new),
            "the value before the append of {new:?} already contains it:\n{before}"
        );
    }
}

/// Five clients append ten times each to the same key.
///
/// # Panics
///
/// If an element is lost, duplicated or out of its client's order.
#[track_caller]
pub fn append_to_one_key<N: Node, C: Clerk>(harness: &Harness<N, C>) {
    let (clients, appends) = ONE_KEY;
    let client = harness.make_clerk(harness.all());
    client.put("k", "");
    harness.spawn_clients_and_wait(clients, move |number, client| {
        for j in 0..appends {
            let new = element(number, j);
            let before = client.append("k", &new).unwrap_or_default();
            assert!(
                !before.contains(&new),
                "the value before the append of {new:?} already contains it:\n{before}"
            );
        }
    });
    check_concurrent_appends(&client.get("k"), &vec![appends; clients]);
}
