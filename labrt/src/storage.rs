//! Stable storage: what survives a crash of a server.

use bytes::Bytes;

use crate::sync::Mutex;

/// The disk of one server: its Raft state and its snapshot, always saved
/// together, so that no crash can separate them (the course's `Persister` of
/// 2023 and later).
///
/// Bytes are shared, never changed: reading and copying are cheap.
#[derive(Debug, Default)]
pub struct Persister {
    saved: Mutex<Saved>,
}

#[derive(Clone, Debug, Default)]
struct Saved {
    raft_state: Bytes,
    snapshot: Bytes,
}

impl Persister {
    /// Empty storage: a server that has never run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces both parts in one step. A caller without a new snapshot passes
    /// the current one again.
    pub fn save(&self, raft_state: impl Into<Bytes>, snapshot: impl Into<Bytes>) {
        let saved = Saved { raft_state: raft_state.into(), snapshot: snapshot.into() };
        *self.saved.lock() = saved;
    }

    /// The saved Raft state; empty if nothing was saved.
    pub fn raft_state(&self) -> Bytes {
        self.saved.lock().raft_state.clone()
    }

    /// The saved snapshot; empty if there is none.
    pub fn snapshot(&self) -> Bytes {
        self.saved.lock().snapshot.clone()
    }

    /// Size of the saved Raft state in bytes.
    pub fn raft_state_size(&self) -> usize {
        self.saved.lock().raft_state.len()
    }

    /// Size of the saved snapshot in bytes.
    pub fn snapshot_size(&self) -> usize {
        self.saved.lock().snapshot.len()
    }

    /// New storage with the same contents; later saves to the one do not reach
    /// the other. A crash hands the copy to the server's next life, so that the
    /// old one can write no more.
    pub fn copy(&self) -> Self {
        Persister { saved: Mutex::new(self.saved.lock().clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_independent() {
        let old = Persister::new();
        assert!(old.raft_state().is_empty() && old.snapshot().is_empty());
        old.save(vec![1, 2, 3], vec![4]);
        let new = old.copy();
        old.save(vec![], vec![]);
        assert_eq!((new.raft_state_size(), new.snapshot_size()), (3, 1));
        assert_eq!(old.raft_state_size(), 0);
    }
}
