//! The throughput of the service. Each clerk starts its next operation as soon
//! as it has the reply to the last one.
//!
//! Every second operation is a `Put` of 16 bytes to the clerk's own key, the
//! others are `Get`s. The first table is in real time, on a network without
//! latency: it shows the cost of the code. The second is in virtual time, on
//! the network of the tests, where a call takes a millisecond and the code
//! takes no time: it shows the cost of the protocol.
//!
//! * `p50`, `p99`: the median of an operation's time, and its 99th percentile.
//! * `RPCs/op`, `bytes/op`: all calls of clerks and of Raft, and their payload.
//! * `appends/op/peer`: Raft's calls for each server except the leader. Below
//!   one when operations share a call.
//!
//! Pass the numbers of clerks as arguments; the default is 1, 8 and 64.

#![expect(clippy::disallowed_macros, reason = "a benchmark may end if its output is closed")]

use std::sync::Arc;

use kvraft::{Clerk, KvServer};
use labrpc::{ClientEnd, Network, Server};
use labrt::thread;
use labrt::time::{Duration, Instant};
use labrt::{Clock, Config};

/// The duration of the load.
const LOAD: Duration = Duration::from_secs(2);

/// The size of Raft's log, in bytes, at which the service takes a snapshot.
const MAX_RAFT_STATE: usize = 100_000;

/// The names of the columns.
const HEADER: &str =
    "servers clerks     ops/s    p50 us    p99 us  RPCs/op  bytes/op  appends/op/peer";

/// Servers on a reliable network.
struct Cluster {
    network: Network,
    servers: Vec<Arc<KvServer>>,
}

impl Cluster {
    fn new(n: usize) -> Self {
        let network = Network::new();
        let start = |me| {
            let ends = ends(&network, &format!("server {me}"), n);
            let server = KvServer::make(ends, me, Arc::default(), Some(MAX_RAFT_STATE));
            let services = server.services().into_iter();
            network.add_server(me, services.fold(Server::new(), Server::with_service));
            server
        };
        let servers = (0..n).map(start).collect();
        Cluster { network, servers }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for server in &self.servers {
            server.kill();
        }
        self.network.cleanup();
        for server in 0..self.servers.len() {
            self.network.delete_server(server);
        }
    }
}

/// Creates ends to all servers.
fn ends(network: &Network, owner: &str, n: usize) -> Vec<ClientEnd> {
    let make = |server: usize| {
        let name = format!("{owner} to {server}");
        let end = network.make_end(name.as_str());
        network.connect(name.as_str(), server);
        network.enable(name.as_str(), true);
        end
    };
    (0..n).map(make).collect()
}

/// The measurements of one run.
struct Measured {
    /// The time of each operation, sorted.
    latencies: Vec<Duration>,
    elapsed: Duration,
    rpcs: u64,
    bytes: u64,
}

/// Runs one clerk's operations until `end`. Returns the time of each.
fn work(clerk: &Clerk, key: &str, end: Instant) -> Vec<Duration> {
    let mut latencies = Vec::new();
    let mut begin = Instant::now();
    while begin < end {
        match latencies.len() % 2 {
            0 => clerk.put(key, "sixteen bytes..."),
            _ => assert_eq!(clerk.get(key), "sixteen bytes..."),
        }
        let now = Instant::now();
        latencies.push(now - begin);
        begin = now;
    }
    latencies
}

/// Puts a cluster of `n` servers under the load of `clerks` clerks.
fn measure(n: usize, clerks: usize) -> Measured {
    let cluster = Cluster::new(n);
    let clerk = |i| {
        let clerk = Clerk::new(ends(&cluster.network, &format!("clerk {i}"), n));
        // After its first reply, a clerk knows the leader.
        clerk.get("");
        clerk
    };
    let clerks: Vec<Clerk> = (0..clerks).map(clerk).collect();
    let counters = || (cluster.network.total_count(), cluster.network.total_bytes());
    let before = counters();
    let begin = Instant::now();
    let spawn = |(i, clerk): (usize, Clerk)| {
        thread::spawn(move || work(&clerk, &i.to_string(), begin + LOAD))
    };
    let threads: Vec<_> = clerks.into_iter().enumerate().map(spawn).collect();
    let join =
        |thread: thread::JoinHandle<Vec<Duration>>| thread.join().expect("the clerk returns");
    let mut latencies: Vec<Duration> = threads.into_iter().flat_map(join).collect();
    let (elapsed, after) = (begin.elapsed(), counters());
    latencies.sort_unstable();
    Measured { latencies, elapsed, rpcs: after.0 - before.0, bytes: after.1 - before.1 }
}

/// Formats one line of a table.
fn line(n: usize, clerks: usize, measured: &Measured) -> String {
    let Measured { latencies, elapsed, rpcs, bytes } = measured;
    let ops = latencies.len() as f64;
    let percentile =
        |percent: usize| latencies[latencies.len() * percent / 100].as_secs_f64() * 1e6;
    let appends = (*rpcs as f64 - ops) / ops / (n - 1) as f64;
    format!(
        "{n:7} {clerks:6} {:9.0} {:9.0} {:9.0} {:8.2} {:9.0} {appends:16.2}",
        ops / elapsed.as_secs_f64(),
        percentile(50),
        percentile(99),
        *rpcs as f64 / ops,
        *bytes as f64 / ops,
    )
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let numbers = if numbers.is_empty() { vec![1, 8, 64] } else { numbers };
    for clock in [Clock::Real, Clock::Virtual] {
        println!("{clock:?} time");
        println!("{HEADER}");
        for n in [3, 5] {
            for &clerks in &numbers {
                let config = Config { clock, seed: 1, ..Config::default() };
                let run = labrt::run(&config, move || measure(n, clerks));
                println!("{}", line(n, clerks, &run.result.expect("the servers serve")));
            }
        }
        println!();
    }
}
