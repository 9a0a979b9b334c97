//! The quiet unwind: a thread ends, and nothing is wrong.

/// The payload of a quiet unwind.
#[derive(Debug)]
pub(crate) struct Exit(());

impl Exit {
    pub(crate) fn new() -> Self {
        Exit(())
    }
}

/// Unwinds the calling OS thread, or the coroutine on it, quietly.
pub(crate) fn unwind() -> ! {
    std::panic::resume_unwind(Box::new(Exit::new()))
}
