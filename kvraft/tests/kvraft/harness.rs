//! The servers and clerks of this lab, in the form that the tester's harness
//! needs.

use std::sync::Arc;

use kvraft::{Clerk, KvServer};
use labrpc::Service;
use tester::kv::Generic;
use tester::{Cluster, Columns, Context, Factory, Net, Node, Setup, Watch, watch};

/// Makes the servers of a test. They trim Raft's log from this size on, in
/// bytes.
pub(crate) type MakeServer = Factory<Box<dyn Node>, Option<usize>>;

/// Makes the servers of this crate.
pub(crate) fn reference() -> MakeServer {
    Factory::new(|setup: Setup, max_raft_state| -> Box<dyn Node> {
        let Setup { ends, me, persister, .. } = setup;
        Box::new(KvNode(KvServer::make(ends, me, persister, max_raft_state)))
    })
}

/// A server of the cluster.
struct KvNode(Arc<KvServer>);

impl Node for KvNode {
    fn services(&self) -> Vec<Service> {
        self.0.services()
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
        vec![watch(&self.0), watch(self.0.raft())]
    }
}

/// A clerk of this crate, with the tester's trait.
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
pub(crate) type Harness = tester::kv::Harness<Box<dyn Node>, KvClerk>;

/// Starts `n` servers.
pub(crate) fn harness(
    ctx: &Context,
    make: MakeServer,
    n: usize,
    net: Net,
    max_raft_state: Option<usize>,
) -> Harness {
    ctx.set_columns(Columns::Operations);
    let cluster = Cluster::new(ctx, n, net, move |setup| make.make(setup, max_raft_state));
    tester::kv::Harness::new(cluster, |ends| KvClerk(Clerk::new(ends)))
}

/// Runs the generic test on servers of this kind.
pub(crate) fn generic(ctx: &Context, make: MakeServer, generic: &Generic) {
    generic.run(&harness(ctx, make, generic.servers, generic.net, generic.max_raft_state));
}
