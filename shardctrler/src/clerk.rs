//! The client's side.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use labrpc::ClientEnd;
use rsm::{NotLeader, Requests, Servers};

use crate::config::{Config, Groups, Refusal};
use crate::messages::{
    JoinArgs, KvError, LeaveArgs, MoveArgs, PeekArgs, QueryArgs, ShardCtrlerClient,
};
use crate::owners::Gid;

/// Makes calls on behalf of one client, one call at a time. A call returns when
/// it has been executed, however long that takes.
#[derive(Debug)]
pub struct Clerk {
    servers: Servers<ShardCtrlerClient>,
    /// The server to peek at next.
    next: AtomicUsize,
    requests: Requests,
}

impl Clerk {
    /// A clerk of the servers at these ends, in any order (the course's
    /// `MakeClerk`).
    ///
    /// # Panics
    ///
    /// When there are none.
    pub fn new(servers: Vec<ClientEnd>) -> Self {
        let servers = servers.into_iter().map(ShardCtrlerClient::new).collect();
        let next = AtomicUsize::new(0);
        Clerk { servers: Servers::new(servers), next, requests: Requests::new() }
    }

    /// Adds groups: a new configuration.
    ///
    /// # Errors
    ///
    /// The controller refuses, and nothing has changed.
    pub fn join(&self, groups: &Groups) -> Result<(), Refusal> {
        let args = JoinArgs { groups: groups.clone(), request: self.requests.next() };
        self.change(|server| server.join(&args))
    }

    /// Removes groups: a new configuration.
    ///
    /// # Errors
    ///
    /// The controller refuses, and nothing has changed.
    pub fn leave(&self, gids: &[Gid]) -> Result<(), Refusal> {
        let args = LeaveArgs { gids: gids.to_vec(), request: self.requests.next() };
        self.change(|server| server.leave(&args))
    }

    /// Gives a shard to a group: a new configuration, in which nothing else
    /// moves (the course's `Move`).
    ///
    /// # Errors
    ///
    /// The controller refuses, and nothing has changed.
    pub fn move_shard(&self, shard: usize, gid: Gid) -> Result<(), Refusal> {
        let args = MoveArgs { shard: shard as u64, gid, request: self.requests.next() };
        self.change(|server| server.move_shard(&args))
    }

    /// Makes a call until the controller decides about the change.
    fn change(
        &self,
        call: impl Fn(&ShardCtrlerClient) -> Option<Result<(), KvError>>,
    ) -> Result<(), Refusal> {
        self.servers.ask(|server| match call(server)? {
            Ok(()) => Some(Ok(Ok(()))),
            Err(KvError::Refused(refusal)) => Some(Ok(Err(refusal))),
            Err(KvError::WrongLeader) => Some(Err(NotLeader)),
        })
    }

    /// The configuration of this number; the newest one for `None` (the
    /// course's -1) and for a number that there is not yet. The newest reflects
    /// every change that was answered before this call.
    pub fn query(&self, num: Option<u64>) -> Config {
        let args = QueryArgs { num };
        self.servers.ask(|server| match server.query(&args)? {
            Ok(config) => Some(Ok(config)),
            Err(KvError::WrongLeader) => Some(Err(NotLeader)),
            Err(KvError::Refused(refusal)) => panic!("a query was refused: {refusal}"),
        })
    }

    /// Asks one server, another one each time, for a configuration that it may
    /// not have. Nothing was learned if it does not, or does not answer.
    ///
    /// This is what a group polls with. It costs the controller no log entry,
    /// and is right from any server, as configurations never change.
    pub fn peek(&self, num: u64) -> Option<Config> {
        let servers = self.servers.all();
        let next = self.next.fetch_add(1, Relaxed) % servers.len();
        servers[next].peek(&PeekArgs { num }).flatten()
    }
}
