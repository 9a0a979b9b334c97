//! A server of a group, and its RPC handlers.

use std::fmt;
use std::sync::Arc;

use labrpc::{ClientEnd, Service};
use labrt::storage::Persister;
use labrt::thread;
use raft::Raft;
use rsm::Rsm;

use crate::group::{Arrival, Group, Machine, Op};
use crate::messages::{GetArgs, KvError, PutAppendArgs, Value};
use crate::mover::Mover;
use crate::replica::Replica;
use crate::service::{self, MakeEnd, ShardBatch, ShardKvService};

/// A server of a replica group. See the [crate's front page](crate).
pub struct ShardKv<M: Machine = Group> {
    replica: Arc<Replica<M>>,
}

impl<M: Machine> ShardKv<M> {
    /// Starts a server from the state that `persister` holds (the course's
    /// `StartServer`). `servers[me]` is this server; `machine` is
    /// [`Group::new`] of the group's gid; `ctrlers` are ends to the shard
    /// controller. The server takes snapshots when Raft's saved state is larger
    /// than `max_raft_state` bytes; with `None` (the course's -1) it takes
    /// none. Returns immediately.
    pub fn make(
        servers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        max_raft_state: Option<usize>,
        machine: M,
        ctrlers: Vec<ClientEnd>,
        make_end: MakeEnd,
    ) -> Arc<Self> {
        let server_id = thread::server().unwrap_or(me);
        let name = format!("S{server_id} G{}", machine.as_ref().gid());
        let rsm = Rsm::make(servers, me, persister, max_raft_state, machine);
        let (replica, nudges) = Replica::new(name, rsm);
        let mover = Mover::new(Arc::clone(&replica), shardctrler::Clerk::new(ctrlers), make_end);
        thread::Builder::new()
            .name(format!("{} mover", replica.name()))
            .spawn(move || mover.run(&nudges))
            .expect("the system can start a thread");
        Arc::new(ShardKv { replica })
    }

    /// Returns the services to put on the network: this one and its Raft.
    pub fn services(self: &Arc<Self>) -> Vec<Service> {
        let raft = raft::raft_service(Arc::clone(self.raft()));
        vec![service::shard_kv_service(Arc::clone(self)), raft]
    }

    /// Returns the underlying Raft.
    pub fn raft(&self) -> &Arc<Raft> {
        self.replica.raft()
    }

    /// Returns whether this server believes that it is its group's leader.
    pub fn is_leader(&self) -> bool {
        self.replica.is_leader()
    }

    /// Calls `look` with the group's state that this server has reached. The
    /// server executes no operation meanwhile, so `look` must be short.
    pub fn query<T>(&self, look: impl FnOnce(&Group) -> T) -> T {
        self.replica.query(look)
    }

    /// Returns a line of `key=value` pairs about the group and its Raft, for
    /// reports. Never waits, see [`Rsm::peek`].
    pub fn describe(&self) -> String {
        let group = self.replica.peek(Group::to_string);
        let group = group.as_deref().unwrap_or("(the group's lock is held)");
        format!("{group} {}", self.raft().describe())
    }

    /// Stops this server. Returns immediately; its threads end soon after, and
    /// hand over nothing from now on.
    pub fn kill(&self) {
        self.replica.kill();
    }
}

impl<M: Machine> ShardKvService for ShardKv<M> {
    fn get(&self, args: GetArgs) -> Result<Value, KvError> {
        self.replica.submit(&Op::Get { key: args.key })
    }

    fn put_append(&self, args: PutAppendArgs) -> Result<(), KvError> {
        self.replica.submit(&Op::Write(args)).map(drop)
    }

    fn install(&self, args: ShardBatch) -> Result<(), KvError> {
        match self.query(|group| group.arrival(&args)) {
            Arrival::Early => {
                // The group does not know the newest configuration yet.
                self.replica.nudge();
                Err(KvError::NotReady)
            }
            Arrival::Due => {
                let installed = self.replica.submit(&Op::Install(args)).map(drop);
                // This may have been the last shard that the group waited for.
                self.replica.nudge();
                installed
            }
            Arrival::Known => Ok(()),
        }
    }
}

impl<M: Machine> fmt::Debug for ShardKv<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShardKv { .. }")
    }
}
