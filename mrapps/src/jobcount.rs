//! Counts the calls of Map.

use std::time::Duration;

use crate::{App, Env, Sink, Values};

/// The prefix of the files that Map leaves, one per call.
const PREFIX: &str = "mr-worker-jobcount";

/// Counts the calls of Map by the files that they leave, so that repeated calls
/// count.
pub(crate) struct JobCount;

impl App for JobCount {
    fn name(&self) -> &str {
        "jobcount"
    }

    /// A second call would be counted.
    fn allows_backups(&self) -> bool {
        false
    }

    fn map(&self, env: &dyn Env, _file: &str, _contents: &str, sink: &mut dyn Sink) {
        let name = format!("{PREFIX}-{}-{}", env.worker_id(), env.next_call());
        env.write_file(&name, b"x");
        // Long enough for a coordinator with a short timeout to assign the task again.
        env.sleep(Duration::from_millis(2000 + env.random_below(3000)));
        sink.emit("a", "x");
    }

    fn reduce(&self, env: &dyn Env, _key: &str, _values: Values<'_>) -> String {
        env.list_dir().iter().filter(|name| name.starts_with(PREFIX)).count().to_string()
    }
}
