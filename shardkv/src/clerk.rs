//! The client.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use labrpc::ClientEnd;
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Duration;
use rsm::{NotLeader, Requests, Servers};
use shardctrler::{Config, Gid};

use crate::messages::{GetArgs, KvError, PutAppendArgs, Value, WriteKind};
use crate::service::{MakeEnd, ShardKvClient};
use crate::shard::key2shard;

/// How long a clerk waits when a key's group cannot serve it and the controller
/// knows no other: a shard may be in transit, or a group may be down.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Makes calls on behalf of one client, one call at a time. A call returns when
/// it has been executed, however long that takes.
pub struct Clerk {
    ctrler: shardctrler::Clerk,
    make_end: MakeEnd,
    requests: Requests,
    /// Never locked during a call.
    routes: Mutex<Routes>,
}

/// The groups that own the shards, as far as this clerk knows.
#[derive(Default)]
struct Routes {
    /// The newest configuration that it knows.
    config: Config,
    /// The groups of that configuration that were needed so far.
    groups: BTreeMap<Gid, Arc<Route>>,
}

/// The servers of one group.
struct Route {
    names: Vec<String>,
    servers: Servers<ShardKvClient>,
}

impl Routes {
    /// Returns the route to the group that owns a shard, if one does.
    fn owner(&mut self, shard: usize, make_end: &MakeEnd) -> Option<Arc<Route>> {
        let gid = self.config.shards[shard];
        let names = self.config.groups.get(&gid)?;
        let route = self.groups.entry(gid).or_insert_with(|| {
            let ends = names.iter().map(|name| make_end(name));
            let servers = Servers::new(ends.map(ShardKvClient::new).collect());
            Arc::new(Route { names: names.clone(), servers })
        });
        Some(Arc::clone(route))
    }

    /// Switches to a configuration if it is newer, and returns whether it is.
    /// Groups that are unchanged keep their ends and the known leader.
    fn learn(&mut self, config: Config) -> bool {
        let is_newer = config.num > self.config.num;
        if is_newer {
            self.groups.retain(|gid, route| config.groups.get(gid) == Some(&route.names));
            self.config = config;
        }
        is_newer
    }
}

impl Clerk {
    /// Creates a clerk for the system whose controller is at these ends, in any
    /// order (the course's `MakeClerk`). It reaches the groups through ends
    /// from `make_end`.
    ///
    /// # Panics
    ///
    /// If there are no ends.
    pub fn new(ctrlers: Vec<ClientEnd>, make_end: MakeEnd) -> Self {
        let ctrler = shardctrler::Clerk::new(ctrlers);
        Clerk { ctrler, make_end, requests: Requests::new(), routes: Mutex::default() }
    }

    /// Returns the value of a key; empty if there is none.
    pub fn get(&self, key: &str) -> String {
        let args = GetArgs { key: key.to_owned() };
        let ask = |server: &ShardKvClient| match server.get(&args)? {
            Err(KvError::NoKey) => Some(Ok(Value::default())),
            reply => Some(reply),
        };
        Arc::unwrap_or_clone(self.ask(key, ask))
    }

    /// Replaces the value of a key.
    pub fn put(&self, key: &str, value: &str) {
        self.put_append(key, value, WriteKind::Put);
    }

    /// Adds to the end of the value of a key.
    pub fn append(&self, key: &str, value: &str) {
        self.put_append(key, value, WriteKind::Append);
    }

    /// The request keeps its id until some group executes it: the sessions move
    /// with the shards.
    fn put_append(&self, key: &str, value: &str, op: WriteKind) {
        let request = self.requests.next();
        let args = PutAppendArgs { op, key: key.to_owned(), value: value.to_owned(), request };
        self.ask(key, |server| server.put_append(&args));
    }

    /// Makes a call to the group that owns the key's shard until it is executed.
    fn ask<T>(&self, key: &str, call: impl Fn(&ShardKvClient) -> Option<Result<T, KvError>>) -> T {
        let shard = key2shard(key);
        loop {
            let owner = self.routes.lock().owner(shard, &self.make_end);
            // ErrWrongGroup is an answer too: the other servers of the group need not be
            // asked.
            let answer = owner.and_then(|route| {
                route.servers.ask_once(|server| match call(server)? {
                    Err(KvError::WrongLeader | KvError::NotReady) => Some(Err(NotLeader)),
                    reply => Some(Ok(reply)),
                })
            });
            if let Some(Ok(answer)) = answer {
                return answer;
            }
            let newest = self.ctrler.query(None);
            if !self.routes.lock().learn(newest) {
                thread::sleep(RETRY_PAUSE);
            }
        }
    }
}

impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clerk { .. }")
    }
}

#[cfg(test)]
mod tests {
    use labrpc::Network;
    use shardctrler::N_SHARDS;

    use super::*;

    /// A group that stays keeps its route, and with it the known leader. A
    /// group that joins again with other servers gets a new route.
    #[test]
    fn a_route_leads_to_the_servers_of_the_configuration() {
        let network = Network::new();
        let make_end: MakeEnd = Arc::new(move |server: &str| network.make_end(server));
        let mut routes = Routes::default();
        let mut learn = |num, server: &str| {
            let groups = [(7, vec![server.to_owned()])].into();
            let is_newer = routes.learn(Config { num, shards: [7; N_SHARDS], groups });
            (is_newer, routes.owner(0, &make_end).expect("a group owns it"))
        };
        let (is_newer, first) = learn(1, "a");
        assert!(is_newer);
        let (is_newer, again) = learn(1, "a");
        assert!(!is_newer && Arc::ptr_eq(&again, &first));
        let (is_newer, later) = learn(2, "a");
        assert!(is_newer && Arc::ptr_eq(&later, &first));
        assert_eq!(learn(4, "b").1.names, ["b"]);
        assert_eq!(learn(3, "a").1.names, ["b"], "the older configuration is ignored");
    }
}
