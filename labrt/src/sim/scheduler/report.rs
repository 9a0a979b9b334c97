//! The reports of a simulation that cannot continue.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::Scheduler;
use crate::sim::thread_table::{Thread, ThreadState};

/// The maximum number of threads that a report lists.
const THREADS: usize = 50;

/// The number of busiest source lines that a report lists.
const BUSIEST: usize = 5;

fn seconds(nanos: u64) -> String {
    format!("{:.6} s", Duration::from_nanos(nanos).as_secs_f64())
}

/// Reports a deadlock: no thread can run and no timer is set.
pub(crate) fn deadlock(scheduler: &Scheduler) -> String {
    let mut text = headline(
        scheduler,
        "deadlock: every simulated thread waits for another, and no timer is set",
    );
    list_threads(scheduler, &mut text);
    text
}

/// Reports that the virtual time limit has passed.
pub(crate) fn limit(scheduler: &Scheduler) -> String {
    let mut text = headline(
        scheduler,
        "the virtual time limit of the run has passed (LAB_LIMIT, in seconds, sets it)",
    );
    let latest = scheduler.trace.latest();
    let places = latest.iter().map(|(kind, site)| (site.file(), site.line(), kind.name()));
    let _ = writeln!(text, "  busiest lines among the last {} events:", latest.len());
    for ((file, line, kind), count) in busiest(places) {
        let _ = writeln!(text, "    {count:>6} {kind} at {file}:{line}");
    }
    list_threads(scheduler, &mut text);
    text
}

/// Reports that a thread was spawned beyond the limit.
pub(crate) fn too_many_threads(scheduler: &Scheduler, limit: usize) -> String {
    let mut text = headline(scheduler, &format!("more than {limit} simulated threads are alive"));
    let place = |thread: &Thread| (thread.spawned_at.file(), thread.spawned_at.line());
    for ((file, line), count) in busiest(scheduler.threads.iter().map(place)) {
        let _ = writeln!(text, "  {count:>6} of them spawned at {file}:{line}");
    }
    text
}

/// Returns the most frequent places with their counts; ties in order of the
/// places.
fn busiest<P: Ord + Copy>(places: impl Iterator<Item = P>) -> Vec<(P, u64)> {
    let mut counts = BTreeMap::new();
    for place in places {
        *counts.entry(place).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|&(place, count)| (Reverse(count), place));
    counts.truncate(BUSIEST);
    counts
}

fn headline(scheduler: &Scheduler, what: &str) -> String {
    format!(
        "{what}\n  seed {:#x}, virtual time {}, {} threads alive\n",
        scheduler.seed,
        seconds(scheduler.now()),
        scheduler.threads.live()
    )
}

fn list_threads(scheduler: &Scheduler, text: &mut String) {
    let mut threads: Vec<&Thread> = scheduler.threads.iter().collect();
    threads.sort_by_key(|thread| thread.serial);
    for thread in threads.iter().take(THREADS) {
        let _ = writeln!(text, "  {}", describe(thread));
    }
    if threads.len() > THREADS {
        let _ = writeln!(text, "  and {} more", threads.len() - THREADS);
    }
}

/// Returns one line about a thread: its label, where it was spawned, what it
/// does and where.
fn describe(thread: &Thread) -> String {
    let mut text = format!("{} spawned at {}: ", thread.label(), thread.spawned_at);
    let (operation, site) = (thread.operation.name(), thread.site);
    let _ = match (thread.state, thread.deadline) {
        (ThreadState::Runnable, _) => write!(text, "can run, after {operation} at {site}"),
        (_, None) => write!(text, "waits in {operation} at {site}"),
        (_, Some(deadline)) => {
            write!(text, "waits in {operation} at {site} until {}", seconds(deadline))
        }
    };
    if let Some((holder, taken_at)) = thread.waits_for {
        let _ = write!(text, ", held by #{holder} since {taken_at}");
    }
    text
}
