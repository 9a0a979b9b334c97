//! The servers and clerks of this lab, and the course's checks.

use std::sync::Arc;

use labrpc::Service;
use labrt::time::Duration;
use shardctrler::{Clerk, Config, Gid, Groups, ShardCtrler};
use tester::{Cluster, Columns, Context, Factory, Net, Node, Setup, Watch, watch};

/// How many servers the controller has.
pub(crate) const SERVERS: usize = 3;

/// How long anything that should happen may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// Makes the servers of a test.
pub(crate) type MakeServer = Factory<CtrlerNode>;

/// The controller of this crate.
pub(crate) fn reference() -> MakeServer {
    behind(shardctrler::shard_ctrler_service)
}

/// Servers of this crate, which clerks reach through what `front` puts before them.
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

/// A clerk that reaches all servers, and does not know which is which.
pub(crate) fn make_clerk(cluster: &Cluster<CtrlerNode>) -> Clerk {
    let ends = cluster.clerk_ends();
    ends.connect(0..SERVERS);
    let mut shuffled = ends.ends();
    labrt::rng().shuffle(&mut shuffled);
    Clerk::new(shuffled)
}

/// Groups out of their gids and the names of their servers.
pub(crate) fn groups<const N: usize>(groups: [(Gid, &[&str]); N]) -> Groups {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    groups.into_iter().map(|(gid, names)| (gid, own(names))).collect()
}

/// The newest configuration has just these groups, and even shares.
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

/// The servers of a group, as the newest configuration names them.
#[track_caller]
pub(crate) fn check_servers(clerk: &Clerk, gid: Gid, servers: &[&str]) {
    let config = clerk.query(None);
    assert_eq!(config.groups[&gid], servers, "wrong servers for gid {gid}");
}

/// Every shard that a group owns with more groups present is its own with fewer of
/// them too, if the group is there.
#[track_caller]
pub(crate) fn check_kept(more: &Config, fewer: &Config) {
    for (shard, owner) in more.shards.iter().enumerate() {
        if fewer.groups.contains_key(owner) {
            let other = fewer.shards[shard];
            assert_eq!(*owner, other, "non-minimal transfer of shard {shard}");
        }
    }
}

/// Runs ten threads with a clerk each to their end.
#[track_caller]
pub(crate) fn ten_clerks(ctx: &Context, cluster: &Cluster<CtrlerNode>, work: fn(Gid, &Clerk)) {
    let clerks: Vec<Clerk> = (0..10).map(|_| make_clerk(cluster)).collect();
    let run = |(i, clerk): (Gid, Clerk)| ctx.spawn(format!("clerk {i}"), move || work(i, &clerk));
    let threads: Vec<_> = (0..).zip(clerks).map(run).collect();
    threads.into_iter().for_each(tester::Helper::join);
}
