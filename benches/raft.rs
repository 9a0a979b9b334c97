//! The cost of Raft: how fast virtual time passes, and how long an agreement
//! takes.
//!
//! `idle` is a cluster that only sends heartbeats; its rate is virtual seconds
//! per second. `agree` is a client that waits for each of its commands; its
//! rate is commands per second. Both run in virtual time; `agree_real` is the
//! same client on real threads. The first line shows the share of a core that
//! an idle cluster takes on real threads: no thread may busy-wait.

#![expect(clippy::disallowed_macros, reason = "a benchmark may end if its output is closed")]

use std::sync::Arc;

use criterion::{Criterion, Throughput};
use labrpc::{Network, Server};
use labrt::channel::{Receiver, bounded, unbounded};
use labrt::storage::Persister;
use labrt::time::{Duration, Instant};
use labrt::{Clock, Config, thread};
use raft::{ApplyMsg, Raft, raft_service};

/// The virtual seconds for which the idle cluster runs.
const IDLE: u64 = 60;

/// The commands that a client waits for, one after the other.
const COMMANDS: u64 = 1000;

/// The sizes of the clusters that agree. The cost per server should hardly
/// grow.
const SERVERS: [usize; 5] = [3, 5, 7, 25, 101];

/// Servers on a reliable network, and a channel with the indexes that they
/// apply.
struct Cluster {
    network: Network,
    rafts: Vec<Arc<Raft>>,
    applied: Receiver<u64>,
}

impl Cluster {
    fn new(n: usize) -> Self {
        let network = Network::new();
        let (note, applied) = unbounded();
        let rafts = (0..n).map(|me| {
            let ends = (0..n).map(|peer| {
                let name = format!("{me}-{peer}");
                let end = network.make_end(name.as_str());
                network.connect(name.as_str(), peer);
                network.enable(name.as_str(), true);
                end
            });
            let (apply_tx, apply_rx) = bounded(0);
            let raft = Raft::make(ends.collect(), me, Arc::new(Persister::new()), apply_tx);
            let service = raft_service(Arc::clone(&raft));
            network.add_server(me, Server::new().with_service(service));
            let note = note.clone();
            thread::go("applier", move || {
                for message in &apply_rx {
                    if let ApplyMsg::Command { index, .. } = message {
                        // Without a receiver the benchmark has ended.
                        let _ = note.send(index);
                    }
                }
            });
            raft
        });
        Cluster { rafts: rafts.collect(), network, applied }
    }

    /// Offers a command until a leader takes it, and returns its index.
    fn start(&self) -> u64 {
        loop {
            let offer = |raft: &Arc<Raft>| raft.start(&b"command"[..]);
            if let Some((index, _)) = self.rafts.iter().find_map(offer) {
                return index;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts a command, and waits until the leader, which applies it first,
    /// has applied it.
    fn agree(&self) {
        let index = self.start();
        // If the leader changes, the command may be lost: retry after a second.
        while let Ok(applied) = self.applied.recv_timeout(Duration::from_secs(1)) {
            if applied >= index {
                return;
            }
        }
        self.agree();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for raft in &self.rafts {
            raft.kill();
        }
        self.network.cleanup();
        for server in 0..self.rafts.len() {
            self.network.delete_server(server);
        }
    }
}

fn idle() {
    let _cluster = Cluster::new(5);
    thread::sleep(Duration::from_secs(IDLE));
}

/// Prints the CPU time of an idle cluster on real threads.
fn print_idle_share() {
    let config = Config { clock: Clock::Real, ..Config::default() };
    let run = labrt::run(&config, || {
        let _cluster = Cluster::new(5);
        thread::sleep(Duration::from_secs(10));
    });
    let share = run.stats.cpu.as_secs_f64() / run.stats.lab_time.as_secs_f64();
    println!("raft/idle_real          CPU:    {:.2} % of a core", 100.0 * share);
}

/// Returns the time of the commands on the run's clock, without the election.
fn agree(servers: usize) -> Duration {
    let cluster = Cluster::new(servers);
    cluster.agree();
    let begin = Instant::now();
    for _ in 0..COMMANDS {
        cluster.agree();
    }
    begin.elapsed()
}

/// Runs a body with the next seed.
fn run<R: Send + 'static>(
    clock: Clock,
    seed: &mut u64,
    body: impl FnOnce() -> R + Send + 'static,
) -> R {
    *seed += 1;
    let config = Config { clock, seed: *seed, ..Config::default() };
    labrt::run(&config, body).result.expect("the cluster works")
}

fn main() {
    print_idle_share();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("raft");
    let mut seed = 0;
    group.sample_size(10);
    group.throughput(Throughput::Elements(IDLE));
    group.bench_function("idle", |bencher| {
        bencher.iter(|| run(Clock::Virtual, &mut seed, idle));
    });
    group.throughput(Throughput::Elements(COMMANDS));
    for servers in SERVERS {
        group.bench_function(format!("agree/{servers}"), |bencher| {
            bencher.iter(|| run(Clock::Virtual, &mut seed, move || agree(servers)));
        });
    }
    group.bench_function("agree_real", |bencher| {
        bencher
            .iter_custom(|runs| (0..runs).map(|_| run(Clock::Real, &mut seed, || agree(3))).sum());
    });
    group.finish();
    criterion.final_summary();
}
