//! States what is hard to see in a timeline: which servers lack the entry, what was
//! lost, how long it took.

use std::collections::{BTreeMap, BTreeSet};

use super::step::{Step, StepKind};
use super::timeline::Timeline;

/// Returns sentences, the most serious first.
pub(crate) fn findings(timeline: &Timeline) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(diverged(timeline));
    sentences.extend(overwritten(timeline));
    sentences.extend(missing(timeline));
    sentences.extend(durations(timeline));
    sentences
}

/// Reports state machines that applied entries of different terms.
fn diverged(timeline: &Timeline) -> Option<String> {
    let terms = applied(timeline);
    let entries: Vec<String> = terms
        .iter()
        .map(|(term, servers)| format!("that of T{term} by {}", names(servers)))
        .collect();
    (terms.len() > 1).then(|| {
        format!("Servers applied different entries #{}: {}.", timeline.index, entries.join(", "))
    })
}

/// Returns which servers applied the entry of each term.
fn applied(timeline: &Timeline) -> BTreeMap<u64, BTreeSet<usize>> {
    let mut terms: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    for step in steps(timeline, StepKind::Apply) {
        if let Some(term) = step.term {
            terms.entry(term).or_default().insert(step.server);
        }
    }
    terms
}

/// Reports that more than one command was started at the index.
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
        "#{} was started {} times: {}; only one can be committed",
        timeline.index,
        starts.len(),
        starts.join(", ")
    );
    let terms: Vec<u64> = applied(timeline).into_keys().collect();
    if let [term] = terms[..] {
        text.push_str(&format!(", and that of T{term} was"));
    }
    text.push('.');
    Some(text)
}

/// Reports the servers that did not save the entry, and those that saved it and did
/// not apply it.
fn missing(timeline: &Timeline) -> Vec<String> {
    let servers_with = |kinds: &[StepKind]| -> BTreeSet<usize> {
        let done = timeline.steps().filter(|(_, step)| kinds.contains(&step.kind));
        done.map(|(_, step)| step.server).collect()
    };
    let index = timeline.index;
    // A leader that starts an entry has it in its log.
    let has = servers_with(&[StepKind::Start, StepKind::Save, StepKind::Install, StepKind::Apply]);
    let applied = servers_with(&[StepKind::Apply, StepKind::Install]);
    let lacks: BTreeSet<usize> =
        timeline.servers.clone().filter(|server| !has.contains(server)).collect();
    let waits: BTreeSet<usize> = has.difference(&applied).copied().collect();
    let mut sentences = Vec::new();
    if !lacks.is_empty() {
        sentences.push(format!("{} never had #{index}.", names(&lacks)));
    }
    if !waits.is_empty() {
        sentences.push(format!("{} had #{index} and never applied it.", names(&waits)));
    }
    if servers_with(&[StepKind::Commit, StepKind::Apply, StepKind::Install]).is_empty() {
        sentences.push(format!("No server committed #{index}."));
    }
    sentences
}

/// Reports the times since the start of the committed entry: the start in its term,
/// or the last one before the commit.
fn durations(timeline: &Timeline) -> Option<String> {
    let first = |kind: StepKind| timeline.steps().find(|(_, step)| step.kind == kind);
    let (committed, _) = first(StepKind::Commit).or_else(|| first(StepKind::Apply))?;
    let term = first(StepKind::Apply).and_then(|(_, step)| step.term);
    let before = |(time, step): &(u64, &Step)| {
        let other = term.is_some() && step.term.is_some() && step.term != term;
        step.kind == StepKind::Start && *time <= committed && !other
    };
    let (started, _) = timeline.steps().rfind(before)?;
    let mut text = format!("From start to commit: {}", milliseconds(committed - started));
    // A restarted server applies the entry again, which is not a delay.
    let mut applied = BTreeMap::new();
    for (time, step) in timeline.steps().filter(|(_, step)| step.kind == StepKind::Apply) {
        applied.entry(step.server).or_insert(time);
    }
    if let Some(last) = applied.values().max() {
        let servers = applied.keys().copied().collect();
        let last = milliseconds(last.saturating_sub(started));
        text.push_str(&format!("; to the last apply by {}: {last}", names(&servers)));
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

/// Returns `S0`, `S0 and S1` or `S0, S1 and S2`.
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
    fn servers_that_lack_the_entry_are_reported() {
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
                "S1 had #7 and never applied it.",
                "From start to commit: 1.0 ms; to the last apply by S0: 1.5 ms."
            ]
        );
        let expected = ["S1 had #7 and never applied it.", "No server committed #7."];
        assert_eq!(found(&[(1, "S1 saves #7")])[1..], expected);
    }

    #[test]
    fn overwritten_entries_are_reported() {
        let mut lines = vec![(1, "S0 starts #7 in T3"), (9, "S1 starts #7 in T5")];
        let starts = "#7 was started 2 times: in T3 by S0, in T5 by S1; only one can be committed";
        assert_eq!(found(&lines)[0], format!("{starts}."));
        lines.push((10, "S0 applies #7 of T5"));
        assert_eq!(found(&lines)[0], format!("{starts}, and that of T5 was."));
    }

    #[test]
    fn different_entries_at_one_index_come_first() {
        let lines =
            [(1, "S0 applies #7 of T3"), (2, "S1 applies #7 of T3"), (3, "S2 applies #7 of T5")];
        let expected =
            "Servers applied different entries #7: that of T3 by S0 and S1, that of T5 by S2.";
        assert_eq!(found(&lines)[0], expected);
    }
}
