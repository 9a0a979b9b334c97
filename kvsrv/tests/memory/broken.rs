//! Broken servers, which keep data that they should free.

use std::sync::Arc;

use kvsrv::{GetArgs, KvError, KvServer, KvServerService, PutAppendArgs, Value};
use labrt::sync::Mutex;

use crate::harness::{MakeServer, servers};

/// The data that a server never frees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// The reply to every get.
    GetReplies,
    /// The value of every put.
    PutArguments,
    /// The reply to every append.
    AppendReplies,
}

/// The reference server behind a front that leaks some data.
struct Hoarder {
    keeps: Keeps,
    server: Arc<KvServer>,
    kept: Mutex<Vec<Value>>,
}

/// A factory of servers that keep this data.
pub(crate) fn hoarder(keeps: Keeps) -> MakeServer {
    servers(move || Arc::new(Hoarder { keeps, server: KvServer::make(), kept: Mutex::default() }))
}

impl Hoarder {
    fn keep(&self, what: Keeps, value: &Value) {
        if what == self.keeps {
            self.kept.lock().push(Arc::clone(value));
        }
    }
}

impl KvServerService for Hoarder {
    fn get(&self, args: GetArgs) -> Result<Value, KvError> {
        self.server.get(args).inspect(|value| self.keep(Keeps::GetReplies, value))
    }

    fn put(&self, args: PutAppendArgs) -> Result<(), KvError> {
        self.keep(Keeps::PutArguments, &args.value);
        self.server.put(args)
    }

    fn append(&self, args: PutAppendArgs) -> Result<Value, KvError> {
        self.server.append(args).inspect(|value| self.keep(Keeps::AppendReplies, value))
    }
}
