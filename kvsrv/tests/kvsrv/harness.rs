//! The server and its clerks, wrapped for the tester.

use std::sync::Arc;

use kvsrv::{KvServer, KvServerService, kv_server_service};
use labrpc::{ClientEnd, Service};
use tester::kv::{Clerk, Harness};
use tester::{Cluster, Columns, Context, Factory, Net, Node, Watch, watch};

/// Makes the server of a test.
pub(crate) type MakeServer = Factory<Box<dyn Node>>;

/// A factory of reference servers or of broken ones.
pub(crate) fn servers<S: KvServerService + 'static>(
    make: impl Fn() -> Arc<S> + Send + Sync + 'static,
) -> MakeServer {
    Factory::new(move |_, ()| -> Box<dyn Node> { Box::new(KvNode(make())) })
}

/// The server of this crate.
pub(crate) fn reference() -> MakeServer {
    servers(KvServer::make)
}

/// A server in a cluster of one.
struct KvNode<S>(Arc<S>);

impl<S: KvServerService + 'static> Node for KvNode<S> {
    fn services(&self) -> Vec<Service> {
        vec![kv_server_service(Arc::clone(&self.0))]
    }

    /// Does nothing: the server has no threads.
    fn kill(&self) {}

    /// Always true: the server is the only one.
    fn is_leader(&self) -> bool {
        true
    }

    fn watch(&self) -> Vec<Watch> {
        vec![watch(&self.0)]
    }
}

/// A clerk of this crate, in a newtype for the tester's trait.
pub(crate) struct KvClerk(kvsrv::Clerk);

impl KvClerk {
    fn new(mut ends: Vec<ClientEnd>) -> Self {
        let server = ends.pop().expect("the clerk has an end to the only server");
        KvClerk(kvsrv::Clerk::new(server))
    }
}

impl Clerk for KvClerk {
    fn get(&self, key: &str) -> String {
        self.0.get(key)
    }

    fn put(&self, key: &str, value: &str) {
        self.0.put(key, value);
    }

    fn append(&self, key: &str, value: &str) -> Option<String> {
        Some(self.0.append(key, value))
    }
}

/// One server and its clerks.
pub(crate) fn harness(
    ctx: &Context,
    make: MakeServer,
    net: Net,
) -> Harness<Box<dyn Node>, KvClerk> {
    ctx.set_columns(Columns::OneServer);
    let cluster = Cluster::new(ctx, 1, net, move |setup| make.make(setup, ()));
    Harness::new(cluster, KvClerk::new)
}
