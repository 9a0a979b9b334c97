//! The servers and clerks of this lab, and the course's checks.

use std::sync::Arc;

use labrpc::Service;
use labrt::time::Duration;
use shardctrler::{Clerk, Config, Gid, Groups, ShardCtrler};
use tester::{Cluster, Columns, Context, Factory, Net, Node, Setup, Watch, watch};

/// The number of servers of the controller.
pub(crate) const SERVERS: usize = 3;

/// The timeout for events that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// Makes the servers of a test.
pub(crate) type MakeServer = Factory<CtrlerNode>;

/// The controller of this crate.
pub(crate) fn reference() -> MakeServer {
    behind(shardctrler::shard_ctrler_service)
}

/// A factory of this crate's servers, with `front` between each and its clerks.
pub(crate) fn behind(
    front: impl Fn(Arc<ShardCtrler>) -> Service + Clone + Send + Sync + 'static,
) -> MakeServer {
    Factory::new(move |setup: Setup, ()| {
        let Setup { ends, me, persister, .. } = setup;
        let (server, front) = (ShardCtrler::make(ends, me, persister), front.clone());
        CtrlerNode { server, front: Box::new(front) }
    })
}

/// A server of the cluster.
pub(crate) struct CtrlerNode {
    server: Arc<ShardCtrler>,
    front: Box<dyn Fn(Arc<ShardCtrler>) -> Service + Send + Sync>,
}

impl CtrlerNode {
    /// The server itself.
    pub(crate) fn server(&self) -> &ShardCtrler {
        &self.server
    }
}

impl Node for CtrlerNode {
    fn services(&self) -> Vec<Service> {
        let raft = raft::raft_service(Arc::clone(self.server.raft()));
        vec![(self.front)(Arc::clone(&self.server)), raft]
    }

    fn kill(&self) {
        self.server.kill();
    }

    fn is_leader(&self) -> bool {
        self.server.is_leader()
    }

    fn describe(&self) -> Option<String> {
        Some(self.server.describe())
    }

    fn watch(&self) -> Vec<Watch> {
        vec![watch(&self.server), watch(self.server.raft())]
    }
}

/// Starts a controller.
pub(crate) fn controller(ctx: &Context, make: MakeServer, net: Net) -> Cluster<CtrlerNode> {
    ctx.set_columns(Columns::None);
    Cluster::new(ctx, SERVERS, net, move |setup| make.make(setup, ()))
}

/// Makes a clerk that reaches all servers, in random order.
pub(crate) fn make_clerk(cluster: &Cluster<CtrlerNode>) -> Clerk {
    let ends = cluster.clerk_ends();
    ends.connect(0..SERVERS);
    let mut shuffled = ends.ends();
    labrt::rng().shuffle(&mut shuffled);
    Clerk::new(shuffled)
}

/// Makes groups from their gids and the names of their servers.
pub(crate) fn groups<const N: usize>(groups: [(Gid, &[&str]); N]) -> Groups {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    groups.into_iter().map(|(gid, names)| (gid, own(names))).collect()
}

/// Checks that the newest configuration has exactly these groups and is
/// balanced.
#[track_caller]
pub(crate) fn check(clerk: &Clerk, gids: &[Gid]) {
    let config = clerk.query(None);
    let mut expected = gids.to_vec();
    expected.sort_unstable();
    assert_eq!(Vec::from_iter(config.groups.keys().copied()), expected, "groups");
    if gids.is_empty() {
        return;
    }
    for (shard, owner) in config.shards.iter().enumerate() {
        assert!(config.groups.contains_key(owner), "shard {shard} -> invalid group {owner}");
    }
    let counts = gids.iter().map(|gid| config.shards.iter().filter(|&owner| owner == gid).count());
    let (min, max) = (counts.clone().min(), counts.max());
    assert!(max <= min.map(|min| min + 1), "max {max:?} too much larger than min {min:?}");
}

/// Checks the names of a group's servers in the newest configuration.
#[track_caller]
pub(crate) fn check_servers(clerk: &Clerk, gid: Gid, servers: &[&str]) {
    let config = clerk.query(None);
    assert_eq!(config.groups[&gid], servers, "wrong servers for gid {gid}");
}

/// Checks that each group in `fewer` still owns there all shards that it owns
/// in `more`, a configuration with more groups.
#[track_caller]
pub(crate) fn check_kept(more: &Config, fewer: &Config) {
    for (shard, owner) in more.shards.iter().enumerate() {
        if fewer.groups.contains_key(owner) {
            let other = fewer.shards[shard];
            assert_eq!(*owner, other, "non-minimal transfer of shard {shard}");
        }
    }
}

/// Runs ten threads with a clerk each, and waits for them.
#[track_caller]
pub(crate) fn ten_clerks(ctx: &Context, cluster: &Cluster<CtrlerNode>, work: fn(Gid, &Clerk)) {
    let clerks: Vec<Clerk> = (0..10).map(|_| make_clerk(cluster)).collect();
    let run = |(i, clerk): (Gid, Clerk)| ctx.spawn(format!("clerk {i}"), move || work(i, &clerk));
    let threads: Vec<_> = (0..).zip(clerks).map(run).collect();
    threads.into_iter().for_each(tester::Helper::join);
}
