//! A cluster of key/value servers, and its clerks.

use std::sync::Arc;

use labrpc::{ClientEnd, Name, Network};

use super::client::{Clerk, Client};
use super::history::History;
use super::partitioner::{ELECTION_TIMEOUT, Partitioner};
use crate::clerk::ClerkEnds;
use crate::cluster::Cluster;
use crate::context::{Context, Helper};
use crate::node::Node;

/// A cluster of key/value servers and a way to make clerks of them.
pub struct Harness<N: Node, C> {
    cluster: Cluster<N>,
    agency: Arc<Agency<C>>,
}

/// Where clients come from. Threads of a test share it; the cluster stays with the
/// test's own.
struct Agency<C> {
    context: Context,
    network: Network,
    servers: Vec<Name>,
    make: Box<dyn Fn(Vec<ClientEnd>) -> C + Send + Sync>,
    history: Arc<History>,
}

impl<C: Clerk> Agency<C> {
    /// A clerk that reaches the servers `to`. It gets its ends in random order, so
    /// that it cannot know which server is which.
    fn make_clerk(&self, to: impl IntoIterator<Item = usize>) -> Client<C> {
        let ends = ClerkEnds::new(&self.network, &self.servers);
        let mut shuffled = ends.ends();
        labrt::rng().shuffle(&mut shuffled);
        let clerk = (self.make)(shuffled);
        ends.connect(to);
        Client::new(clerk, ends, self.context.clone(), Arc::clone(&self.history))
    }
}

impl<N: Node, C: Clerk> Harness<N, C> {
    /// A harness around a cluster, whose clerks are made by `make` from their ends.
    pub fn new(
        cluster: Cluster<N>,
        make: impl Fn(Vec<ClientEnd>) -> C + Send + Sync + 'static,
    ) -> Self {
        let agency = Arc::new(Agency {
            context: cluster.context().clone(),
            network: cluster.network().clone(),
            servers: cluster.names().to_vec(),
            make: Box::new(make),
            history: Arc::default(),
        });
        Harness { cluster, agency }
    }

    /// The servers, to crash, cut off and part.
    pub fn cluster(&self) -> &Cluster<N> {
        &self.cluster
    }

    /// All servers.
    pub fn all(&self) -> std::ops::Range<usize> {
        0..self.cluster.n()
    }

    /// A clerk that reaches the servers `to`, as long as they are there.
    pub fn make_clerk(&self, to: impl IntoIterator<Item = usize>) -> Client<C> {
        self.agency.make_clerk(to)
    }

    /// Starts `n` threads with a clerk each that reaches all servers. The clerk is
    /// deleted when the thread's work is done.
    #[track_caller]
    pub fn spawn_clients<T: Send + 'static>(
        &self,
        n: usize,
        work: impl Fn(usize, &mut Client<C>) -> T + Send + Sync + 'static,
    ) -> Vec<Helper<T>> {
        let work = Arc::new(work);
        let spawn = |i: usize| {
            let (agency, work) = (Arc::clone(&self.agency), Arc::clone(&work));
            self.cluster.context().spawn(format!("client {i}"), move || {
                let mut client = agency.make_clerk(0..agency.servers.len());
                let done = work(i, &mut client);
                client.delete();
                done
            })
        };
        (0..n).map(spawn).collect()
    }

    /// Runs `n` threads with a clerk each to their end; what they came to, in
    /// order.
    #[track_caller]
    pub fn spawn_clients_and_wait<T: Send + 'static>(
        &self,
        n: usize,
        work: impl Fn(usize, &mut Client<C>) -> T + Send + Sync + 'static,
    ) -> Vec<T> {
        self.spawn_clients(n, work).into_iter().map(Helper::join).collect()
    }

    /// Starts to part the servers at random, again and again.
    #[track_caller]
    pub fn start_partitioner(&self) -> Partitioner {
        Partitioner::start(self.cluster.context(), self.cluster.wiring())
    }

    /// The leader, or server 0 when there is none, in a minority; the others in a
    /// majority, which comes first.
    pub fn part_from_leader(&self) -> (Vec<usize>, Vec<usize>) {
        self.cluster.make_partition(self.cluster.leader().unwrap_or(0))
    }

    /// Fails the test if some server's log is longer than 8 times the size from
    /// which on it is to be trimmed, in bytes.
    #[track_caller]
    pub fn check_log_size(&self, max_raft_state: usize) {
        let size = self.cluster.log_size();
        if size > 8 * max_raft_state {
            let text = format!("logs were not trimmed ({size} > 8*{max_raft_state})");
            self.cluster.context().fatal(text);
        }
    }

    /// Fails the test if some server has saved a snapshot of more than `limit`
    /// bytes.
    #[track_caller]
    pub fn check_snapshot_size(&self, limit: usize) {
        let size = self.cluster.snapshot_size();
        if size > limit {
            self.cluster.context().fatal(format!("snapshot too large ({size} > {limit})"));
        }
    }

    /// Crashes all servers, and starts and connects them again a second later.
    pub fn restart_all(&self) {
        for i in self.all() {
            self.cluster.crash(i);
        }
        labrt::thread::sleep(ELECTION_TIMEOUT);
        for i in self.all() {
            self.cluster.start(i);
        }
        self.cluster.connect_living();
    }
}
