//! The server, which submits every call to the replicated state machine.

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
    /// Starts a server from the state that `persister` holds (the course's
    /// `StartKVServer`). `servers[me]` is this server. It takes snapshots when
    /// Raft's saved state is larger than `max_raft_state` bytes; with `None`
    /// (the course's -1) it takes none. Returns immediately.
    pub fn make(
        servers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        max_raft_state: Option<usize>,
    ) -> Arc<KvServer> {
        let rsm = Rsm::make(servers, me, persister, max_raft_state, Store::new());
        Arc::new(KvServer { rsm })
    }

    /// Returns the services to put on the network: this one and its Raft.
    pub fn services(self: &Arc<Self>) -> Vec<Service> {
        vec![messages::kv_service(Arc::clone(self)), self.rsm.raft_service()]
    }

    /// Returns the underlying Raft.
    pub fn raft(&self) -> &Arc<Raft> {
        self.rsm.raft()
    }

    /// Returns whether this server believes that it is the leader.
    pub fn is_leader(&self) -> bool {
        self.rsm.is_leader()
    }

    /// Stops this server. Returns immediately.
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
        self.put_append(args.into_put_append(WriteKind::Put))
    }

    fn append(&self, args: WriteArgs) -> Result<(), KvError> {
        self.put_append(args.into_put_append(WriteKind::Append))
    }
}
