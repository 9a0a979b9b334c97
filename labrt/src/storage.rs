//! Stable storage: what survives a crash of a server.

use std::sync::Arc;

use bytes::Bytes;

use crate::sync::Mutex;
use crate::trace;

crate::trace_events! {
    /// A server saves so many bytes of Raft state and of snapshot.
    Persist = "persist" { state: usize, snapshot: usize }
}

/// The disk of one server: its Raft state and its snapshot, always saved
/// together, so that no crash can separate them (the course's `Persister` of
/// 2023 and later).
///
/// Bytes are shared, never changed: copying is cheap, and so is reading what
/// [`save`](Self::save) has written. The trace gets an event `persist` with both
/// sizes for each save.
#[derive(Debug, Default)]
pub struct Persister {
    saved: Mutex<Saved>,
}

#[derive(Clone, Debug, Default)]
struct Saved {
    /// The Raft state, or its beginning.
    head: Bytes,
    /// The rest of the Raft state, which grows with a log.
    body: Arc<Vec<u8>>,
    snapshot: Bytes,
}

impl Saved {
    fn raft_state_size(&self) -> usize {
        self.head.len() + self.body.len()
    }

    #[track_caller]
    fn trace(&self) {
        trace::event(Persist { state: self.raft_state_size(), snapshot: self.snapshot.len() });
    }
}

impl Persister {
    /// Empty storage: a server that has never run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces both parts in one step. A caller without a new snapshot passes
    /// the current one again.
    #[track_caller]
    pub fn save(&self, raft_state: impl Into<Bytes>, snapshot: impl Into<Bytes>) {
        let head = raft_state.into();
        let saved = Saved { head, body: Arc::default(), snapshot: snapshot.into() };
        let mut place = self.saved.lock();
        *place = saved;
        place.trace();
    }

    /// As [`save`](Self::save), for a Raft state that ends in a log, and at a
    /// cost that does not grow with it: replaces the `head` before the log and
    /// the snapshot. Of the log, the first `kept` bytes stay as they were
    /// updated last, and `append` writes what follows them. Returns the size of
    /// the log, in bytes.
    ///
    /// # Panics
    ///
    /// When the log has fewer than `kept` bytes.
    #[track_caller]
    pub fn update(
        &self,
        head: Vec<u8>,
        kept: usize,
        snapshot: Bytes,
        append: impl FnOnce(&mut Vec<u8>),
    ) -> usize {
        let mut saved = self.saved.lock();
        assert!(kept <= saved.body.len(), "{kept} bytes kept of {}", saved.body.len());
        // A copy that still has the log in common keeps it as it was.
        let body = Arc::make_mut(&mut saved.body);
        body.truncate(kept);
        append(body);
        let size = body.len();
        (saved.head, saved.snapshot) = (head.into(), snapshot);
        saved.trace();
        size
    }

    /// The saved Raft state; empty if nothing was saved.
    pub fn raft_state(&self) -> Bytes {
        let saved = self.saved.lock();
        match saved.body.is_empty() {
            true => saved.head.clone(),
            false => [&saved.head[..], &saved.body].concat().into(),
        }
    }

    /// The saved snapshot; empty if there is none.
    pub fn snapshot(&self) -> Bytes {
        self.saved.lock().snapshot.clone()
    }

    /// Size of the saved Raft state in bytes.
    pub fn raft_state_size(&self) -> usize {
        self.saved.lock().raft_state_size()
    }

    /// Size of the saved snapshot in bytes.
    pub fn snapshot_size(&self) -> usize {
        self.saved.lock().snapshot.len()
    }

    /// The sizes of state and snapshot for a report: without waiting, and without
    /// any effect on the run. `None` if somebody is about to save.
    pub fn peek_sizes(&self) -> Option<(usize, usize)> {
        self.saved.peek(|saved| (saved.raft_state_size(), saved.snapshot.len()))
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

    #[test]
    fn a_log_is_saved_by_its_changes() {
        let old = Persister::new();
        let update = |head: &[u8], kept, added, snapshot: &'static [u8]| {
            old.update(head.to_vec(), kept, Bytes::from_static(snapshot), |log| {
                log.extend_from_slice(added);
            })
        };
        assert_eq!(update(b"2:", 0, b"onetwo", b"s"), 6);
        let new = old.copy();
        assert_eq!(update(b"3:", 3, b"three", b""), 8);
        assert_eq!((&old.raft_state()[..], old.snapshot_size()), (&b"3:onethree"[..], 0));
        assert_eq!((new.raft_state_size(), new.snapshot_size()), (8, 1));
        assert_eq!(new.raft_state(), &b"2:onetwo"[..]);
        old.save(b"all".to_vec(), b"".to_vec());
        assert_eq!(old.raft_state(), &b"all"[..]);
    }
}
