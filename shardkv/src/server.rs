//! One server of a group.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use labrpc::{ClientEnd, Service};
use labrt::channel::{self, Sender};
use labrt::storage::Persister;
use labrt::thread;
use raft::Raft;
use rsm::Rsm;

use crate::group::{Arrival, Group, Machine, Op};
use crate::messages::{self, Err, GetArgs, Parcel, PutAppendArgs, ShardKvService};
use crate::mover::Mover;
use crate::shard::Value;

/// Turns a server's name, as it stands in a configuration, into an end that
/// leads there: the only way from a group to another.
pub type MakeEnd = Arc<dyn Fn(&str) -> ClientEnd + Send + Sync>;

/// A server of a replica group. See the [crate's front page](crate).
pub struct ShardKv<M: Machine = Group> {
    /// Server and group, for reports: `S1 G100`.
    name: String,
    rsm: Rsm<M>,
    /// Wakes the mover before its time.
    nudge: Sender<()>,
    killed: AtomicBool,
}

impl<M: Machine> ShardKv<M> {
    /// Starts a server from what `persister` holds (the course's
    /// `StartServer`). `servers[me]` is itself; `machine` is [`Group::new`] of
    /// the group's gid; `ctrlers` lead to the shard controller. When Raft's
    /// saved state is larger than `max_raft_state` bytes a snapshot is taken;
    /// `None`, the course's -1, is never. Returns at once.
    pub fn start(
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
        let rsm = Rsm::new(servers, me, persister, max_raft_state, machine);
        // One nudge waits at most: it says that there is something to look at.
        let (nudge, nudges) = channel::bounded(1);
        let server = Arc::new(ShardKv { name, rsm, nudge, killed: AtomicBool::new(false) });
        let mover = Mover::new(Arc::clone(&server), shardctrler::Clerk::new(ctrlers), make_end);
        thread::Builder::new()
            .name(format!("{} mover", server.name))
            .spawn(move || mover.run(&nudges))
            .expect("the system can start a thread");
        server
    }

    /// What has to be on the network: the service itself, and its Raft.
    pub fn services(self: &Arc<Self>) -> Vec<Service> {
        vec![messages::shard_kv_service(Arc::clone(self)), self.rsm.raft_service()]
    }

    /// The Raft below.
    pub fn raft(&self) -> &Arc<Raft> {
        self.rsm.raft()
    }

    /// Whether this server takes itself for its group's leader now.
    pub fn is_leader(&self) -> bool {
        self.rsm.is_leader()
    }

    /// Looks at what the group has, as far as this server knows. It must be
    /// short: nothing is executed meanwhile.
    pub fn query<T>(&self, look: impl FnOnce(&Group) -> T) -> T {
        self.rsm.query(|machine| look(machine.as_ref()))
    }

    /// A line of `key=value` about the group and about Raft, for reports. It never
    /// waits, see [`Rsm::peek`].
    pub fn describe(&self) -> String {
        let group = self.rsm.peek(|machine| machine.as_ref().to_string());
        let group = group.as_deref().unwrap_or("(the group's lock is held)");
        format!("{group} {}", self.raft().describe())
    }

    /// Ends this server's work. Returns at once; its threads leave soon, and
    /// hand over nothing from now on.
    pub fn kill(&self) {
        self.killed.store(true, Relaxed);
        self.rsm.kill();
        self.nudge();
    }

    /// What it is called in reports.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has been killed.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Relaxed)
    }

    /// Replicates an operation, and gives its reply when it is executed here.
    pub(crate) fn submit(&self, op: &Op) -> Result<Value, Err> {
        self.rsm.submit(op)?
    }

    /// Has the mover look whether there is something to do.
    pub(crate) fn nudge(&self) {
        // Full means that it will look anyway.
        let _ = self.nudge.try_send(());
    }
}

impl<M: Machine> ShardKvService for ShardKv<M> {
    fn get(&self, args: GetArgs) -> Result<Value, Err> {
        self.submit(&Op::Get { key: args.key })
    }

    fn put_append(&self, args: PutAppendArgs) -> Result<(), Err> {
        self.submit(&Op::Write(args)).map(drop)
    }

    fn install(&self, args: Parcel) -> Result<(), Err> {
        match self.query(|group| group.arrival(&args)) {
            Arrival::Early => {
                // There is a configuration that this group has not heard of.
                self.nudge();
                Err(Err::NotReady)
            }
            Arrival::Due => {
                let installed = self.submit(&Op::Install(args)).map(drop);
                // That may have been the last one missing.
                self.nudge();
                installed
            }
            Arrival::Known => Ok(()),
        }
    }
}

impl<M: Machine> std::fmt::Debug for ShardKv<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShardKv { .. }")
    }
}
