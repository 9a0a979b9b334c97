//! When a batch ends early: the user has had enough, or the batch has.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Two flags that everybody looks at between two steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    interrupted: Arc<AtomicBool>,
    enough: Arc<AtomicBool>,
}

impl Stop {
    /// Flags that Ctrl-C, a hangup and a plain kill raise.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let stop = Stop::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop.interrupted))?;
        }
        Ok(stop)
    }

    /// Whether the user wants no more.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Ends the batch, as after a failure with `--until-fail`.
    pub(crate) fn is_enough(&self) {
        self.enough.store(true, Ordering::SeqCst);
    }

    /// Whether no new run is to begin, for either reason.
    pub(crate) fn requested(&self) -> bool {
        self.interrupted() || self.enough.load(Ordering::SeqCst)
    }
}
