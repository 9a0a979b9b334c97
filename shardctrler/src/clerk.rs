//! The client's side.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use labrpc::ClientEnd;
use rsm::{Requests, Servers};

use crate::config::{Config, Gid, Groups};
use crate::controller::Outcome;
use crate::messages::{JoinArgs, LeaveArgs, MoveArgs, PeekArgs, QueryArgs, ShardCtrlerClient};

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
    pub fn join(&self, groups: &Groups) -> Outcome {
        let args = JoinArgs { groups: groups.clone(), request: self.requests.next() };
        self.servers.ask(|server| server.join(&args))
    }

    /// Removes groups: a new configuration.
    ///
    /// # Errors
    ///
    /// The controller refuses, and nothing has changed.
    pub fn leave(&self, gids: &[Gid]) -> Outcome {
        let args = LeaveArgs { gids: gids.to_vec(), request: self.requests.next() };
        self.servers.ask(|server| server.leave(&args))
    }

    /// Gives a shard to a group: a new configuration, in which nothing else
    /// moves (the course's `Move`).
    ///
    /// # Errors
    ///
    /// The controller refuses, and nothing has changed.
    pub fn move_shard(&self, shard: usize, gid: Gid) -> Outcome {
        let args = MoveArgs { shard: shard as u64, gid, request: self.requests.next() };
        self.servers.ask(|server| server.move_shard(&args))
    }

    /// The configuration of this number; the newest one for `None` (the
    /// course's -1) and for a number that there is not yet. The newest reflects
    /// every change that was answered before this call.
    pub fn query(&self, num: Option<u64>) -> Config {
        self.servers.ask(|server| server.query(&QueryArgs { num }))
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
