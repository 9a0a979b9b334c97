//! A controller, groups of servers, and clerks, on one network.
//!
//! Ported from `shardkv/config.go` of MIT 6.824 and 6.5840, 2021 to 2024. What
//! differs:
//!
//! 1. There may be any number of groups.
//! 2. As in Go, ends that a server made with `make_end` stay connected after
//!    its crash; here its ends to the controller do too. So a killed server
//!    really must not make calls.

mod ends;
mod load;
mod nodes;

use std::sync::Arc;

use labrt::sync::Mutex;
use labrt::thread::sleep;
use labrt::time::{Duration, Instant};
use shardctrler::{Clerk as Ctrler, Config, Gid, Groups};
use shardkv::{Clerk, Group, Shard, key2shard};
use tester::kv::Client;
use tester::{Cluster, Columns, Context, Net, TestNetwork};

use ends::Ends;
pub(crate) use load::{Appenders, Mix, Table, until_quiet};
pub(crate) use nodes::{
    CtrlerNode, KvClerk, MakeServer, Member, ShardNode, groups_of, reference, with_service,
};

/// How many servers every group and every controller has.
pub(crate) const SERVERS: usize = 3;

/// How many keys most tests use: "0", "1", ... Each shard has one of them.
pub(crate) const KEYS: usize = 10;

/// The gid of the first group; the others follow.
const FIRST_GID: Gid = 100;

/// How many groups the course's tests have.
const GROUPS: usize = 3;

/// A duration in milliseconds.
pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The gid of group `g`.
pub(crate) fn gid(g: usize) -> Gid {
    FIRST_GID + g as Gid
}

/// A controller, and the clerks that use its configurations.
pub(crate) struct CtrlerHarness {
    clerks: tester::kv::Harness<CtrlerNode, KvClerk>,
    /// The clerk for joins, leaves and moves.
    admin: Ctrler,
}

impl CtrlerHarness {
    /// Starts a controller whose servers are called `{name}0`, `{name}1`, ...
    fn new(test_network: &TestNetwork, name: &str) -> Self {
        let cluster = Cluster::on(test_network, name, SERVERS, CtrlerNode::make);
        let own_ends = Ends::new(test_network.network());
        let admin = Ctrler::new(own_ends.to(cluster.names()));
        let clerk = move |ends| KvClerk(Clerk::new(ends, own_ends.make_end()));
        CtrlerHarness { admin, clerks: tester::kv::Harness::new(cluster, clerk) }
    }

    /// Creates a clerk that uses this controller's configurations.
    pub(crate) fn make_clerk(&self) -> Client<KvClerk> {
        self.clerks.make_clerk(self.clerks.all())
    }

    /// Returns the controller's servers.
    pub(crate) fn cluster(&self) -> &Cluster<CtrlerNode> {
        self.clerks.cluster()
    }

    /// Returns the harness of its clerks.
    pub(crate) fn clerks(&self) -> &tester::kv::Harness<CtrlerNode, KvClerk> {
        &self.clerks
    }

    /// Makes groups join. They receive their shards some time later.
    #[track_caller]
    pub(crate) fn join(&self, groups: &[usize]) {
        let names = |g| (0..SERVERS).map(|i| format!("{}{i}", prefix(g))).collect();
        let groups: Groups = groups.iter().map(|&g| (gid(g), names(g))).collect();
        self.admin.join(&groups).expect("no group of a test joins twice");
    }

    /// Makes groups leave. They hand over their shards some time later.
    #[track_caller]
    pub(crate) fn leave(&self, groups: &[usize]) {
        let gids: Vec<Gid> = groups.iter().map(|&g| gid(g)).collect();
        self.admin.leave(&gids).expect("no group of a test leaves twice");
    }

    /// Gives a shard to a group.
    #[track_caller]
    pub(crate) fn move_shard(&self, shard: usize, g: usize) {
        self.admin.move_shard(shard, gid(g)).expect("the test moves existing shards");
    }

    /// Returns the newest configuration.
    pub(crate) fn config(&self) -> Config {
        self.admin.query(None)
    }

    /// Returns the keys whose shards belong to group `g` now.
    pub(crate) fn keys_of(&self, g: usize) -> Vec<String> {
        let config = self.config();
        let owned = |key: &String| config.shards[key2shard(key)] == gid(g);
        (0..KEYS).map(|i| i.to_string()).filter(owned).collect()
    }
}

/// A controller and groups.
pub(crate) struct Harness {
    test_network: TestNetwork,
    /// The limit for servers that start from now on.
    max_raft_state: Arc<Mutex<Option<usize>>>,
    groups: Vec<Cluster<ShardNode>>,
    ctrler: CtrlerHarness,
}

impl Harness {
    /// Starts the course's three groups; none has joined yet.
    pub(crate) fn new(
        ctx: &Context,
        make: MakeServer,
        net: Net,
        max_raft_state: Option<usize>,
    ) -> Self {
        Self::with(ctx, make, net, max_raft_state, GROUPS)
    }

    /// Starts any number of groups. The network is reliable until all have
    /// started.
    pub(crate) fn with(
        ctx: &Context,
        make: MakeServer,
        net: Net,
        max_raft_state: Option<usize>,
        groups: usize,
    ) -> Self {
        ctx.set_columns(Columns::None);
        let test_network = TestNetwork::new(ctx, Net::Reliable);
        let ctrler = CtrlerHarness::new(&test_network, "ctlr-");
        let max_raft_state = Arc::new(Mutex::new(max_raft_state));
        let start = |g| {
            // Not the test network itself: while it is held, the network cannot be closed.
            let network = test_network.network().clone();
            let ctrlers = ctrler.cluster().names().to_vec();
            let (make, limit) = (make.clone(), Arc::clone(&max_raft_state));
            Cluster::on(&test_network, &prefix(g), SERVERS, move |setup| {
                let (max_raft_state, own_ends) = (*limit.lock(), Ends::new(&network));
                let (gid, ctrlers) = (gid(g), own_ends.to(&ctrlers));
                make.make(setup, Member { gid, max_raft_state, ctrlers, own_ends })
            })
        };
        let groups = (0..groups).map(start).collect();
        test_network.network().set_reliable(net == Net::Reliable);
        Harness { test_network, max_raft_state, groups, ctrler }
    }

    /// Starts another controller, which knows no group.
    pub(crate) fn another_controller(&self) -> CtrlerHarness {
        CtrlerHarness::new(&self.test_network, "other-ctlr-")
    }

    /// The controller.
    pub(crate) fn ctrler(&self) -> &CtrlerHarness {
        &self.ctrler
    }

    /// The servers of group `g`.
    pub(crate) fn group(&self, g: usize) -> &Cluster<ShardNode> {
        &self.groups[g]
    }

    /// All groups.
    pub(crate) fn groups(&self) -> &[Cluster<ShardNode>] {
        &self.groups
    }

    /// The network.
    pub(crate) fn network(&self) -> &labrpc::Network {
        self.test_network.network()
    }

    /// Returns the state of group `g` on its leader; `None` if there is no
    /// leader.
    pub(crate) fn state(&self, g: usize) -> Option<Group> {
        let node = self.groups[g].leader().and_then(|leader| self.groups[g].node(leader));
        node.map(|leader| leader.server().group())
    }

    /// Waits until every group has completed the change to the newest
    /// configuration.
    #[track_caller]
    pub(crate) fn wait_until_settled(&self, timeout: Duration) {
        let (begin, newest) = (Instant::now(), self.ctrler.config().num);
        let is_settled = |group: Group| {
            group.config().num == newest && group.shards().iter().all(Shard::is_settled)
        };
        while !(0..self.groups.len()).all(|g| self.state(g).is_some_and(is_settled)) {
            let states: Vec<_> = (0..self.groups.len()).map(|g| self.state(g)).collect();
            assert!(
                begin.elapsed() < timeout,
                "not settled in config {newest} after {timeout:?}: {states:?}"
            );
            sleep(ms(10));
        }
    }

    /// Crashes server `i` of group `g`.
    pub(crate) fn shutdown_server(&self, g: usize, i: usize) {
        self.groups[g].crash(i);
    }

    /// Starts server `i` of group `g` again.
    pub(crate) fn start_server(&self, g: usize, i: usize) {
        self.groups[g].restart(i);
    }

    /// Crashes all servers of a group.
    pub(crate) fn shutdown_group(&self, g: usize) {
        (0..SERVERS).for_each(|i| self.shutdown_server(g, i));
    }

    /// Starts all servers of a group again.
    pub(crate) fn start_group(&self, g: usize) {
        (0..SERVERS).for_each(|i| self.start_server(g, i));
    }

    /// Crashes all servers of all groups, and starts them again immediately.
    pub(crate) fn restart_all(&self) {
        (0..self.groups.len()).for_each(|g| self.shutdown_group(g));
        (0..self.groups.len()).for_each(|g| self.start_group(g));
    }

    /// Changes the limit for servers that start from now on.
    pub(crate) fn set_max_raft_state(&self, limit: usize) {
        *self.max_raft_state.lock() = Some(limit);
    }

    /// Fails if a saved Raft state is larger than eight times the limit, or if
    /// there is a snapshot without a limit.
    #[track_caller]
    pub(crate) fn check_logs(&self) {
        let limit = *self.max_raft_state.lock();
        for (g, group) in self.groups.iter().enumerate() {
            match limit {
                Some(limit) => {
                    let size = group.log_size();
                    assert!(size <= 8 * limit, "group {g}: {size} bytes of log, limit {limit}");
                }
                None => {
                    let size = group.snapshot_size();
                    assert_eq!(size, 0, "group {g}: a snapshot of {size} bytes without a limit");
                }
            }
        }
    }
}

/// The prefix of the server names of group `g`.
fn prefix(g: usize) -> String {
    format!("server-{}-", gid(g))
}
