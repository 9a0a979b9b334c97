//! The operations that simulated threads ask of the simulator.

use crate::trace::kind::Kind;

/// Declares the operations with their names in traces and reports.
macro_rules! operations {
    ($($operation:ident = $name:literal,)+) => {
        /// What a simulated thread does, or waits in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum ThreadOperation {
            $($operation,)+
        }

        impl ThreadOperation {
            /// The kind of its events in the trace, which have no fields.
            pub(crate) fn kind(self) -> &'static Kind {
                match self {
                    $(ThreadOperation::$operation => const { &Kind::new($name, &[]) },)+
                }
            }
        }
    };
}

operations! {
    Start = "start",
    Yield = "yield_now",
    Sleep = "sleep",
    Join = "JoinHandle::join",
    Now = "Instant::now",
    Lock = "Mutex::lock",
    TryLock = "try_lock",
    Read = "RwLock::read",
    Write = "RwLock::write",
    Wait = "Condvar::wait",
    Notify = "Condvar::notify",
    Send = "Sender::send",
    TrySend = "Sender::try_send",
    Receive = "Receiver::recv",
    TryReceive = "Receiver::try_recv",
    Select = "select!",
}

impl ThreadOperation {
    /// The name in traces and reports.
    pub(crate) fn name(self) -> &'static str {
        self.kind().name()
    }

    /// Races hide around locks and messages: there the scheduler may preempt
    /// at random. Elsewhere a switch finds nothing new.
    pub(crate) fn may_preempt(self) -> bool {
        matches!(
            self,
            ThreadOperation::Lock
                | ThreadOperation::Read
                | ThreadOperation::Write
                | ThreadOperation::Send
                | ThreadOperation::TrySend
        )
    }
}
