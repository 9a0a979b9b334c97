//! Checks that workers stay until the job is done.

use std::time::Duration;

use crate::{App, Env, Sink, Values};

/// Two of the course's eight books take long to reduce. Meanwhile idle workers must
/// stay.
pub(crate) struct EarlyExit;

impl App for EarlyExit {
    fn name(&self) -> &str {
        "early_exit"
    }

    fn map(&self, _env: &dyn Env, file: &str, _contents: &str, sink: &mut dyn Sink) {
        sink.emit(file, "1");
    }

    fn reduce(&self, env: &dyn Env, key: &str, values: Values<'_>) -> String {
        if key.contains("sherlock") || key.contains("tom") {
            env.sleep(Duration::from_secs(3));
        }
        values.count().to_string()
    }
}
