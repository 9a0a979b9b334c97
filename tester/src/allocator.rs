//! An allocator that counts, for tests that measure memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator, counted. A test binary that measures memory makes it its
/// own:
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: tester::CountingAllocator = tester::CountingAllocator::new();
///
/// let before = ALLOCATOR.live_bytes();
/// let long = vec![0_u8; 10_000];
/// assert!(ALLOCATOR.live_bytes() >= before + long.len());
/// drop(long);
/// assert!(ALLOCATOR.live_bytes() < ALLOCATOR.peak_bytes());
/// ```
#[derive(Debug, Default)]
pub struct CountingAllocator {
    /// Bytes asked for and not given back.
    live: AtomicUsize,
    /// The most that they have been.
    peak: AtomicUsize,
}

impl CountingAllocator {
    /// One that has counted nothing yet.
    pub const fn new() -> Self {
        CountingAllocator { live: AtomicUsize::new(0), peak: AtomicUsize::new(0) }
    }

    /// Bytes on the heap that are in use now, in the whole process.
    pub fn live_bytes(&self) -> usize {
        self.live.load(Relaxed)
    }

    /// The most bytes that were in use at a time since the process began.
    pub fn peak_bytes(&self) -> usize {
        self.peak.load(Relaxed)
    }

    fn add(&self, bytes: usize) {
        let live = self.live.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(live, Relaxed);
    }

    fn subtract(&self, bytes: usize) {
        self.live.fetch_sub(bytes, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it is; counting allocates
// nothing and cannot panic.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.add(layout.size());
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.add(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.subtract(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // While it is moved there are both.
        self.add(new_size);
        self.subtract(layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}
