//! A counting allocator, for tests that measure memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator with counters. A test binary that measures memory
/// installs it:
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
    /// Bytes allocated and not freed.
    live: AtomicUsize,
    /// The largest value of `live` so far.
    peak: AtomicUsize,
}

impl CountingAllocator {
    /// An allocator with all counts at zero.
    pub const fn new() -> Self {
        CountingAllocator { live: AtomicUsize::new(0), peak: AtomicUsize::new(0) }
    }

    /// Bytes of the heap that the process uses now.
    pub fn live_bytes(&self) -> usize {
        self.live.load(Relaxed)
    }

    /// The most bytes of the heap that the process has used at one time.
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

// SAFETY: every call is passed on to the system's allocator unchanged; counting
// does not allocate and cannot panic.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.add(layout.size());
        // SAFETY: the caller upholds the contract of this method, which is the same.
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
        // While the block moves, both copies exist.
        self.add(new_size);
        self.subtract(layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}
