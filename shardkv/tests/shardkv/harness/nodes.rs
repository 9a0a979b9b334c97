//! Servers and clerks as the tester wants them.

use std::ops::Deref;
use std::sync::Arc;

use labrpc::{ClientEnd, Service};
use shardctrler::{Gid, ShardCtrler};
use shardkv::{Clerk, Group, Machine, ShardKv};
use tester::{Node, Setup, Watch, watch};

use super::Lines;

/// A server of a controller.
pub(crate) struct CtrlerNode(Arc<ShardCtrler>);

impl CtrlerNode {
    /// Starts a server.
    pub(super) fn start(setup: Setup) -> Self {
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

/// How the servers of the groups are made: with which state machine, and with what
/// in front of them on the network.
pub(crate) struct Make<M: Machine> {
    /// The state machine of a group, before any operation.
    pub(crate) machine: fn(Gid) -> M,
    /// What clerks and other groups call.
    pub(crate) front: fn(Arc<ShardKv<M>>) -> Service,
}

// `derive` would ask the same of the state machine.
impl<M: Machine> Clone for Make<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Machine> Copy for Make<M> {}

impl<M: Machine> Make<M> {
    /// Starts a server.
    pub(super) fn start(
        self,
        setup: Setup,
        max_raft_state: Option<usize>,
        gid: Gid,
        ctrlers: Vec<ClientEnd>,
        lines: Lines,
    ) -> ShardNode<M> {
        let Setup { ends, me, persister, .. } = setup;
        let (machine, make_end) = ((self.machine)(gid), lines.make_end());
        let server = ShardKv::make(ends, me, persister, max_raft_state, machine, ctrlers, make_end);
        ShardNode { server, front: self.front, lines }
    }
}

/// The servers of this crate.
pub(crate) fn reference() -> Make<Group> {
    Make { machine: Group::new, front: shardkv::shard_kv_service }
}

/// A server of a group.
pub(crate) struct ShardNode<M: Machine> {
    server: Arc<ShardKv<M>>,
    front: fn(Arc<ShardKv<M>>) -> Service,
    /// Its ways to the controller and to other groups.
    pub(crate) lines: Lines,
}

impl<M: Machine> Deref for ShardNode<M> {
    type Target = ShardKv<M>;

    fn deref(&self) -> &ShardKv<M> {
        &self.server
    }
}

impl<M: Machine> Node for ShardNode<M> {
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
