//! Ends a batch early: on a signal from the user, or by the batch itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Two flags that all workers check between two steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    interrupted: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

impl Stop {
    /// Creates flags that SIGINT (Ctrl-C), SIGHUP and SIGTERM set.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let stop = Stop::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop.interrupted))?;
        }
        Ok(stop)
    }

    /// Returns whether the user interrupted the batch.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Ends the batch, as after a failure with `--until-fail`.
    pub(crate) fn end_batch(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    /// Returns whether no new run may begin, for either reason.
    pub(crate) fn requested(&self) -> bool {
        self.interrupted() || self.ended.load(Ordering::SeqCst)
    }
}
