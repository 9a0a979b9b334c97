//! Stable storage: the state that survives a crash of a server.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::sync::Mutex;
use crate::trace;

crate::trace_events! {
    /// A server saves, and now holds this many bytes of Raft state and snapshot.
    Persist = "persist" { state: usize, snapshot: usize }
}

/// The disk of one server. It saves the Raft state and the snapshot together,
/// so that a crash never separates them (the course's `Persister` of 2023 and
/// later).
///
/// A save reuses the memory of the previous one, and copies share memory where
/// they can. Each save records a trace event `persist` with both sizes.
#[derive(Debug, Default)]
pub struct Persister {
    saved: Mutex<Saved>,
}

/// The change that one save makes. The saved Raft state is a head followed by a
/// log; the log stays empty if a server saves its whole state each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The new head, all of it.
    pub head: &'a [u8],
    /// How many bytes at the start of the log are kept.
    pub kept: usize,
    /// The bytes that follow the kept ones in the new log.
    pub appended: &'a [u8],
    /// The new snapshot; `None` if the old one is kept.
    pub snapshot: Option<&'a Bytes>,
}

/// Observes every save of a [`Persister`]. The persister holds its lock during
/// the calls, so an observer must not call the persister. Tests inject crashes
/// here, and servers with a real disk write to it.
pub trait SaveObserver: Send + Sync {
    /// Called before the change is saved. If this unwinds, nothing is saved.
    fn before(&self, change: &Change<'_>);

    /// Called after the whole change is saved.
    fn after(&self, change: &Change<'_>);
}

#[derive(Clone, Default)]
struct Saved {
    /// The Raft state, or its first part.
    head: Vec<u8>,
    /// The rest of the Raft state.
    log: Arc<Vec<u8>>,
    snapshot: Bytes,
    observer: Option<Arc<dyn SaveObserver>>,
    /// Buffer for the bytes that a save appends.
    appended: Vec<u8>,
}

impl Saved {
    fn raft_state_size(&self) -> usize {
        self.head.len() + self.log.len()
    }

    #[track_caller]
    fn save(&mut self, head: &[u8], kept: usize, snapshot: Option<Bytes>) {
        let (observer, appended) = (self.observer.clone(), std::mem::take(&mut self.appended));
        let change = Change { head, kept, appended: &appended, snapshot: snapshot.as_ref() };
        if let Some(observer) = &observer {
            observer.before(&change);
        }
        // Clones the log if a copy of the persister shares it: the copy must
        // not change.
        let log = Arc::make_mut(&mut self.log);
        log.truncate(kept);
        log.extend_from_slice(&appended);
        self.head.clear();
        self.head.extend_from_slice(head);
        if let Some(snapshot) = &snapshot {
            self.snapshot = snapshot.clone();
        }
        trace::event(Persist { state: self.raft_state_size(), snapshot: self.snapshot.len() });
        if let Some(observer) = &observer {
            observer.after(&change);
        }
        self.appended = appended;
        self.appended.clear();
    }
}

impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saved")
            .field("raft_state_size", &self.raft_state_size())
            .field("snapshot_size", &self.snapshot.len())
            .finish_non_exhaustive()
    }
}

impl Persister {
    /// Creates empty storage, as of a server that has never run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces Raft state and snapshot in one step. A caller that has no new
    /// snapshot passes the current one.
    #[track_caller]
    pub fn save(&self, raft_state: impl Into<Bytes>, snapshot: impl Into<Bytes>) {
        self.save_delta(&raft_state.into(), 0, Some(snapshot.into()), |_| ());
    }

    /// Saves a change of a Raft state that ends in a log. The cost does not
    /// grow with the log. Replaces the `head` before the log, and the snapshot
    /// if there is a new one. Keeps the first `kept` bytes of the log; `append`
    /// writes the bytes that follow them into an empty buffer. Returns the size
    /// of the log in bytes.
    ///
    /// # Panics
    ///
    /// If the log has fewer than `kept` bytes.
    #[track_caller]
    pub fn save_delta(
        &self,
        head: &[u8],
        kept: usize,
        snapshot: Option<Bytes>,
        append: impl FnOnce(&mut Vec<u8>),
    ) -> usize {
        let mut saved = self.saved.lock();
        assert!(
            kept <= saved.log.len(),
            "cannot keep {kept} bytes of a log of {}",
            saved.log.len()
        );
        // An earlier `append` that unwound may have left bytes in the buffer.
        saved.appended.clear();
        append(&mut saved.appended);
        saved.save(head, kept, snapshot);
        saved.log.len()
    }

    /// Calls `observer` for every save from now on. Replaces an earlier
    /// observer. A [`copy`](Self::copy) has no observer.
    pub fn observe(&self, observer: Arc<dyn SaveObserver>) {
        self.saved.lock().observer = Some(observer);
    }

    /// Returns the saved Raft state; empty if nothing was saved.
    pub fn raft_state(&self) -> Bytes {
        let saved = self.saved.lock();
        [&saved.head[..], &saved.log].concat().into()
    }

    /// Returns the saved snapshot; empty if there is none.
    pub fn snapshot(&self) -> Bytes {
        self.saved.lock().snapshot.clone()
    }

    /// Returns the size of the saved Raft state in bytes.
    pub fn raft_state_size(&self) -> usize {
        self.saved.lock().raft_state_size()
    }

    /// Returns the size of the saved snapshot in bytes.
    pub fn snapshot_size(&self) -> usize {
        self.saved.lock().snapshot.len()
    }

    /// Returns the sizes of state and snapshot, for a report. Does not wait and
    /// has no effect on the run. Returns `None` during a save.
    pub fn peek_sizes(&self) -> Option<(usize, usize)> {
        self.saved.peek(|saved| (saved.raft_state_size(), saved.snapshot.len()))
    }

    /// Returns new storage with the same contents. Later saves to one do not
    /// change the other. A restarted server gets the copy, so that the threads
    /// of its earlier incarnation can no longer change the saved state.
    pub fn copy(&self) -> Self {
        let saved = self.saved.lock();
        let copy = Saved { observer: None, appended: Vec::new(), ..saved.clone() };
        Persister { saved: Mutex::new(copy) }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicBool, Ordering};

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
    fn a_delta_replaces_the_head_and_the_end_of_the_log() {
        let old = Persister::new();
        let save = |head: &[u8], kept, appended, snapshot| {
            old.save_delta(head, kept, snapshot, |log| log.extend_from_slice(appended))
        };
        assert_eq!(save(b"2:", 0, b"onetwo", Some(Bytes::from_static(b"s"))), 6);
        let new = old.copy();
        assert_eq!(save(b"3:", 3, b"three", None), 8);
        assert_eq!((&old.raft_state()[..], &old.snapshot()[..]), (&b"3:onethree"[..], &b"s"[..]));
        assert_eq!(new.raft_state(), &b"2:onetwo"[..]);
        assert_eq!(save(b"4:", 8, b"", Some(Bytes::new())), 8);
        assert_eq!((old.raft_state_size(), old.snapshot_size()), (10, 0));
        old.save(b"all".to_vec(), b"".to_vec());
        assert_eq!(old.raft_state(), &b"all"[..]);
    }

    /// Records the changes that it observes, and panics before a save if
    /// `prevents` is set.
    #[derive(Default)]
    struct Notes {
        seen: Mutex<Vec<String>>,
        prevents: AtomicBool,
    }

    impl Notes {
        fn note(&self, when: &str, change: &Change<'_>) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            self.seen.lock().push(format!(
                "{when}: {} {}+{} {:?}",
                text(change.head),
                change.kept,
                text(change.appended),
                change.snapshot.map(|snapshot| text(snapshot))
            ));
        }
    }

    impl SaveObserver for Notes {
        fn before(&self, change: &Change<'_>) {
            self.note("before", change);
            assert!(!self.prevents.load(Ordering::Relaxed), "a crash before the save");
        }

        fn after(&self, change: &Change<'_>) {
            self.note("after", change);
        }
    }

    #[test]
    fn an_observer_sees_every_change_and_can_prevent_it() {
        let (disk, notes) = (Persister::new(), Arc::new(Notes::default()));
        disk.observe(Arc::clone(&notes) as Arc<dyn SaveObserver>);
        disk.save(&b"all"[..], &b"s"[..]);
        let append = |text: &'static [u8]| move |log: &mut Vec<u8>| log.extend_from_slice(text);
        disk.save_delta(b"2:", 0, None, append(b"onetwo"));
        notes.prevents.store(true, Ordering::Relaxed);
        let crash = AssertUnwindSafe(|| disk.save_delta(b"3:", 3, None, append(b"three")));
        assert!(catch_unwind(crash).is_err());
        assert_eq!((&disk.raft_state()[..], &disk.snapshot()[..]), (&b"2:onetwo"[..], &b"s"[..]));
        notes.prevents.store(false, Ordering::Relaxed);
        disk.save_delta(b"4:", 3, Some(Bytes::new()), append(b"four"));
        assert_eq!(disk.raft_state(), &b"4:onefour"[..]);
        disk.copy().save(Bytes::new(), Bytes::new());
        assert_eq!(
            *notes.seen.lock(),
            [
                r#"before: all 0+ Some("s")"#,
                r#"after: all 0+ Some("s")"#,
                "before: 2: 0+onetwo None",
                "after: 2: 0+onetwo None",
                "before: 3: 3+three None",
                r#"before: 4: 3+four Some("")"#,
                r#"after: 4: 3+four Some("")"#,
            ]
        );
    }
}
