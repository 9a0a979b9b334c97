//! Counts the workers in a phase by files with their ids.

use std::time::Duration;

use crate::Env;

/// How long a call stays in its phase, so that other workers can see it.
const STAY: Duration = Duration::from_secs(1);

/// Returns the number of running workers that are in this phase now, including the
/// caller. Takes a second.
pub(crate) fn count_parallel(env: &dyn Env, phase: &str) -> usize {
    let prefix = format!("mr-worker-{phase}-");
    let mine = format!("{prefix}{}", env.worker_id());
    env.write_file(&mine, b"x");
    let names = env.list_dir();
    let ids = names.iter().filter_map(|name| name.strip_prefix(&prefix)?.parse().ok());
    let count = ids.filter(|&id| env.is_alive(id)).count();
    env.sleep(STAY);
    env.remove_file(&mine);
    count
}
