//! The servers and clerks of this lab, as the tester's harness wants them.

use std::any::Any;
use std::sync::{Arc, Weak};

use kvraft::{Clerk, KvServer};
use labrpc::{ClientEnd, Service};
use labrt::storage::Persister;
use raft::Raft;
use tester::kv::Generic;
use tester::{Cluster, Columns, Context, Net, Node, Setup, Watch, watch};

/// A key/value server as the tests see it, so that others than the reference can
/// be tested.
pub(crate) trait Peer: Any + Send + Sync {
    /// What goes on the network.
    fn services(self: Arc<Self>) -> Vec<Service>;
    /// Whether it takes itself for the leader.
    fn is_leader(&self) -> bool;
    /// Stops for good.
    fn kill(&self);
    /// The Raft below. It has to be gone after that, as the server itself.
    fn raft(&self) -> &Arc<Raft>;
}

impl Peer for KvServer {
    fn services(self: Arc<Self>) -> Vec<Service> {
        KvServer::services(&self)
    }

    fn is_leader(&self) -> bool {
        KvServer::is_leader(self)
    }

    fn kill(&self) {
        KvServer::kill(self);
    }

    fn raft(&self) -> &Arc<Raft> {
        KvServer::raft(self)
    }
}

/// Starts a server from the ends to all servers, its own place among them, its
/// storage and the size from which on Raft's log is to be trimmed.
pub(crate) type MakeServer =
    fn(Vec<ClientEnd>, usize, Arc<Persister>, Option<usize>) -> Arc<dyn Peer>;

/// Starts the server of this crate.
pub(crate) fn reference(
    servers: Vec<ClientEnd>,
    me: usize,
    persister: Arc<Persister>,
    max_raft_state: Option<usize>,
) -> Arc<dyn Peer> {
    KvServer::make(servers, me, persister, max_raft_state)
}

/// A server of the cluster.
pub(crate) struct KvNode(Arc<dyn Peer>);

impl Node for KvNode {
    fn services(&self) -> Vec<Service> {
        Arc::clone(&self.0).services()
    }

    fn kill(&self) {
        self.0.kill();
    }

    fn is_leader(&self) -> bool {
        self.0.is_leader()
    }

    fn describe(&self) -> Option<String> {
        Some(self.0.raft().describe())
    }

    fn watch(&self) -> Vec<Watch> {
        let server: Weak<dyn Peer> = Arc::downgrade(&self.0);
        vec![server, watch(self.0.raft())]
    }
}

/// A clerk of this crate; the trait is the tester's.
pub(crate) struct KvClerk(Clerk);

impl tester::kv::Clerk for KvClerk {
    fn get(&self, key: &str) -> String {
        self.0.get(key)
    }

    fn put(&self, key: &str, value: &str) {
        self.0.put(key, value);
    }

    fn append(&self, key: &str, value: &str) -> Option<String> {
        self.0.append(key, value);
        None
    }
}

/// The servers and clerks of this lab.
pub(crate) type Harness = tester::kv::Harness<KvNode, KvClerk>;

/// Starts `n` servers.
pub(crate) fn harness(
    ctx: &Context,
    make: MakeServer,
    n: usize,
    net: Net,
    max_raft_state: Option<usize>,
) -> Harness {
    ctx.set_columns(Columns::Operations);
    let cluster = Cluster::new(ctx, n, net, move |setup: Setup| {
        let Setup { ends, me, persister, .. } = setup;
        KvNode(make(ends, me, persister, max_raft_state))
    });
    tester::kv::Harness::new(cluster, |ends| KvClerk(Clerk::new(ends)))
}

/// Runs the generic test on servers of this kind.
pub(crate) fn generic(ctx: &Context, make: MakeServer, generic: &Generic) {
    generic.run(&harness(ctx, make, generic.servers, generic.net, generic.max_raft_state));
}
