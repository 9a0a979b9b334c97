//! The operations that simulated threads ask of the simulator.

/// What a simulated thread does, or waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Start,
    Yield,
    Sleep,
    Join,
    Now,
    Lock,
    TryLock,
    Read,
    Write,
    Wait,
    Notify,
    Send,
    TrySend,
    Receive,
    TryReceive,
    Select,
}

impl Operation {
    /// The name in traces and reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::Start => "start",
            Operation::Yield => "yield_now",
            Operation::Sleep => "sleep",
            Operation::Join => "JoinHandle::join",
            Operation::Now => "Instant::now",
            Operation::Lock => "Mutex::lock",
            Operation::TryLock => "try_lock",
            Operation::Read => "RwLock::read",
            Operation::Write => "RwLock::write",
            Operation::Wait => "Condvar::wait",
            Operation::Notify => "Condvar::notify",
            Operation::Send => "Sender::send",
            Operation::TrySend => "Sender::try_send",
            Operation::Receive => "Receiver::recv",
            Operation::TryReceive => "Receiver::try_recv",
            Operation::Select => "select!",
        }
    }

    /// Races hide around locks and messages: there the scheduler may preempt
    /// at random. Elsewhere a switch finds nothing new.
    pub(crate) fn may_preempt(self) -> bool {
        matches!(
            self,
            Operation::Lock
                | Operation::Read
                | Operation::Write
                | Operation::Send
                | Operation::TrySend
        )
    }
}
