//! The server and its clerks, as the tester sees them.

use std::any::Any;
use std::sync::{Arc, Weak};

use kvsrv::{KvServer, KvServerService, kv_server_service};
use labrpc::{ClientEnd, Service};
use tester::kv::{self, Harness};
use tester::{Cluster, Columns, Context, Net, Node, Watch};

/// Makes a server, so that others than the reference can be tested.
pub(crate) type MakeServer = fn() -> Box<dyn Server>;

/// A server under test.
pub(crate) trait Server: Send + Sync {
    /// The service that clerks call.
    fn service(&self) -> Service;
    /// What must be gone when the test has ended.
    fn watch(&self) -> Watch;
}

/// Every service is a server, the reference as well as a broken one.
impl<S: KvServerService + Any> Server for Arc<S> {
    fn service(&self) -> Service {
        kv_server_service(Arc::clone(self))
    }

    fn watch(&self) -> Watch {
        let watch: Weak<S> = Arc::downgrade(self);
        watch
    }
}

/// Makes the server of this crate.
pub(crate) fn reference() -> Box<dyn Server> {
    Box::new(KvServer::make())
}

/// The server in a cluster of one.
pub(crate) struct KvNode(Box<dyn Server>);

impl Node for KvNode {
    fn services(&self) -> Vec<Service> {
        vec![self.0.service()]
    }

    /// It has no threads.
    fn kill(&self) {}

    /// It is alone.
    fn is_leader(&self) -> bool {
        true
    }

    fn watch(&self) -> Vec<Watch> {
        vec![self.0.watch()]
    }
}

/// A clerk of this crate.
pub(crate) struct Clerk(kvsrv::Clerk);

impl Clerk {
    fn new(mut ends: Vec<ClientEnd>) -> Self {
        let server = ends.pop().expect("an end to the one server");
        Clerk(kvsrv::Clerk::new(server))
    }
}

impl kv::Clerk for Clerk {
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
pub(crate) fn harness(ctx: &Context, make: MakeServer, net: Net) -> Harness<KvNode, Clerk> {
    ctx.set_columns(Columns::OneServer);
    let cluster = Cluster::new(ctx, 1, net, move |_| KvNode(make()));
    Harness::new(cluster, Clerk::new)
}
