//! A cluster of key/value servers and its clerks.

use std::sync::Arc;

use labrpc::{ClientEnd, Name, Network};

use super::client::{Clerk, Client};
use super::history::History;
use super::partitioner::{ELECTION_TIMEOUT, Partitioner};
use crate::clerk::ClerkEnds;
use crate::cluster::Cluster;
use crate::context::{Context, Helper};
use crate::node::Node;

/// A cluster of key/value servers, with a factory for its clerks.
pub struct Harness<N: Node, C> {
    cluster: Cluster<N>,
    clerks: Arc<ClerkFactory<C>>,
}

/// Makes clients. All threads of a test share it, while the cluster belongs to
/// the test's own thread.
struct ClerkFactory<C> {
    context: Context,
    network: Network,
    servers: Vec<Name>,
    make: Box<dyn Fn(Vec<ClientEnd>) -> C + Send + Sync>,
    history: Arc<History>,
}

impl<C: Clerk> ClerkFactory<C> {
    /// Makes a clerk that can reach the servers `to`. Its ends are in random
    /// order, so that it cannot know which server is which.
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
    /// A harness around a cluster. `make` makes a clerk from its ends.
    pub fn new(
        cluster: Cluster<N>,
        make: impl Fn(Vec<ClientEnd>) -> C + Send + Sync + 'static,
    ) -> Self {
        let clerks = Arc::new(ClerkFactory {
            context: cluster.context().clone(),
            network: cluster.network().clone(),
            servers: cluster.names().to_vec(),
            make: Box::new(make),
            history: Arc::default(),
        });
        Harness { cluster, clerks }
    }

    /// The cluster, to crash, disconnect and partition its servers.
    pub fn cluster(&self) -> &Cluster<N> {
        &self.cluster
    }

    /// The indices of all servers.
    pub fn all(&self) -> std::ops::Range<usize> {
        0..self.cluster.n()
    }

    /// Makes a clerk that can reach the servers `to`.
    pub fn make_clerk(&self, to: impl IntoIterator<Item = usize>) -> Client<C> {
        self.clerks.make_clerk(to)
    }

    /// Starts `n` threads, each with a clerk that can reach all servers. The
    /// clerk is deleted when `work` returns.
    #[track_caller]
    pub fn spawn_clients<T: Send + 'static>(
        &self,
        n: usize,
        work: impl Fn(usize, &mut Client<C>) -> T + Send + Sync + 'static,
    ) -> Vec<Helper<T>> {
        let work = Arc::new(work);
        let spawn = |i: usize| {
            let (clerks, work) = (Arc::clone(&self.clerks), Arc::clone(&work));
            self.cluster.context().spawn(format!("client {i}"), move || {
                let mut client = clerks.make_clerk(0..clerks.servers.len());
                let done = work(i, &mut client);
                client.delete();
                done
            })
        };
        (0..n).map(spawn).collect()
    }

    /// Runs `n` threads with a clerk each, waits for them and returns their
    /// results in order.
    #[track_caller]
    pub fn spawn_clients_and_wait<T: Send + 'static>(
        &self,
        n: usize,
        work: impl Fn(usize, &mut Client<C>) -> T + Send + Sync + 'static,
    ) -> Vec<T> {
        self.spawn_clients(n, work).into_iter().map(Helper::join).collect()
    }

    /// Starts a thread that partitions the servers at random again and again.
    #[track_caller]
    pub fn start_partitioner(&self) -> Partitioner {
        Partitioner::start(self.cluster.context(), self.cluster.wiring())
    }

    /// Returns a majority, and a minority with the leader, or with server 0 if
    /// there is no leader.
    pub fn partition_from_leader(&self) -> (Vec<usize>, Vec<usize>) {
        self.cluster.make_partition(self.cluster.leader().unwrap_or(0))
    }

    /// Fails the test if the log of a server is longer than 8 times the size in
    /// bytes above which the server must trim it.
    #[track_caller]
    pub fn check_log_size(&self, max_raft_state: usize) {
        let size = self.cluster.log_size();
        if size > 8 * max_raft_state {
            let text = format!("logs were not trimmed ({size} > 8*{max_raft_state})");
            self.cluster.context().fatal(text);
        }
    }

    /// Fails the test if a server has saved a snapshot of more than `limit`
    /// bytes.
    #[track_caller]
    pub fn check_snapshot_size(&self, limit: usize) {
        let size = self.cluster.snapshot_size();
        if size > limit {
            self.cluster.context().fatal(format!("snapshot too large ({size} > {limit})"));
        }
    }

    /// Crashes all servers, and restarts and connects them a second later.
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
