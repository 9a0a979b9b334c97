//! A broken server, which executes a request as often as it arrives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kvsrv::{GetArgs, KvError, KvServer, KvServerService, PutAppendArgs, Value};

use crate::harness::{MakeServer, servers};

/// The reference server behind a front that gives each request a new clerk id,
/// so that the server never recognises a retry.
struct Forgetful {
    server: Arc<KvServer>,
    requests: AtomicU64,
}

/// A factory of such servers.
pub(crate) fn forgetful() -> MakeServer {
    servers(|| Arc::new(Forgetful { server: KvServer::make(), requests: AtomicU64::new(0) }))
}

impl Forgetful {
    /// Returns the same request from an unknown clerk.
    fn anonymous(&self, args: PutAppendArgs) -> PutAppendArgs {
        PutAppendArgs { clerk: self.requests.fetch_add(1, Ordering::Relaxed), ..args }
    }
}

impl KvServerService for Forgetful {
    fn get(&self, args: GetArgs) -> Result<Value, KvError> {
        self.server.get(args)
    }

    fn put(&self, args: PutAppendArgs) -> Result<(), KvError> {
        self.server.put(self.anonymous(args))
    }

    fn append(&self, args: PutAppendArgs) -> Result<Value, KvError> {
        self.server.append(self.anonymous(args))
    }
}
