//! The panic hook: a panic in any thread of a run fails the run.

use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::{real, sim};

/// Chains our hook before the one that is there. Once per process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            record(info);
            print(info);
        }));
    });
}

/// Notes the failure before unwinding begins, so that no destructor and no
/// other thread runs into the broken state, and says who it was: std only knows
/// the OS thread.
fn record(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("a panic without a message").to_string();
    let place = info.location().map(ToString::to_string);
    match sim::current() {
        Some(sim) => {
            let thread = sim.describe_current().unwrap_or_else(|| "a simulated thread".into());
            let seconds = crate::time::Duration::from_nanos(sim.now()).as_secs_f64();
            eprintln!("\n{thread}, virtual time {seconds:.6} s, seed {:#x}:", sim.seed());
            sim.record_panic(message, place);
        }
        None => real::record_panic(message, place),
    }
}
