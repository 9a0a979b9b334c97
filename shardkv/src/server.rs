//! One server of a group.

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
use crate::service::{self, MakeEnd, Parcel, ShardKvService};

/// A server of a replica group. See the [crate's front page](crate).
pub struct ShardKv<M: Machine = Group> {
    replica: Arc<Replica<M>>,
}

impl<M: Machine> ShardKv<M> {
    /// Starts a server from what `persister` holds (the course's
    /// `StartServer`). `servers[me]` is itself; `machine` is [`Group::new`] of
    /// the group's gid; `ctrlers` lead to the shard controller. When Raft's
    /// saved state is larger than `max_raft_state` bytes a snapshot is taken;
    /// `None`, the course's -1, is never. Returns at once.
    pub fn make(
        servers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        max_raft_state: Option<usize>,
        machine: M,
        ctrlers: Vec<ClientEnd>,
        make_end: MakeEnd,
    ) -> Arc<Self> {
        let number = thread::server().unwrap_or(me);
        let name = format!("S{number} G{}", machine.as_ref().gid());
        let rsm = Rsm::make(servers, me, persister, max_raft_state, machine);
        let (replica, nudges) = Replica::new(name, rsm);
        let mover = Mover::new(Arc::clone(&replica), shardctrler::Clerk::new(ctrlers), make_end);
        thread::Builder::new()
            .name(format!("{} mover", replica.name()))
            .spawn(move || mover.run(&nudges))
            .expect("the system can start a thread");
        Arc::new(ShardKv { replica })
    }

    /// What has to be on the network: the service itself, and its Raft.
    pub fn services(self: &Arc<Self>) -> Vec<Service> {
        let raft = raft::raft_service(Arc::clone(self.raft()));
        vec![service::shard_kv_service(Arc::clone(self)), raft]
    }

    /// The Raft below.
    pub fn raft(&self) -> &Arc<Raft> {
        self.replica.raft()
    }

    /// Whether this server takes itself for its group's leader now.
    pub fn is_leader(&self) -> bool {
        self.replica.is_leader()
    }

    /// Looks at what the group has, as far as this server knows. It must be
    /// short: nothing is executed meanwhile.
    pub fn query<T>(&self, look: impl FnOnce(&Group) -> T) -> T {
        self.replica.query(look)
    }

    /// A line of `key=value` about the group and about Raft, for reports. It never
    /// waits, see [`Rsm::peek`].
    pub fn describe(&self) -> String {
        let group = self.replica.peek(Group::to_string);
        let group = group.as_deref().unwrap_or("(the group's lock is held)");
        format!("{group} {}", self.raft().describe())
    }

    /// Ends this server's work. Returns at once; its threads leave soon, and
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

    fn install(&self, args: Parcel) -> Result<(), KvError> {
        match self.query(|group| group.arrival(&args)) {
            Arrival::Early => {
                // There is a configuration that this group has not heard of.
                self.replica.nudge();
                Err(KvError::NotReady)
            }
            Arrival::Due => {
                let installed = self.replica.submit(&Op::Install(args)).map(drop);
                // That may have been the last one missing.
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
