//! The client of the controller.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use labrpc::ClientEnd;
use rsm::{NotLeader, Requests, Servers};

use crate::config::{Config, Groups, Refusal};
use crate::messages::{
    JoinArgs, KvError, LeaveArgs, MoveArgs, PeekArgs, QueryArgs, ShardCtrlerClient,
};
use crate::owners::Gid;

/// A client of the controller. Make one call at a time on it. A call returns
/// when the controller has executed it, however long that takes.
#[derive(Debug)]
pub struct Clerk {
    servers: Servers<ShardCtrlerClient>,
    /// The server that gets the next peek.
    next: AtomicUsize,
    requests: Requests,
}

impl Clerk {
    /// Creates a clerk of the servers at these ends, in any order (the course's
    /// `MakeClerk`).
    ///
    /// # Panics
    ///
    /// If `servers` is empty.
    pub fn new(servers: Vec<ClientEnd>) -> Self {
        let servers = servers.into_iter().map(ShardCtrlerClient::new).collect();
        let next = AtomicUsize::new(0);
        Clerk { servers: Servers::new(servers), next, requests: Requests::new() }
    }

    /// Adds groups, in a new configuration.
    ///
    /// # Errors
    ///
    /// If the controller refuses the change. Nothing has changed then.
    pub fn join(&self, groups: &Groups) -> Result<(), Refusal> {
        let args = JoinArgs { groups: groups.clone(), request: self.requests.next() };
        self.change(|server| server.join(&args))
    }

    /// Removes groups, in a new configuration.
    ///
    /// # Errors
    ///
    /// If the controller refuses the change. Nothing has changed then.
    pub fn leave(&self, gids: &[Gid]) -> Result<(), Refusal> {
        let args = LeaveArgs { gids: gids.to_vec(), request: self.requests.next() };
        self.change(|server| server.leave(&args))
    }

    /// Gives a shard to a group, in a new configuration in which no other shard
    /// moves (the course's `Move`).
    ///
    /// # Errors
    ///
    /// If the controller refuses the change. Nothing has changed then.
    pub fn move_shard(&self, shard: usize, gid: Gid) -> Result<(), Refusal> {
        let args = MoveArgs { shard: shard as u64, gid, request: self.requests.next() };
        self.change(|server| server.move_shard(&args))
    }

    /// Repeats a call until the controller accepts or refuses the change.
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

    /// Returns the configuration of this number, or the newest one for `None`
    /// (the course's -1) and for a number that does not exist yet. The newest
    /// reflects every change that returned before this call.
    pub fn query(&self, num: Option<u64>) -> Config {
        let args = QueryArgs { num };
        self.servers.ask(|server| match server.query(&args)? {
            Ok(config) => Some(Ok(config)),
            Err(KvError::WrongLeader) => Some(Err(NotLeader)),
            Err(KvError::Refused(refusal)) => panic!("the controller refused a query: {refusal}"),
        })
    }

    /// Asks one server, a different one each time, for a configuration. Returns
    /// `None` if that server does not have it, or does not reply.
    ///
    /// The groups poll with this. It costs the controller no log entry, and the
    /// reply of any server is correct, because configurations never change.
    pub fn peek(&self, num: u64) -> Option<Config> {
        let servers = self.servers.all();
        let next = self.next.fetch_add(1, Relaxed) % servers.len();
        servers[next].peek(&PeekArgs { num }).flatten()
    }
}
