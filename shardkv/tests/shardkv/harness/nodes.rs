//! Servers and clerks in the form that the tester needs.

use std::any::Any;
use std::sync::{Arc, Weak};

use labrpc::{ClientEnd, Service};
use raft::Raft;
use shardctrler::{Gid, ShardCtrler};
use shardkv::{Clerk, Group, KvError, Machine, ShardBatch, ShardKv, ShardKvService};
use tester::{Factory, Node, Setup, Watch, watch};

use super::Ends;

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

/// What a server of a group needs beyond its setup.
pub(crate) struct Member {
    /// The id of its group.
    pub(crate) gid: Gid,
    /// The size in bytes above which it trims its log.
    pub(crate) max_raft_state: Option<usize>,
    /// Its ends to the controller.
    pub(crate) ctrlers: Vec<ClientEnd>,
    /// Makes its ends to the controller and to other groups.
    pub(crate) own_ends: Ends,
}

/// Makes the servers of the groups.
pub(crate) type MakeServer = Factory<ShardNode, Member>;

/// Makes the servers of this crate.
pub(crate) fn reference() -> MakeServer {
    groups_of(Group::new)
}

/// Makes servers of groups that run this state machine.
pub(crate) fn groups_of<M: Machine>(
    machine: impl Fn(Gid) -> M + Send + Sync + 'static,
) -> MakeServer {
    with_service(machine, shardkv::shard_kv_service)
}

/// Makes servers of groups that run this state machine. Others call them
/// through the service that `front` returns.
pub(crate) fn with_service<M: Machine>(
    machine: impl Fn(Gid) -> M + Send + Sync + 'static,
    front: fn(Arc<ShardKv<M>>) -> Service,
) -> MakeServer {
    Factory::new(move |setup: Setup, member: Member| {
        let Setup { ends, me, persister, .. } = setup;
        let Member { gid, max_raft_state, ctrlers, own_ends } = member;
        let (machine, make_end) = (machine(gid), own_ends.make_end());
        let server = ShardKv::make(ends, me, persister, max_raft_state, machine, ctrlers, make_end);
        let inner = Arc::clone(&server);
        ShardNode { server, front: Box::new(move || front(Arc::clone(&inner))), own_ends }
    })
}

/// A server of a group, with any state machine.
pub(crate) trait GroupServer: Any + Send + Sync {
    /// Returns the group's state that this server has reached.
    fn group(&self) -> Group;
    /// Another group hands shards over.
    fn install(&self, batch: ShardBatch) -> Result<(), KvError>;
    /// Returns the underlying Raft.
    fn raft(&self) -> &Arc<Raft>;
    /// Returns whether this server believes that it is its group's leader.
    fn is_leader(&self) -> bool;
    /// Returns a line about its state for reports. Must never wait.
    fn describe(&self) -> String;
    /// Stops the server.
    fn kill(&self);
}

impl<M: Machine> GroupServer for ShardKv<M> {
    fn group(&self) -> Group {
        self.query(Group::clone)
    }

    fn install(&self, batch: ShardBatch) -> Result<(), KvError> {
        ShardKvService::install(self, batch)
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
    /// Its ends to the controller and to other groups.
    pub(crate) own_ends: Ends,
}

impl ShardNode {
    /// Returns the server itself.
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

/// A clerk of this crate, with the tester's trait.
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
