//! Servers and clerks as the tester wants them.

use std::any::Any;
use std::sync::{Arc, Weak};

use labrpc::{ClientEnd, Service};
use raft::Raft;
use shardctrler::{Gid, ShardCtrler};
use shardkv::{Clerk, Group, KvError, Machine, Parcel, ShardKv, ShardKvService};
use tester::{Factory, Node, Setup, Watch, watch};

use super::Lines;

/// A server of a controller.
pub(crate) struct CtrlerNode(Arc<ShardCtrler>);

impl CtrlerNode {
    /// Makes a server.
    pub(super) fn make(setup: Setup) -> Self {
        CtrlerNode(ShardCtrler::make(setup.ends, setup.me, setup.persister))
    }
}

impl Node for CtrlerNode {
    fn services(&self) -> Vec<Service> {
        self.0.services()
    }

    fn kill(&self) {
        self.0.kill();
    }

    fn is_leader(&self) -> bool {
        self.0.is_leader()
    }

    fn describe(&self) -> Option<String> {
        Some(self.0.describe())
    }

    fn watch(&self) -> Vec<Watch> {
        vec![watch(&self.0), watch(self.0.raft())]
    }
}

/// What a server of a group needs and its setup does not have.
pub(crate) struct Member {
    /// The name of its group.
    pub(crate) gid: Gid,
    /// The size in bytes from which on it trims its log.
    pub(crate) max_raft_state: Option<usize>,
    /// Its ways to the controller.
    pub(crate) ctrlers: Vec<ClientEnd>,
    /// Where its ways to the controller and to other groups come from.
    pub(crate) lines: Lines,
}

/// Makes the servers of the groups.
pub(crate) type MakeServer = Factory<ShardNode, Member>;

/// The servers of this crate.
pub(crate) fn reference() -> MakeServer {
    groups_of(Group::new)
}

/// Servers of groups with this state machine, made for each group.
pub(crate) fn groups_of<M: Machine>(
    machine: impl Fn(Gid) -> M + Send + Sync + 'static,
) -> MakeServer {
    behind(machine, shardkv::shard_kv_service)
}

/// Servers of groups with this state machine, which others reach through what
/// `front` puts before them.
pub(crate) fn behind<M: Machine>(
    machine: impl Fn(Gid) -> M + Send + Sync + 'static,
    front: fn(Arc<ShardKv<M>>) -> Service,
) -> MakeServer {
    Factory::new(move |setup: Setup, member: Member| {
        let Setup { ends, me, persister, .. } = setup;
        let Member { gid, max_raft_state, ctrlers, lines } = member;
        let (machine, make_end) = (machine(gid), lines.make_end());
        let server = ShardKv::make(ends, me, persister, max_raft_state, machine, ctrlers, make_end);
        let behind = Arc::clone(&server);
        ShardNode { server, front: Box::new(move || front(Arc::clone(&behind))), lines }
    })
}

/// A server of a group, whatever its state machine is.
pub(crate) trait GroupServer: Any + Send + Sync {
    /// What the group has, as far as this server knows.
    fn group(&self) -> Group;
    /// Another group hands shards over.
    fn install(&self, parcel: Parcel) -> Result<(), KvError>;
    /// The Raft below.
    fn raft(&self) -> &Arc<Raft>;
    /// Whether it takes itself for its group's leader.
    fn is_leader(&self) -> bool;
    /// A line about its state for reports, that never waits.
    fn describe(&self) -> String;
    /// Stops for good.
    fn kill(&self);
}

impl<M: Machine> GroupServer for ShardKv<M> {
    fn group(&self) -> Group {
        self.query(Group::clone)
    }

    fn install(&self, parcel: Parcel) -> Result<(), KvError> {
        ShardKvService::install(self, parcel)
    }

    fn raft(&self) -> &Arc<Raft> {
        ShardKv::raft(self)
    }

    fn is_leader(&self) -> bool {
        ShardKv::is_leader(self)
    }

    fn describe(&self) -> String {
        ShardKv::describe(self)
    }

    fn kill(&self) {
        ShardKv::kill(self);
    }
}

/// A server of a group.
pub(crate) struct ShardNode {
    server: Arc<dyn GroupServer>,
    front: Box<dyn Fn() -> Service + Send + Sync>,
    /// Its ways to the controller and to other groups.
    pub(crate) lines: Lines,
}

impl ShardNode {
    /// The server itself.
    pub(crate) fn server(&self) -> &dyn GroupServer {
        &*self.server
    }
}

impl Node for ShardNode {
    fn services(&self) -> Vec<Service> {
        vec![(self.front)(), raft::raft_service(Arc::clone(self.server.raft()))]
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
        let server: Weak<dyn GroupServer> = Arc::downgrade(&self.server);
        vec![server, watch(self.server.raft())]
    }
}

/// A clerk of this crate; the trait is the tester's.
pub(crate) struct KvClerk(pub(super) Clerk);

impl tester::kv::Clerk for KvClerk {
    fn get(&self, key: &str) -> String {
        self.0.get(key)
    }

    fn put(&self, key: &str, value: &str) {
        self.0.put(key, value);
    }

    fn append(&self, key: &str, value: &str) -> Option<String> {
        self.0.append(key, value);
        None
    }
}
