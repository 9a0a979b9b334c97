//! The panic hook: a panic in any thread of a run fails the run.

use std::panic::PanicHookInfo;
use std::sync::Once;
use std::time::Duration;

use crate::failure::payload_text;
use crate::{backtrace, real, sim};

/// Installs our hook before the existing one, once per process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            record(info);
            if !sim::current().is_some_and(sim::Sim::is_replay) {
                print(info);
            }
        }));
    });
}

/// Records the failure before unwinding begins, so that no destructor and no
/// other thread meets broken state, and prints which simulated thread panicked:
/// std only knows the OS thread.
fn record(info: &PanicHookInfo<'_>) {
    let message = payload_text(info.payload());
    let place = info.location().map(ToString::to_string);
    match sim::current() {
        Some(sim) => {
            let thread = sim.describe_current().unwrap_or_else(|| "the simulator itself".into());
            let seconds = Duration::from_nanos(sim.try_now().unwrap_or(0)).as_secs_f64();
            let headline =
                format!("\n{thread}, virtual time {seconds:.6} s, seed {:#x}:\n", sim.seed());
            if sim.is_unwinding() {
                // The process may abort now, and captured output would be lost.
                let place = place.as_deref().unwrap_or("an unknown place");
                let text = format!("{headline}panicked in a destructor at {place}:\n{message}\n");
                printing::to_stderr(text);
            } else if !sim.is_replay() {
                printing::to_captured_stderr(headline);
            }
            let frames = sim.wants_backtraces().then(backtrace::capture);
            sim.record_panic(message, place, frames);
        }
        None => real::record_panic(message, place),
    }
}
