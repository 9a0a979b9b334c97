//! The servers of one test, and their faults.

use std::sync::{Arc, Weak};

use labrpc::{Name, Network, Server};
use labrt::Clock;
use labrt::storage::Persister;
use labrt::thread;
use labrt::time::{Duration, Instant};
use labrt::trace;

use crate::clerk::ClerkEnds;
use crate::context::Context;
use crate::events;
use crate::fault_log::{Incident, IncidentKind};
use crate::node::{Node, Setup, Watch};
use crate::outcome::Totals;
use crate::shared::Shared;
use crate::status::Status;
use crate::test_network::TestNetwork;
use crate::wiring::{Net, Wiring};

/// How long killed servers may take to be freed, in lab time. It is longer than
/// the 7 seconds that the network takes to fail a call to a dead server.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// How often the cluster checks whether they are freed.
const SHUTDOWN_POLL: Duration = Duration::from_millis(5);

/// An object of a server that must be freed after the server is killed.
struct WatchedObject {
    server: usize,
    incarnation: u64,
    watch: Watch,
}

/// The servers, by index; `None` for a dead one.
type Nodes<N> = Arc<Shared<Vec<Option<Arc<N>>>>>;

/// `n` servers of one lab on a simulated network, and their stable storage.
///
/// The cluster starts and connects all servers when it is created. Only the
/// test's own thread may start and crash servers; all other methods may be
/// called from any thread. The cluster never holds a lock while it calls into a
/// server.
pub struct Cluster<N: Node> {
    test_network: TestNetwork,
    /// The id of server 0 in log, trace and reports. Ids are unique within the
    /// test network.
    first_id: usize,
    wiring: Arc<Wiring>,
    factory: Box<dyn Fn(Setup) -> N + Send + Sync>,
    nodes: Nodes<N>,
    saved: Arc<Shared<Vec<Arc<Persister>>>>,
    status: Arc<Shared<Status>>,
    watched: Arc<Shared<Vec<WatchedObject>>>,
}

impl<N: Node> Cluster<N> {
    /// Starts and connects `n` servers, each made by `factory`, on a new
    /// network.
    pub fn new(
        context: &Context,
        n: usize,
        net: Net,
        factory: impl Fn(Setup) -> N + Send + Sync + 'static,
    ) -> Self {
        Self::on(&TestNetwork::new(context, net), "", n, factory)
    }

    /// Starts and connects `n` servers on a test network, under the names `{group}0`,
    /// `{group}1`, ... Each cluster of a test network must have a different group.
    pub fn on(
        test_network: &TestNetwork,
        group: &str,
        n: usize,
        factory: impl Fn(Setup) -> N + Send + Sync + 'static,
    ) -> Self {
        let names = (0..n).map(|i| Name::from(format!("{group}{i}"))).collect();
        let cluster = Cluster {
            test_network: test_network.clone(),
            first_id: test_network.allocate_ids(n),
            wiring: Arc::new(Wiring::new(test_network.network().clone(), names)),
            factory: Box::new(factory),
            nodes: Arc::new(Shared::new((0..n).map(|_| None).collect())),
            saved: Arc::new(Shared::new((0..n).map(|_| Arc::new(Persister::new())).collect())),
            status: Arc::new(Shared::new(Status::new(n))),
            watched: Arc::default(),
        };
        cluster.register();
        for i in 0..n {
            cluster.start(i);
        }
        for i in 0..n {
            cluster.connect(i);
        }
        cluster
    }

    /// Registers the cluster with the test: the failure report describes it,
    /// the counts include it, and the end of the test checks that its servers
    /// are freed.
    fn register(&self) {
        let context = self.context();
        let (status, nodes, saved) =
            (Arc::clone(&self.status), Arc::clone(&self.nodes), Arc::clone(&self.saved));
        let (names, first_id) = (self.names().to_vec(), self.first_id);
        context.describe(move || {
            describe_servers(first_id, &names, &status.get(), &nodes, &saved.get())
        });
        let peers = self.n();
        context.count_by(move || Totals { peers, servers: peers, ..Totals::default() });
        let (watched, test) = (Arc::clone(&self.watched), context.clone());
        context.at_end(move || wait_until_freed(&test, &watched));
    }

    /// The number of servers, dead ones included.
    pub fn n(&self) -> usize {
        self.nodes.with(|nodes| nodes.len())
    }

    /// The id of server `i` in log, trace and reports.
    fn server_id(&self, i: usize) -> usize {
        self.first_id + i
    }

    /// The test that the cluster belongs to.
    pub fn context(&self) -> &Context {
        self.test_network.context()
    }

    /// The network, for settings that only some tests need.
    pub fn network(&self) -> &Network {
        self.test_network.network()
    }

    /// The names of the servers in the network.
    pub fn names(&self) -> &[Name] {
        self.wiring.servers()
    }

    /// The wiring between the servers, for other threads that change it.
    pub(crate) fn wiring(&self) -> Arc<Wiring> {
        Arc::clone(&self.wiring)
    }

    /// Creates the ends of a new clerk, not yet connected to any server.
    pub fn clerk_ends(&self) -> ClerkEnds {
        ClerkEnds::new(self.network(), self.names())
    }

    /// The current incarnation of server `i`, if it is alive.
    pub fn node(&self, i: usize) -> Option<Arc<N>> {
        self.nodes.with(|nodes| nodes[i].clone())
    }

    /// Starts server `i` from its stable storage, but does not connect it. A
    /// server that is alive is crashed first.
    pub fn start(&self, i: usize) {
        self.crash(i);
        let ends = self.wiring.renew(i);
        let persister = self.saved.with(|saved| Arc::clone(&saved[i]));
        let incarnation = self.status.with(|status| {
            status.incarnations[i] += 1;
            status.incarnations[i]
        });
        trace::event(events::Boot { peer: self.server_id(i), incarnation });
        self.note(i, IncidentKind::Start);
        let name = alias(&self.names()[i]).map(|name| format!(" as {name}")).unwrap_or_default();
        log::info!(
            target: "TEST", "S{} boots{name}, incarnation {incarnation}", self.server_id(i)
        );
        thread::on_behalf_of(Some(self.server_id(i)), || {
            self.boot(Setup { ends, me: i, persister, incarnation });
        });
    }

    /// Makes a server and adds it to the network. All threads that this starts,
    /// and those of the server's handlers, belong to the server.
    fn boot(&self, setup: Setup) {
        let (i, incarnation) = (setup.me, setup.incarnation);
        let node = Arc::new((self.factory)(setup));
        self.watch(i, incarnation, &node);
        let services = node.services();
        self.nodes.with(|nodes| nodes[i] = Some(node));
        self.status.with(|status| status.alive[i] = true);
        // The server receives no request before the harness knows it.
        let server = services.into_iter().fold(Server::new(), Server::with_service);
        self.network().add_server(self.names()[i].clone(), server);
    }

    /// Adds an incident of server `i` to the fault log.
    fn note(&self, i: usize, kind: fn(Name) -> IncidentKind) {
        self.context().note(Incident::now(kind(self.names()[i].clone())));
    }

    /// Records the objects of a server that must be freed when the test ends.
    fn watch(&self, server: usize, incarnation: u64, node: &Arc<N>) {
        let mut watches = node.watch();
        let node: Weak<N> = Arc::downgrade(node);
        watches.push(node);
        let new = watches.into_iter().map(|watch| WatchedObject { server, incarnation, watch });
        self.watched.with(|watched| watched.extend(new));
    }

    /// Crashes server `i`, which keeps what it has saved until now. Does
    /// nothing if the server is dead.
    pub fn crash(&self, i: usize) {
        let Some(node) = self.nodes.with(|nodes| nodes[i].take()) else { return };
        trace::event(events::Crash { peer: self.server_id(i) });
        self.note(i, IncidentKind::Crash);
        log::info!(target: "TEST", "S{} crashes", self.server_id(i));
        self.status.with(|status| status.alive[i] = false);
        self.disconnect(i);
        // Remove it from the network first: a reply must not leave the server after
        // the copy of its storage, which would lack what the reply confirms.
        self.network().delete_server(self.names()[i].clone());
        // The dying server can still write, but only to the old storage.
        let storage = self.saved.with(|saved| Arc::clone(&saved[i]));
        let survived = Arc::new(storage.copy());
        self.saved.with(|saved| saved[i] = survived);
        thread::on_behalf_of(Some(self.server_id(i)), || node.kill());
    }

    /// Crashes server `i`; the name in the 2025 course.
    pub fn shutdown(&self, i: usize) {
        self.crash(i);
    }

    /// Starts server `i` and connects every living server, as in 2025. The ends
    /// of dead servers stay disabled, so that their remaining threads reach no
    /// server.
    pub fn restart(&self, i: usize) {
        self.start(i);
        self.connect_living();
    }

    /// Connects every living server.
    pub fn connect_living(&self) {
        for i in self.status().living_servers() {
            self.connect(i);
        }
    }

    /// Connects server `i` to every connected server and to itself.
    pub fn connect(&self, i: usize) {
        trace::event(events::Connect { peer: self.server_id(i) });
        self.note(i, IncidentKind::Connect);
        log::info!(target: "TEST", "S{} is connected", self.server_id(i));
        let connected = self.status.with(|status| {
            status.connected[i] = true;
            status.connected_servers()
        });
        for j in connected {
            self.wiring.enable_both(i, j, true);
        }
    }

    /// Disconnects server `i` from every server.
    pub fn disconnect(&self, i: usize) {
        trace::event(events::Disconnect { peer: self.server_id(i) });
        self.note(i, IncidentKind::Disconnect);
        log::info!(target: "TEST", "S{} is cut off", self.server_id(i));
        self.status.with(|status| status.connected[i] = false);
        for j in 0..self.n() {
            self.wiring.enable_both(i, j, false);
        }
    }

    /// Connects the servers within each group, and disconnects the groups.
    pub fn partition(&self, groups: &[&[usize]]) {
        self.context().note(Incident::partition(groups));
        let ids = |group: &&[usize]| group.iter().map(|&i| self.server_id(i)).collect::<Vec<_>>();
        let parts: Vec<_> = groups.iter().map(ids).collect();
        log::info!(target: "TEST", "partition {parts:?}");
        self.wiring.partition(groups);
    }

    /// Returns a majority and a minority, with `leader` last in the minority.
    pub fn make_partition(&self, leader: usize) -> (Vec<usize>, Vec<usize>) {
        let mut majority: Vec<usize> = (0..self.n()).filter(|&server| server != leader).collect();
        let mut minority = majority.split_off(self.n() / 2 + 1);
        minority.push(leader);
        (majority, minority)
    }

    /// Whether server `i` is connected. A partition does not change this.
    pub fn is_connected(&self, i: usize) -> bool {
        self.status.with(|status| status.connected[i])
    }

    /// Whether server `i` is running: started, and not crashed since.
    pub fn is_alive(&self, i: usize) -> bool {
        self.status.with(|status| status.alive[i])
    }

    /// The connected servers, in order. They are alive: a crash disconnects.
    pub fn connected(&self) -> Vec<usize> {
        self.status.with(|status| status.connected_servers())
    }

    /// The first connected server that believes it is the leader.
    pub fn leader(&self) -> Option<usize> {
        let leads = |i: &usize| self.node(*i).is_some_and(|node| node.is_leader());
        self.connected().into_iter().find(leads)
    }

    /// The current status of all servers.
    pub fn status(&self) -> Status {
        self.status.get()
    }

    /// Makes the network reliable or unreliable from now on.
    pub fn set_reliable(&self, reliable: bool) {
        log::info!(target: "TEST", "the network is {}reliable", if reliable { "" } else { "un" });
        self.network().set_reliable(reliable);
    }

    /// Sets whether the network delays many replies for long.
    pub fn set_long_reordering(&self, reordering: bool) {
        log::info!(target: "TEST", "long reordering: {reordering}");
        self.network().set_long_reordering(reordering);
    }

    /// Requests that reached the current incarnation of server `i`.
    pub fn rpc_count(&self, i: usize) -> u64 {
        self.network().count(self.names()[i].clone()).unwrap_or(0)
    }

    /// Bytes sent on the network since the beginning.
    pub fn total_bytes(&self) -> u64 {
        self.network().total_bytes()
    }

    /// The largest saved state of any server, dead and disconnected ones
    /// included.
    pub fn log_size(&self) -> usize {
        self.largest(Persister::raft_state_size)
    }

    /// The largest saved snapshot of any server, dead and disconnected ones
    /// included.
    pub fn snapshot_size(&self) -> usize {
        self.largest(Persister::snapshot_size)
    }

    /// Bytes that server `i` has saved, state and snapshot, dead or alive.
    pub fn saved_by(&self, i: usize) -> usize {
        let saved = self.saved.with(|saved| Arc::clone(&saved[i]));
        saved.raft_state_size() + saved.snapshot_size()
    }

    /// Bytes that all servers have saved, dead ones included.
    pub fn total_saved(&self) -> usize {
        (0..self.n()).map(|i| self.saved_by(i)).sum()
    }

    fn largest(&self, size: impl Fn(&Persister) -> usize) -> usize {
        let saved = self.saved.get();
        saved.iter().map(|persister| size(persister)).max().unwrap_or(0)
    }
}

impl<N: Node> Drop for Cluster<N> {
    /// Kills every server and removes it from the network.
    ///
    /// This must not panic, because it also runs while a failed test unwinds.
    /// After a failed simulation it does nothing, because no thread of it runs
    /// again. In real time it kills the servers even then, or they would slow
    /// down the next test.
    fn drop(&mut self) {
        if labrt::thread::panicking() && labrt::clock() == Clock::Virtual {
            // The failure report describes the servers; their destructors, which may
            // wait, must never run.
            std::mem::forget(Arc::clone(&self.nodes));
            return;
        }
        for i in 0..self.n() {
            if let Some(node) = self.nodes.with(|nodes| nodes[i].take()) {
                thread::on_behalf_of(Some(self.server_id(i)), || node.kill());
            }
        }
        // The network holds the services, which hold the servers, which hold ends
        // of the network: this breaks the cycle.
        for name in self.names() {
            self.network().delete_server(name.clone());
        }
    }
}

/// The name of a server, if it has one other than its number.
fn alias(name: &Name) -> Option<&str> {
    Some(name.as_str()).filter(|name| name.parse::<usize>().is_err())
}

/// Describes the last state of all servers, one line each. If the servers have
/// no names, the test has a single cluster, and a line with its status comes
/// first.
fn describe_servers<N: Node>(
    first_id: usize,
    names: &[Name],
    status: &Status,
    nodes: &Nodes<N>,
    saved: &[Arc<Persister>],
) -> String {
    let mut lines = Vec::new();
    if names.iter().all(|name| alias(name).is_none()) {
        lines.push(status.to_string());
    }
    for (i, persister) in saved.iter().enumerate() {
        let mut text = format!("S{}", first_id + i);
        if let Some(name) = alias(&names[i]) {
            text.push_str(&format!(" name={name}"));
        }
        let Status { alive, connected, incarnations } = status;
        let (alive, connected, incarnation) = (alive[i], connected[i], incarnations[i]);
        text.push_str(&format!(" alive={alive} connected={connected} incarnation={incarnation}"));
        match persister.peek_sizes() {
            Some((state, snapshot)) => {
                text.push_str(&format!(" raft_state={state} snapshot={snapshot}"));
            }
            None => text.push_str(" raft_state=? snapshot=? (a save is in progress)"),
        }
        let node = nodes.with(|nodes| nodes[i].clone());
        if let Some(description) = node.as_ref().and_then(|node| node.describe()) {
            text.push_str(&format!(" {description}"));
        }
        // This must not drop the last reference: the server's destructor may wait.
        std::mem::forget(node);
        lines.push(text);
    }
    lines.join("\n")
}

/// Waits until all killed servers of a test are freed. Fails the test and names
/// a server if one is not.
fn wait_until_freed(context: &Context, watched: &Shared<Vec<WatchedObject>>) {
    let begin = Instant::now();
    loop {
        let left = watched.with(|watched| {
            watched.retain(|object| object.watch.strong_count() > 0);
            watched.first().map(|first| (first.server, first.incarnation, watched.len()))
        });
        let Some((server, incarnation, count)) = left else { return };
        if begin.elapsed() > SHUTDOWN_TIMEOUT {
            context.fatal(format!(
                "server {server} (incarnation {incarnation}) is still there {SHUTDOWN_TIMEOUT:?} \
                 after its kill: it is leaked, a thread, service or timer still references it \
                 ({count} leaked objects in all)"
            ));
        }
        thread::sleep(SHUTDOWN_POLL);
    }
}
