//! One server of the controller.

use std::sync::Arc;

use labrpc::{ClientEnd, Service};
use labrt::storage::Persister;
use raft::Raft;
use rsm::{RequestId, Rsm};

use crate::config::Config;
use crate::controller::{Change, Controller, Op, Reply};
use crate::messages::{
    self, JoinArgs, KvError, LeaveArgs, MoveArgs, PeekArgs, QueryArgs, ShardCtrlerService,
};

/// A server of the shard controller. See the [crate's front page](crate).
#[derive(Debug)]
pub struct ShardCtrler {
    rsm: Rsm<Controller>,
}

impl ShardCtrler {
    /// Starts a server from what `persister` holds (the course's
    /// `StartServer`). `servers[me]` is itself. As in the course there are no
    /// snapshots: the log is as long as the list that it makes. Returns at
    /// once.
    pub fn make(servers: Vec<ClientEnd>, me: usize, persister: Arc<Persister>) -> Arc<ShardCtrler> {
        Arc::new(ShardCtrler { rsm: Rsm::make(servers, me, persister, None, Controller::new()) })
    }

    /// What has to be on the network: the service itself, and its Raft.
    pub fn services(self: &Arc<Self>) -> Vec<Service> {
        vec![messages::shard_ctrler_service(Arc::clone(self)), self.rsm.raft_service()]
    }

    /// The Raft below.
    pub fn raft(&self) -> &Arc<Raft> {
        self.rsm.raft()
    }

    /// Whether this server takes itself for the leader now.
    pub fn is_leader(&self) -> bool {
        self.rsm.is_leader()
    }

    /// A line of `key=value` about the newest configuration and about Raft, for
    /// reports. It never waits, see [`Rsm::peek`].
    pub fn describe(&self) -> String {
        let newest = self.rsm.peek(|controller| controller.newest().to_string());
        let newest = newest.as_deref().unwrap_or("(the list's lock is held)");
        format!("{newest} {}", self.raft().describe())
    }

    /// Ends this server's work. Returns at once.
    pub fn kill(&self) {
        self.rsm.kill();
    }

    fn change(&self, change: Change, request: RequestId) -> Result<(), KvError> {
        match self.rsm.submit(&Op::Change(change, request))? {
            Reply::Changed(outcome) => Ok(outcome?),
            Reply::Config(_) => panic!("a change was answered like a query"),
        }
    }
}

impl ShardCtrlerService for ShardCtrler {
    fn join(&self, args: JoinArgs) -> Result<(), KvError> {
        self.change(Change::Join(args.groups), args.request)
    }

    fn leave(&self, args: LeaveArgs) -> Result<(), KvError> {
        self.change(Change::Leave(args.gids), args.request)
    }

    fn move_shard(&self, args: MoveArgs) -> Result<(), KvError> {
        self.change(Change::Move { shard: args.shard, gid: args.gid }, args.request)
    }

    fn query(&self, args: QueryArgs) -> Result<Config, KvError> {
        match self.rsm.submit(&Op::Query(args.num))? {
            Reply::Config(config) => Ok(config),
            Reply::Changed(_) => panic!("a query was answered like a change"),
        }
    }

    fn peek(&self, args: PeekArgs) -> Option<Config> {
        self.rsm.query(|controller| controller.config(args.num).cloned())
    }
}
