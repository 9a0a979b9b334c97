//! The operations of simulated threads.

use crate::trace::kind::Kind;

/// Declares the operations with their names in traces and reports.
macro_rules! operations {
    ($($operation:ident = $name:literal,)+) => {
        /// An operation that a simulated thread performs or waits in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum ThreadOperation {
            $($operation,)+
        }

        impl ThreadOperation {
            /// Returns the kind of the operation's events, which have no
            /// fields.
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
    /// Returns the name in traces and reports.
    pub(crate) fn name(self) -> &'static str {
        self.kind().name()
    }

    /// Whether the scheduler may preempt at random. Races hide around locks and
    /// messages; a switch elsewhere finds nothing new.
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
