//! What a timeline shows to who looks closely: who lacks the entry, what was lost,
//! how long it took.

use std::collections::{BTreeMap, BTreeSet};

use super::step::{Step, StepKind};
use super::timeline::Timeline;

/// Sentences, the gravest first.
pub(crate) fn findings(timeline: &Timeline) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(parted(timeline));
    sentences.extend(overwritten(timeline));
    sentences.extend(missing(timeline));
    sentences.extend(durations(timeline));
    sentences
}

/// Two state machines that have applied entries of different terms.
fn parted(timeline: &Timeline) -> Option<String> {
    let terms = applied(timeline);
    let told: Vec<String> =
        terms.iter().map(|(term, servers)| format!("{} of T{term}", names(servers))).collect();
    (terms.len() > 1).then(|| {
        format!("Different entries #{} were applied: by {}.", timeline.index, told.join(", by "))
    })
}

/// Who has applied the entry of which term.
fn applied(timeline: &Timeline) -> BTreeMap<u64, BTreeSet<usize>> {
    let mut terms: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    for step in steps(timeline, StepKind::Apply) {
        if let Some(term) = step.term {
            terms.entry(term).or_default().insert(step.server);
        }
    }
    terms
}

/// The same index was given to more than one command.
fn overwritten(timeline: &Timeline) -> Option<String> {
    let starts: Vec<String> = steps(timeline, StepKind::Start)
        .map(|step| match step.term {
            Some(term) => format!("in T{term} by S{}", step.server),
            None => format!("by S{}", step.server),
        })
        .collect();
    if starts.len() < 2 {
        return None;
    }
    let mut text = format!(
        "#{} was started {} times: {}; only one can stay",
        timeline.index,
        starts.len(),
        starts.join(", ")
    );
    let terms: Vec<u64> = applied(timeline).into_keys().collect();
    if let [term] = terms[..] {
        text.push_str(&format!(", that of T{term} did"));
    }
    text.push('.');
    Some(text)
}

/// Who has not saved the entry, who has and has not applied it.
fn missing(timeline: &Timeline) -> Vec<String> {
    let who = |kinds: &[StepKind]| -> BTreeSet<usize> {
        let done = timeline.steps().filter(|(_, step)| kinds.contains(&step.kind));
        done.map(|(_, step)| step.server).collect()
    };
    let index = timeline.index;
    // A leader that starts an entry has it in its log.
    let has = who(&[StepKind::Start, StepKind::Save, StepKind::Install, StepKind::Apply]);
    let applied = who(&[StepKind::Apply, StepKind::Install]);
    let lacks = timeline.servers.clone().filter(|server| !has.contains(server)).collect();
    let waits = has.difference(&applied).copied().collect();
    let mut sentences = Vec::new();
    for (servers, what) in [(lacks, "never had"), (waits, "had, and never applied,")] {
        let servers: BTreeSet<usize> = servers;
        if !servers.is_empty() {
            sentences.push(format!("{} {what} #{index}.", names(&servers)));
        }
    }
    if who(&[StepKind::Commit, StepKind::Apply, StepKind::Install]).is_empty() {
        sentences.push(format!("Nobody has committed #{index}."));
    }
    sentences
}

/// How long it took from the start that was committed: that of its term, or the
/// last before.
fn durations(timeline: &Timeline) -> Option<String> {
    let first = |kind: StepKind| timeline.steps().find(|(_, step)| step.kind == kind);
    let (committed, _) = first(StepKind::Commit).or_else(|| first(StepKind::Apply))?;
    let term = first(StepKind::Apply).and_then(|(_, step)| step.term);
    let before = |(time, step): &(u64, &Step)| {
        let other = term.is_some() && step.term.is_some() && step.term != term;
        step.kind == StepKind::Start && *time <= committed && !other
    };
    let (started, _) = timeline.steps().rfind(before)?;
    let mut text = format!("From start to commit {}", milliseconds(committed - started));
    // A server that is started again applies again; that tells no delay.
    let mut applied = BTreeMap::new();
    for (time, step) in timeline.steps().filter(|(_, step)| step.kind == StepKind::Apply) {
        applied.entry(step.server).or_insert(time);
    }
    if let Some(last) = applied.values().max() {
        let servers = applied.keys().copied().collect();
        let last = milliseconds(last.saturating_sub(started));
        text.push_str(&format!(", to the last of {} to apply {last}", names(&servers)));
    }
    text.push('.');
    Some(text)
}

fn milliseconds(micros: u64) -> String {
    format!("{:.1} ms", micros as f64 / 1e3)
}

fn steps(timeline: &Timeline, kind: StepKind) -> impl Iterator<Item = &Step> {
    timeline.steps().map(|(_, step)| step).filter(move |step| step.kind == kind)
}

/// `S0`, `S0 and S1`, `S0, S1 and S2`.
fn names(servers: &BTreeSet<usize>) -> String {
    let names: Vec<String> = servers.iter().map(|server| format!("S{server}")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[(u64, &str)]) -> Vec<String> {
        let mut timeline = Timeline::new(7, 0);
        for &(time, text) in lines {
            timeline.add(time, Step::parse(text.as_bytes()).expect(text));
        }
        findings(&timeline)
    }

    #[test]
    fn who_lacks_the_entry_is_told() {
        let lines = [
            (1_000, "S0 starts #7 in T3"),
            (1_100, "S0 sends #7 to S2"),
            (1_600, "S1 saves #7"),
            (2_000, "S0 commits #7"),
            (2_500, "S0 applies #7"),
        ];
        assert_eq!(
            found(&lines),
            [
                "S2 never had #7.",
                "S1 had, and never applied, #7.",
                "From start to commit 1.0 ms, to the last of S0 to apply 1.5 ms."
            ]
        );
        let told = ["S1 had, and never applied, #7.", "Nobody has committed #7."];
        assert_eq!(found(&[(1, "S1 saves #7")])[1..], told);
    }

    #[test]
    fn overwritten_entries_are_told() {
        let mut lines = vec![(1, "S0 starts #7 in T3"), (9, "S1 starts #7 in T5")];
        let told = "#7 was started 2 times: in T3 by S0, in T5 by S1; only one can stay";
        assert_eq!(found(&lines)[0], format!("{told}."));
        lines.push((10, "S0 applies #7 of T5"));
        assert_eq!(found(&lines)[0], format!("{told}, that of T5 did."));
    }

    #[test]
    fn two_entries_in_one_place_come_first() {
        let lines =
            [(1, "S0 applies #7 of T3"), (2, "S1 applies #7 of T3"), (3, "S2 applies #7 of T5")];
        let told = "Different entries #7 were applied: by S0 and S1 of T3, by S2 of T5.";
        assert_eq!(found(&lines)[0], told);
    }
}
