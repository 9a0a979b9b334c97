//! The client's side.

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
/// knows no other: a shard may be on its way, or a group down.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Makes calls on behalf of one client, one call at a time. A call returns when
/// it has been executed, however long that takes.
pub struct Clerk {
    ctrler: shardctrler::Clerk,
    make_end: MakeEnd,
    requests: Requests,
    /// Never locked over a call.
    routes: Mutex<Routes>,
}

/// Where this clerk takes the shards to be.
#[derive(Default)]
struct Routes {
    /// The newest configuration that it has heard of.
    config: Config,
    /// That configuration's groups, as far as they were needed.
    groups: BTreeMap<Gid, Arc<Route>>,
}

/// The way to one group.
struct Route {
    names: Vec<String>,
    servers: Servers<ShardKvClient>,
}

impl Routes {
    /// The way to the group that owns a shard, if one does.
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

    /// Goes by another configuration; tells whether it is a newer one. Groups
    /// that are still there keep their ends, and their leaders.
    fn learn(&mut self, config: Config) -> bool {
        let is_news = config.num > self.config.num;
        if is_news {
            self.groups.retain(|gid, route| config.groups.get(gid) == Some(&route.names));
            self.config = config;
        }
        is_news
    }
}

impl Clerk {
    /// A clerk of the system whose controller is at these ends, in any order
    /// (the course's `MakeClerk`). It reaches the groups by `make_end`.
    ///
    /// # Panics
    ///
    /// When there are no ends.
    pub fn new(ctrlers: Vec<ClientEnd>, make_end: MakeEnd) -> Self {
        let ctrler = shardctrler::Clerk::new(ctrlers);
        Clerk { ctrler, make_end, requests: Requests::new(), routes: Mutex::default() }
    }

    /// The value of a key; empty if there is none.
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

    /// The request keeps its mark until it is executed, wherever that is: the
    /// sessions travel with the shards.
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
            // That this is the wrong group is an answer too: no need to ask its
            // other servers.
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

    /// A group that is there all the time keeps its route, and with it the leader
    /// that was found. One that came back with other servers gets a new one.
    #[test]
    fn a_route_leads_to_the_servers_of_the_configuration() {
        let network = Network::new();
        let make_end: MakeEnd = Arc::new(move |server: &str| network.make_end(server));
        let mut routes = Routes::default();
        let mut learn = |num, server: &str| {
            let groups = [(7, vec![server.to_owned()])].into();
            let is_news = routes.learn(Config { num, shards: [7; N_SHARDS], groups });
            (is_news, routes.owner(0, &make_end).expect("a group owns it"))
        };
        let (is_news, first) = learn(1, "a");
        assert!(is_news);
        let (is_news, again) = learn(1, "a");
        assert!(!is_news && Arc::ptr_eq(&again, &first));
        let (is_news, later) = learn(2, "a");
        assert!(is_news && Arc::ptr_eq(&later, &first));
        assert_eq!(learn(4, "b").1.names, ["b"]);
        assert_eq!(learn(3, "a").1.names, ["b"], "that was before");
    }
}
