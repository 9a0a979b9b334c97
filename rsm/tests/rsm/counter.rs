//! A replicated counter, and a cluster of servers that run it.

use std::sync::Arc;

use labrpc::Service;
use labrt::storage::Persister;
use labrt::time::Duration;
use rsm::{NotLeader, Rsm, StateMachine};
use serde::{Deserialize, Serialize};
use tester::{Cluster, Context, Net, Node, Setup, Watch, wait_for, watch};

/// How long a test waits for something that should happen.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// The operations of the counter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Op {
    /// Adds to the sum.
    Add(u64),
    /// Panics.
    Crash,
}

/// The sum of all additions, and their number.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counter {
    pub(crate) sum: u64,
    pub(crate) additions: u64,
    /// Makes snapshots large.
    ballast: Vec<u64>,
}

impl StateMachine for Counter {
    type Op = Op;
    type Reply = u64;

    fn apply(&mut self, op: Op) -> u64 {
        match op {
            Op::Add(number) => self.sum += number,
            Op::Crash => panic!("this machine cannot count"),
        }
        self.additions += 1;
        self.sum
    }

    fn snapshot(&self) -> Vec<u8> {
        labrpc::codec::encode(self)
    }

    fn restore(&mut self, snapshot: &[u8]) {
        *self = labrpc::codec::decode(snapshot).expect("the snapshot holds a counter");
    }
}

/// A server of the cluster.
pub(crate) struct CounterNode {
    rsm: Rsm<Counter>,
    saved: Arc<Persister>,
}

impl Node for CounterNode {
    fn services(&self) -> Vec<Service> {
        vec![self.rsm.raft_service()]
    }

    fn kill(&self) {
        self.rsm.kill();
    }

    fn is_leader(&self) -> bool {
        self.rsm.is_leader()
    }

    fn watch(&self) -> Vec<Watch> {
        vec![watch(self.rsm.raft())]
    }
}

impl CounterNode {
    /// Adds to the counter.
    pub(crate) fn add(&self, number: u64) -> Result<u64, NotLeader> {
        self.rsm.submit(&Op::Add(number))
    }

    /// Submits any operation.
    pub(crate) fn submit(&self, op: &Op) -> Result<u64, NotLeader> {
        self.rsm.submit(op)
    }

    /// Calls `look` with the counter.
    pub(crate) fn query<T>(&self, look: impl FnOnce(&Counter) -> T) -> T {
        self.rsm.query(look)
    }

    /// Calls `look` with the counter, unless its lock is held.
    pub(crate) fn peek<T>(&self, look: impl FnOnce(&Counter) -> T) -> Option<T> {
        self.rsm.peek(look)
    }

    /// Returns the size of Raft's saved state, in bytes.
    pub(crate) fn log_size(&self) -> usize {
        self.saved.raft_state_size()
    }
}

/// Starts `n` servers on a reliable network.
pub(crate) fn cluster(
    ctx: &Context,
    n: usize,
    max_raft_state: Option<usize>,
    ballast: usize,
) -> Cluster<CounterNode> {
    Cluster::new(ctx, n, Net::Reliable, move |setup: Setup| {
        let Setup { ends, me, persister, .. } = setup;
        let machine = Counter { ballast: vec![0; ballast], ..Counter::default() };
        let saved = Arc::clone(&persister);
        CounterNode { rsm: Rsm::make(ends, me, persister, max_raft_state, machine), saved }
    })
}

/// Waits for a leader among these servers, and returns it.
#[track_caller]
pub(crate) fn leader_among(cluster: &Cluster<CounterNode>, servers: &[usize]) -> Arc<CounterNode> {
    let leads = |&server: &usize| cluster.node(server).filter(|node| node.is_leader());
    wait_for("a leader", TIMEOUT, || servers.iter().find_map(leads))
}

/// Adds on the server that leads.
#[track_caller]
pub(crate) fn add(cluster: &Cluster<CounterNode>, number: u64) -> u64 {
    let servers: Vec<usize> = (0..cluster.n()).collect();
    wait_for("an addition", TIMEOUT, || leader_among(cluster, &servers).add(number).ok())
}

/// Waits until these servers have counted up to `sum`.
#[track_caller]
pub(crate) fn wait_for_sum(cluster: &Cluster<CounterNode>, servers: &[usize], sum: u64) {
    let is_there =
        |&server: &usize| cluster.node(server).is_some_and(|node| node.query(|c| c.sum) == sum);
    wait_for("the sum everywhere", TIMEOUT, || servers.iter().all(is_there).then_some(()));
}
