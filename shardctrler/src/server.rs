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
    /// Starts a server from the state in `persister` (the course's
    /// `StartServer`). `servers[me]` is the server itself. As in the course it
    /// takes no snapshots, because the list of configurations is as long as the
    /// log. Returns immediately.
    pub fn make(servers: Vec<ClientEnd>, me: usize, persister: Arc<Persister>) -> Arc<ShardCtrler> {
        Arc::new(ShardCtrler { rsm: Rsm::make(servers, me, persister, None, Controller::new()) })
    }

    /// The services to add to the network: the controller and its Raft.
    pub fn services(self: &Arc<Self>) -> Vec<Service> {
        vec![messages::shard_ctrler_service(Arc::clone(self)), self.rsm.raft_service()]
    }

    /// The server's Raft peer.
    pub fn raft(&self) -> &Arc<Raft> {
        self.rsm.raft()
    }

    /// Whether this server believes it is the leader now.
    pub fn is_leader(&self) -> bool {
        self.rsm.is_leader()
    }

    /// Describes the newest configuration and the state of Raft, as a line of
    /// `key=value` for reports. Never waits, see [`Rsm::peek`].
    pub fn describe(&self) -> String {
        let newest = self.rsm.peek(|controller| controller.newest().to_string());
        let newest = newest.as_deref().unwrap_or("(configurations: the lock is held)");
        format!("{newest} {}", self.raft().describe())
    }

    /// Stops this server. Returns immediately.
    pub fn kill(&self) {
        self.rsm.kill();
    }

    fn change(&self, change: Change, request: RequestId) -> Result<(), KvError> {
        match self.rsm.submit(&Op::Change(change, request))? {
            Reply::Changed(outcome) => Ok(outcome?),
            Reply::Config(_) => panic!("the reply to a change is the reply of a query"),
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
            Reply::Changed(_) => panic!("the reply to a query is the reply of a change"),
        }
    }

    fn peek(&self, args: PeekArgs) -> Option<Config> {
        self.rsm.query(|controller| controller.config(args.num).cloned())
    }
}
