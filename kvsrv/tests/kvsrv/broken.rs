//! A server that carries out what it is asked as often as it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kvsrv::{GetArgs, KvError, KvServer, KvServerService, PutAppendArgs, Value};

use crate::harness::{MakeServer, servers};

/// The reference server, which never sees a request for the second time.
struct Forgetful {
    server: Arc<KvServer>,
    requests: AtomicU64,
}

/// Such servers.
pub(crate) fn forgetful() -> MakeServer {
    servers(|| Arc::new(Forgetful { server: KvServer::make(), requests: AtomicU64::new(0) }))
}

impl Forgetful {
    /// The same request, from a clerk that was never heard of.
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
