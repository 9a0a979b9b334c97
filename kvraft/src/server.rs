//! One server: it hands every call to the replicated state machine.

use std::sync::Arc;

use labrpc::{ClientEnd, Service};
use labrt::storage::Persister;
use raft::Raft;
use rsm::Rsm;

use crate::messages::{
    self, GetArgs, KvError, KvService, PutAppendArgs, Value, WriteArgs, WriteKind,
};
use crate::store::{Op, Store};

/// A key/value server. See the [crate's front page](crate).
#[derive(Debug)]
pub struct KvServer {
    rsm: Rsm<Store>,
}

impl KvServer {
    /// Starts a server from what `persister` holds (the course's
    /// `StartKVServer`). `servers[me]` is itself. When Raft's saved state is
    /// larger than `max_raft_state` bytes a snapshot is taken; `None`, the
    /// course's -1, is never. Returns at once.
    pub fn make(
        servers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        max_raft_state: Option<usize>,
    ) -> Arc<KvServer> {
        let rsm = Rsm::make(servers, me, persister, max_raft_state, Store::new());
        Arc::new(KvServer { rsm })
    }

    /// What has to be on the network: the service itself, and its Raft.
    pub fn services(self: &Arc<Self>) -> Vec<Service> {
        vec![messages::kv_service(Arc::clone(self)), self.rsm.raft_service()]
    }

    /// The Raft below.
    pub fn raft(&self) -> &Arc<Raft> {
        self.rsm.raft()
    }

    /// Whether this server takes itself for the leader now.
    pub fn is_leader(&self) -> bool {
        self.rsm.is_leader()
    }

    /// Ends this server's work. Returns at once.
    pub fn kill(&self) {
        self.rsm.kill();
    }
}

impl KvService for KvServer {
    fn get(&self, args: GetArgs) -> Result<Value, KvError> {
        self.rsm.submit(&Op::Get { key: args.key })?.ok_or(KvError::NoKey)
    }

    fn put_append(&self, args: PutAppendArgs) -> Result<(), KvError> {
        self.rsm.submit(&Op::Write(args))?;
        Ok(())
    }

    fn put(&self, args: WriteArgs) -> Result<(), KvError> {
        self.put_append(args.spelled(WriteKind::Put))
    }

    fn append(&self, args: WriteArgs) -> Result<(), KvError> {
        self.put_append(args.spelled(WriteKind::Append))
    }
}
