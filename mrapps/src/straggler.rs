//! Calls that take ten times as long in slow workers.

use std::time::Duration;

use crate::{App, Env, Sink, Values};

/// A worker is slow while its folder has a file with this prefix and its id.
const MARK: &str = "mr-worker-slow-";

/// A tenth of the time of a call; a slow worker takes ten times as long.
const SLICE: Duration = Duration::from_millis(30);

/// Every call of Map or Reduce takes 0.3 seconds, and 3 in a slow worker. Keys
/// are the numbers of four reduce tasks.
pub(crate) struct Straggler;

/// Takes the time of a call. Checks for the mark before each slice, since the test
/// may create it late.
fn spend_time(env: &dyn Env) {
    let mark = format!("{MARK}{}", env.worker_id());
    for _ in 0..10 {
        let slow = env.list_dir().contains(&mark);
        env.sleep(if slow { 10 * SLICE } else { SLICE });
    }
}

impl App for Straggler {
    fn name(&self) -> &str {
        "straggler"
    }

    fn map(&self, env: &dyn Env, file: &str, _contents: &str, sink: &mut dyn Sink) {
        spend_time(env);
        for key in ["0", "1", "2", "3"] {
            sink.emit(key, file);
        }
    }

    fn partition(&self, key: &str, n_reduce: usize) -> usize {
        key.parse::<usize>().expect("keys are numbers") % n_reduce
    }

    fn reduce(&self, env: &dyn Env, _key: &str, values: Values<'_>) -> String {
        spend_time(env);
        values.collect::<Vec<_>>().join(" ")
    }
}
