//! What the simulator says when a simulation cannot go on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::scheduler::Scheduler;
use super::thread_table::{State, Thread};

/// How many threads or places a report lists before it sums up the rest.
const LISTED: usize = 50;

fn seconds(nanos: u64) -> String {
    format!("{:.6} s", Duration::from_nanos(nanos).as_secs_f64())
}

/// Nobody can run and no timer will ever fire.
pub(crate) fn deadlock(scheduler: &Scheduler) -> String {
    let mut text = headline(
        scheduler,
        "deadlock: every simulated thread waits for another, and no timer is set",
    );
    list_threads(scheduler, &mut text);
    text
}

/// The virtual time limit has passed.
pub(crate) fn limit(scheduler: &Scheduler) -> String {
    let mut text = headline(
        scheduler,
        "the virtual time limit of the run has passed (LAB_LIMIT, in seconds, sets it)",
    );
    let mut places = BTreeMap::new();
    for event in scheduler.trace.events() {
        if let Some(site) = event.site {
            *places.entry((site.file(), site.line(), event.kind)).or_insert(0u64) += 1;
        }
    }
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_by_key(|&(place, count)| (std::cmp::Reverse(count), place));
    let _ = writeln!(
        text,
        "  busiest lines among the last {} events:",
        scheduler.trace.events().count()
    );
    for ((file, line, kind), count) in places.into_iter().take(5) {
        let _ = writeln!(text, "    {count:>6} {kind} at {file}:{line}");
    }
    list_threads(scheduler, &mut text);
    text
}

/// One thread too many was spawned.
pub(crate) fn too_many_threads(scheduler: &Scheduler, limit: usize) -> String {
    let mut text = headline(scheduler, &format!("more than {limit} simulated threads are alive"));
    let mut sites = BTreeMap::new();
    for thread in scheduler.threads.iter() {
        let site = thread.spawned_at;
        *sites.entry((site.file(), site.line())).or_insert(0u64) += 1;
    }
    let mut sites: Vec<_> = sites.into_iter().collect();
    sites.sort_by_key(|&(site, count)| (std::cmp::Reverse(count), site));
    for ((file, line), count) in sites.into_iter().take(5) {
        let _ = writeln!(text, "  {count:>6} of them spawned at {file}:{line}");
    }
    text
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
    for thread in threads.iter().take(LISTED) {
        let _ = writeln!(text, "  {}", describe(thread));
    }
    if threads.len() > LISTED {
        let _ = writeln!(text, "  and {} more", threads.len() - LISTED);
    }
}

/// One line about a thread: who, from where, doing what, where.
fn describe(thread: &Thread) -> String {
    let mut text = format!("{} spawned at {}: ", thread.label(), thread.spawned_at);
    let (operation, site) = (thread.operation.name(), thread.site);
    let _ = match (thread.state, thread.deadline) {
        (State::Runnable, _) => write!(text, "can run, after {operation} at {site}"),
        (_, None) => write!(text, "waits in {operation} at {site}"),
        (_, Some(deadline)) => {
            write!(text, "waits in {operation} at {site} until {}", seconds(deadline))
        }
    };
    text
}
