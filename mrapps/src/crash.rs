//! Workers that crash or stall at random.

use std::time::Duration;

use crate::{App, Env, Sink, Values};

/// A third of the calls ends the worker, and a third takes up to ten seconds.
pub(crate) struct Crash;

/// The same without crashes and delays: the expected output of [`Crash`].
pub(crate) struct NoCrash;

/// Crashes or stalls at random. Runs once per call of Map, and once per key in
/// Reduce.
fn maybe_crash(env: &dyn Env) {
    match env.random_below(1000) {
        0..330 => env.exit(1),
        330..660 => env.sleep(Duration::from_millis(env.random_below(10_000))),
        _ => {}
    }
}

impl App for Crash {
    fn name(&self) -> &str {
        "crash"
    }

    fn map(&self, env: &dyn Env, file: &str, contents: &str, sink: &mut dyn Sink) {
        maybe_crash(env);
        NoCrash.map(env, file, contents, sink);
    }

    fn reduce(&self, env: &dyn Env, key: &str, values: Values<'_>) -> String {
        maybe_crash(env);
        NoCrash.reduce(env, key, values)
    }
}

impl App for NoCrash {
    fn name(&self) -> &str {
        "nocrash"
    }

    fn map(&self, _env: &dyn Env, file: &str, contents: &str, sink: &mut dyn Sink) {
        sink.emit("a", file);
        sink.emit("b", &file.len().to_string());
        sink.emit("c", &contents.len().to_string());
        sink.emit("d", "xyzzy");
    }

    fn reduce(&self, _env: &dyn Env, _key: &str, values: Values<'_>) -> String {
        let mut values: Vec<&str> = values.collect();
        values.sort_unstable();
        values.join(" ")
    }
}
