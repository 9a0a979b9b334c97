//! Checks whether maps, or reduces, run in parallel.

use crate::parallel::count_parallel;
use crate::{App, Env, Sink, Values};

/// Reports when each worker's maps began, and how many workers were in Map then.
pub(crate) struct MapTiming;

impl App for MapTiming {
    fn name(&self) -> &str {
        "mtiming"
    }

    /// A second call would be counted.
    fn allows_backups(&self) -> bool {
        false
    }

    fn map(&self, env: &dyn Env, _file: &str, _contents: &str, sink: &mut dyn Sink) {
        let begin = env.now();
        let id = env.worker_id();
        let parallel = count_parallel(env, "map");
        sink.emit(&format!("times-{id}"), &format!("{begin:.1}"));
        sink.emit(&format!("parallel-{id}"), &parallel.to_string());
    }

    fn reduce(&self, _env: &dyn Env, _key: &str, values: Values<'_>) -> String {
        let mut values: Vec<&str> = values.collect();
        values.sort_unstable();
        values.join(" ")
    }
}

/// Reports for each key how many workers were in Reduce.
pub(crate) struct ReduceTiming;

impl App for ReduceTiming {
    fn name(&self) -> &str {
        "rtiming"
    }

    /// A second call would be counted.
    fn allows_backups(&self) -> bool {
        false
    }

    fn map(&self, _env: &dyn Env, _file: &str, _contents: &str, sink: &mut dyn Sink) {
        for key in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
            sink.emit(key, "1");
        }
    }

    fn reduce(&self, env: &dyn Env, _key: &str, _values: Values<'_>) -> String {
        count_parallel(env, "reduce").to_string()
    }
}
