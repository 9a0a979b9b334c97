//! Servers that keep what they should forget, to see that the tests notice.

use std::sync::Arc;

use kvsrv::{GetArgs, KvError, KvServer, KvServerService, PutAppendArgs, Value};
use labrt::sync::Mutex;

use crate::harness::{MakeServer, servers};

/// What a server keeps for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Every answer to a get.
    GetReplies,
    /// What every put brought.
    PutArguments,
    /// Every answer to an append.
    AppendReplies,
}

/// The reference server, with a memory that is too good.
struct Hoarder {
    keeps: Keeps,
    server: Arc<KvServer>,
    kept: Mutex<Vec<Value>>,
}

/// Servers that keep these.
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
