//! Stable storage.

use std::sync::Arc;

use labrt::storage::Persister;
use labrt::thread;

use crate::modes::in_all_modes;

#[test]
fn both_parts_are_saved_together() {
    in_all_modes(|| {
        let disk = Arc::new(Persister::new());
        let writer = Arc::clone(&disk);
        let handle = thread::spawn(move || {
            for n in 0..50u8 {
                writer.save(vec![n; usize::from(n)], vec![n; 2]);
            }
        });
        for _ in 0..50 {
            let copy = disk.copy();
            let (state, snapshot) = (copy.raft_state(), copy.snapshot());
            let number = snapshot.first().copied().unwrap_or(0);
            assert_eq!(state.len(), usize::from(number));
            assert!(state.iter().chain(&snapshot).all(|&byte| byte == number));
        }
        handle.join().unwrap();
        assert_eq!((disk.raft_state_size(), disk.snapshot_size()), (49, 2));
    });
}

#[test]
fn a_copy_does_not_see_later_saves() {
    in_all_modes(|| {
        let disk = Persister::new();
        disk.save(vec![1], vec![2]);
        let restarted = disk.copy();
        disk.save(vec![3], vec![4]);
        assert_eq!((&restarted.raft_state()[..], &restarted.snapshot()[..]), (&[1][..], &[2][..]));
    });
}
