//! Ends a thread by unwinding it, without a panic message or a failure.

/// The payload of such an unwind.
#[derive(Debug)]
pub(crate) struct Exit(());

impl Exit {
    pub(crate) fn new() -> Self {
        Exit(())
    }
}

/// Unwinds the calling OS thread, or the coroutine on it, without a panic
/// message.
pub(crate) fn unwind() -> ! {
    std::panic::resume_unwind(Box::new(Exit::new()))
}
