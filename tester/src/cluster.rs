//! The servers of one test and what can happen to them.

use std::sync::{Arc, Weak};

use labrpc::{Name, Network, Server};
use labrt::Clock;
use labrt::storage::Persister;
use labrt::thread;
use labrt::time::{Duration, Instant};
use labrt::trace;

use crate::board::Status;
use crate::chronicle::{Incident, IncidentKind};
use crate::clerk::ClerkEnds;
use crate::context::Context;
use crate::events;
use crate::node::{Node, Setup, Watch};
use crate::outcome::Totals;
use crate::shared::Shared;
use crate::site::Site;
use crate::wiring::{Net, Wiring};

/// How long the remains of killed servers may take to go, in lab time: longer
/// than the 7 seconds that the network takes to fail a call to a dead server.
const LAST_GOODBYE: Duration = Duration::from_secs(10);

/// How often it is looked whether they are gone.
const GOODBYE_POLL: Duration = Duration::from_millis(5);

/// Something of a server that has to go when the server is killed.
struct Remains {
    server: usize,
    incarnation: u64,
    watch: Watch,
}

/// The living servers, each in its place.
type Nodes<N> = Arc<Shared<Vec<Option<Arc<N>>>>>;

/// `n` servers of one lab on a simulated network, and their stable storage.
///
/// All servers are started and connected from the beginning. Starting and
/// crashing is the work of one thread, the test's own; all else may be called
/// from any thread. The cluster never holds a lock while it calls into a server.
pub struct Cluster<N: Node> {
    site: Site,
    /// What log, trace and accounts call server 0 of this cluster: other clusters of
    /// the site have other numbers.
    first: usize,
    wiring: Arc<Wiring>,
    factory: Box<dyn Fn(Setup) -> N + Send + Sync>,
    nodes: Nodes<N>,
    saved: Arc<Shared<Vec<Arc<Persister>>>>,
    status: Arc<Shared<Status>>,
    remains: Arc<Shared<Vec<Remains>>>,
}

impl<N: Node> Cluster<N> {
    /// Starts and connects `n` servers, each made by `factory`, on a network of
    /// their own.
    pub fn new(
        context: &Context,
        n: usize,
        net: Net,
        factory: impl Fn(Setup) -> N + Send + Sync + 'static,
    ) -> Self {
        Self::on(&Site::new(context, net), "", n, factory)
    }

    /// Starts and connects `n` servers on a site, under the names `{group}0`,
    /// `{group}1`, ... No two clusters of a site have the same group.
    pub fn on(
        site: &Site,
        group: &str,
        n: usize,
        factory: impl Fn(Setup) -> N + Send + Sync + 'static,
    ) -> Self {
        let names = (0..n).map(|i| Name::from(format!("{group}{i}"))).collect();
        let cluster = Cluster {
            site: site.clone(),
            first: site.number(n),
            wiring: Arc::new(Wiring::new(site.network().clone(), names)),
            factory: Box::new(factory),
            nodes: Arc::new(Shared::new((0..n).map(|_| None).collect())),
            saved: Arc::new(Shared::new((0..n).map(|_| Arc::new(Persister::new())).collect())),
            status: Arc::new(Shared::new(Status::new(n))),
            remains: Arc::default(),
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

    /// Tells the test what to show on a failure and what to look after at its end.
    fn register(&self) {
        let context = self.context();
        let (status, nodes, saved) =
            (Arc::clone(&self.status), Arc::clone(&self.nodes), Arc::clone(&self.saved));
        let (names, first) = (self.names().to_vec(), self.first);
        context.describe(move || portrait(first, &names, &status.get(), &nodes, &saved.get()));
        let peers = self.n();
        context.count_by(move || Totals { peers, servers: peers, ..Totals::default() });
        let (remains, of) = (Arc::clone(&self.remains), context.clone());
        context.at_end(move || wait_until_gone(&of, &remains));
    }

    /// How many servers there are, dead ones included.
    pub fn n(&self) -> usize {
        self.nodes.with(|nodes| nodes.len())
    }

    /// What log, trace and accounts call server `i`.
    fn number(&self, i: usize) -> usize {
        self.first + i
    }

    /// The test that the cluster belongs to.
    pub fn context(&self) -> &Context {
        self.site.context()
    }

    /// The network, for the switches that only some tests need.
    pub fn network(&self) -> &Network {
        self.site.network()
    }

    /// What the servers are called in the network.
    pub fn names(&self) -> &[Name] {
        self.wiring.servers()
    }

    /// Who can talk to whom, for threads that change it beside the test's own.
    pub(crate) fn wiring(&self) -> Arc<Wiring> {
        Arc::clone(&self.wiring)
    }

    /// The ends of a new clerk, connected to no server yet.
    pub fn clerk_ends(&self) -> ClerkEnds {
        ClerkEnds::new(self.network(), self.names())
    }

    /// The living incarnation of server `i`.
    pub fn node(&self, i: usize) -> Option<Arc<N>> {
        self.nodes.with(|nodes| nodes[i].clone())
    }

    /// Starts server `i` from its stable storage, after a crash if it is alive.
    /// It is not connected yet.
    pub fn start(&self, i: usize) {
        self.crash(i);
        let ends = self.wiring.renew(i);
        let persister = self.saved.with(|saved| Arc::clone(&saved[i]));
        let incarnation = self.status.with(|status| {
            status.incarnations[i] += 1;
            status.incarnations[i]
        });
        trace::event(events::Boot { peer: self.number(i), incarnation });
        self.note(i, IncidentKind::Start);
        let name = alias(&self.names()[i]).map(|name| format!(" as {name}")).unwrap_or_default();
        log::info!(
            target: "TEST", "S{} boots{name}, incarnation {incarnation}", self.number(i)
        );
        thread::on_behalf_of(Some(self.number(i)), || {
            self.boot(Setup { ends, me: i, persister, incarnation });
        });
    }

    /// Makes a server and puts it on the network. All threads that this starts, and
    /// those of the server's handlers, are the server's.
    fn boot(&self, setup: Setup) {
        let (i, incarnation) = (setup.me, setup.incarnation);
        let node = Arc::new((self.factory)(setup));
        self.watch(i, incarnation, &node);
        let services = node.services();
        self.nodes.with(|nodes| nodes[i] = Some(node));
        self.status.with(|status| status.alive[i] = true);
        // The server hears nobody before the harness knows it.
        let server = services.into_iter().fold(Server::new(), Server::with_service);
        self.network().add_server(self.names()[i].clone(), server);
    }

    /// Something is done to server `i`.
    fn note(&self, i: usize, kind: fn(Name) -> IncidentKind) {
        self.context().note(Incident::now(kind(self.names()[i].clone())));
    }

    /// Remembers what has to be gone when the test ends.
    fn watch(&self, server: usize, incarnation: u64, node: &Arc<N>) {
        let mut watches = node.watch();
        let node: Weak<N> = Arc::downgrade(node);
        watches.push(node);
        let new = watches.into_iter().map(|watch| Remains { server, incarnation, watch });
        self.remains.with(|remains| remains.extend(new));
    }

    /// Crashes server `i`: it keeps what it had saved at this moment. Nothing
    /// happens to a dead one.
    pub fn crash(&self, i: usize) {
        let Some(node) = self.nodes.with(|nodes| nodes[i].take()) else { return };
        trace::event(events::Crash { peer: self.number(i) });
        self.note(i, IncidentKind::Crash);
        log::info!(target: "TEST", "S{} crashes", self.number(i));
        self.status.with(|status| status.alive[i] = false);
        self.disconnect(i);
        // Off the network first: a reply that gets out must not promise anything
        // that is missing from the storage copied next.
        self.network().delete_server(self.names()[i].clone());
        // What the dying server still writes goes to the old storage, unseen.
        let storage = self.saved.with(|saved| Arc::clone(&saved[i]));
        let survived = Arc::new(storage.copy());
        self.saved.with(|saved| saved[i] = survived);
        thread::on_behalf_of(Some(self.number(i)), || node.kill());
    }

    /// Crashes server `i`, as the 2025 course calls it.
    pub fn shutdown(&self, i: usize) {
        self.crash(i);
    }

    /// Starts server `i` and connects every living server, as in 2025. Ends of
    /// dead servers stay cut, so that their zombies can reach nobody.
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
        trace::event(events::Connect { peer: self.number(i) });
        self.note(i, IncidentKind::Connect);
        log::info!(target: "TEST", "S{} is connected", self.number(i));
        let connected = self.status.with(|status| {
            status.connected[i] = true;
            status.connected_servers()
        });
        for j in connected {
            self.wiring.enable_both(i, j, true);
        }
    }

    /// Cuts server `i` off from every server.
    pub fn disconnect(&self, i: usize) {
        trace::event(events::Disconnect { peer: self.number(i) });
        self.note(i, IncidentKind::Disconnect);
        log::info!(target: "TEST", "S{} is cut off", self.number(i));
        self.status.with(|status| status.connected[i] = false);
        for j in 0..self.n() {
            self.wiring.enable_both(i, j, false);
        }
    }

    /// Connects the members of each group with each other, and no two groups.
    pub fn partition(&self, groups: &[&[usize]]) {
        self.context().note(Incident::partition(groups));
        let numbers = |group: &&[usize]| group.iter().map(|&i| self.number(i)).collect::<Vec<_>>();
        let parts: Vec<_> = groups.iter().map(numbers).collect();
        log::info!(target: "TEST", "partition {parts:?}");
        self.wiring.partition(groups);
    }

    /// A majority and a minority, with `leader` last in the minority.
    pub fn make_partition(&self, leader: usize) -> (Vec<usize>, Vec<usize>) {
        let mut majority: Vec<usize> = (0..self.n()).filter(|&server| server != leader).collect();
        let mut minority = majority.split_off(self.n() / 2 + 1);
        minority.push(leader);
        (majority, minority)
    }

    /// Whether server `i` is meant to reach the other connected ones.
    pub fn is_connected(&self, i: usize) -> bool {
        self.status.with(|status| status.connected[i])
    }

    /// Whether server `i` has been started and not crashed since.
    pub fn is_alive(&self, i: usize) -> bool {
        self.status.with(|status| status.alive[i])
    }

    /// The connected servers, in order. They are alive: a crash disconnects.
    pub fn connected(&self) -> Vec<usize> {
        self.status.with(|status| status.connected_servers())
    }

    /// The first connected server that takes itself for the leader.
    pub fn leader(&self) -> Option<usize> {
        let leads = |i: &usize| self.node(*i).is_some_and(|node| node.is_leader());
        self.connected().into_iter().find(leads)
    }

    /// What is known about all servers now.
    pub fn status(&self) -> Status {
        self.status.get()
    }

    /// Makes the network reliable or unreliable from now on.
    pub fn set_reliable(&self, reliable: bool) {
        log::info!(target: "TEST", "the network is {}reliable", if reliable { "" } else { "un" });
        self.network().set_reliable(reliable);
    }

    /// Makes the network delay many replies long, or no longer.
    pub fn set_long_reordering(&self, reordering: bool) {
        log::info!(target: "TEST", "long reordering: {reordering}");
        self.network().set_long_reordering(reordering);
    }

    /// Requests that reached the present incarnation of server `i`.
    pub fn rpc_count(&self, i: usize) -> u64 {
        self.network().count(self.names()[i].clone()).unwrap_or(0)
    }

    /// Bytes sent by all, since the beginning.
    pub fn total_bytes(&self) -> u64 {
        self.network().total_bytes()
    }

    /// The largest saved state of any server, dead and cut off ones included.
    pub fn log_size(&self) -> usize {
        self.largest(Persister::raft_state_size)
    }

    /// The largest saved snapshot of any server, dead and cut off ones included.
    pub fn snapshot_size(&self) -> usize {
        self.largest(Persister::snapshot_size)
    }

    /// All that server `i` has saved, state and snapshot, dead or alive.
    pub fn saved_by(&self, i: usize) -> usize {
        let saved = self.saved.with(|saved| Arc::clone(&saved[i]));
        saved.raft_state_size() + saved.snapshot_size()
    }

    /// All that all servers have saved, dead ones included.
    pub fn total_saved(&self) -> usize {
        (0..self.n()).map(|i| self.saved_by(i)).sum()
    }

    fn largest(&self, size: impl Fn(&Persister) -> usize) -> usize {
        let saved = self.saved.get();
        saved.iter().map(|persister| size(persister)).max().unwrap_or(0)
    }
}

impl<N: Node> Drop for Cluster<N> {
    /// Kills every server and takes it off the network.
    ///
    /// This must not panic, as it also runs while a failed test unwinds. A failed
    /// simulation is left as it is: no thread of it runs again. In real time the
    /// servers must go even then, or they would slow down the next test.
    fn drop(&mut self) {
        if labrt::thread::panicking() && labrt::clock() == Clock::Virtual {
            // They can still be described, and their destructors never run.
            std::mem::forget(Arc::clone(&self.nodes));
            return;
        }
        for i in 0..self.n() {
            if let Some(node) = self.nodes.with(|nodes| nodes[i].take()) {
                thread::on_behalf_of(Some(self.number(i)), || node.kill());
            }
        }
        // The network holds the services, which hold the servers, which hold ends
        // of the network: the circle is cut here.
        for name in self.names() {
            self.network().delete_server(name.clone());
        }
    }
}

/// What a server is called besides its number: nothing where the name is a number.
fn alias(name: &Name) -> Option<&str> {
    Some(name.as_str()).filter(|name| name.parse::<usize>().is_err())
}

/// The last state of all servers, a line for each of them. A cluster that is alone
/// has a line before these.
fn portrait<N: Node>(
    first: usize,
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
        let mut text = format!("S{}", first + i);
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
            None => text.push_str(" raft_state=? snapshot=? (it is saving)"),
        }
        let node = nodes.with(|nodes| nodes[i].clone());
        if let Some(told) = node.as_ref().and_then(|node| node.describe()) {
            text.push_str(&format!(" {told}"));
        }
        // It must not be the last one to hold the server, whose destructor may wait.
        std::mem::forget(node);
        lines.push(text);
    }
    lines.join("\n")
}

/// Waits until all servers of a test are gone, or fails naming one that is not.
fn wait_until_gone(context: &Context, remains: &Shared<Vec<Remains>>) {
    let begin = Instant::now();
    loop {
        let left = remains.with(|remains| {
            remains.retain(|remains| remains.watch.strong_count() > 0);
            remains.first().map(|first| (first.server, first.incarnation, remains.len()))
        });
        let Some((server, incarnation, count)) = left else { return };
        if begin.elapsed() > LAST_GOODBYE {
            context.fatal(format!(
                "server {server} (incarnation {incarnation}) is still there {LAST_GOODBYE:?} after \
                 its kill, {count} such objects in all: a thread, a service or a timer keeps it"
            ));
        }
        thread::sleep(GOODBYE_POLL);
    }
}
