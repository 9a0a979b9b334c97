//! The history of one entry on all servers, collected from the steps of a log or a
//! trace.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::line;
use super::step::{Step, StepKind};
use super::topic::Topic;

/// The events of an entry, in the order of time.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// The index of the entry.
    pub(crate) index: u64,
    /// The servers that are known.
    pub(crate) servers: Range<usize>,
    events: Vec<(u64, Event)>,
    /// The last entry of the latest step of each kind on each server.
    reached: BTreeMap<(usize, StepKind), u64>,
    /// The first and the last entry that have steps.
    known: Option<(u64, u64)>,
}

#[derive(Debug)]
enum Event {
    Step(Step),
    Remark(String),
}

/// One row of the chart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The time of its first event, in microseconds.
    pub(crate) from: u64,
    /// The time of its last event.
    pub(crate) until: u64,
    /// Its content.
    pub(crate) content: Content,
}

/// The content of a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A step of a server.
    Step(Step),
    /// Consecutive sends of one leader: from `server`, to which peers, how often.
    Sends { server: usize, to: BTreeSet<usize>, times: u64 },
    /// Consecutive actions of the test: the last for each server.
    Remarks { texts: Vec<String>, times: u64 },
}

impl Timeline {
    /// Creates an empty timeline. The servers are counted from `first`.
    pub(crate) fn new(index: u64, first: usize) -> Self {
        let (events, reached) = (Vec::new(), BTreeMap::new());
        Timeline { index, servers: first..first, events, reached, known: None }
    }

    /// Adds a server.
    pub(crate) fn add_server(&mut self, server: usize) {
        let Range { start, end } = self.servers;
        self.servers = start.min(server)..end.max(server + 1);
    }

    /// Adds a step, if it is about the entry. Steps of one server come in order;
    /// times are in microseconds.
    pub(crate) fn add(&mut self, time: u64, mut step: Step) {
        // The term is that of the last entry of the step.
        step.term = step.term.filter(|_| step.last == self.index);
        self.add_server(step.server);
        step.to.into_iter().for_each(|to| self.add_server(to));
        let (low, high) = self.known.unwrap_or((step.first, step.last));
        self.known = Some((low.min(step.first), high.max(step.last)));
        if self.is_news(&step) {
            self.events.push((time, Event::Step(step)));
        }
    }

    /// Returns whether a step is about the entry and is not a repetition. A commit of
    /// #9 after one of #8 says nothing new about #7; after a restart that begins at #3
    /// it does.
    fn is_news(&mut self, step: &Step) -> bool {
        let reached = self.reached.insert((step.server, step.kind), step.last).unwrap_or(0);
        let again = match step.kind {
            StepKind::Commit | StepKind::Snapshot | StepKind::Install => reached >= self.index,
            StepKind::Start | StepKind::Send | StepKind::Save | StepKind::Apply => false,
        };
        step.is_about(self.index) && !again
    }

    /// Adds an action of the test. It is shown if it was between two steps.
    pub(crate) fn remark(&mut self, time: u64, text: String) {
        self.events.push((time, Event::Remark(text)));
    }

    /// Returns the first and the last entry that have steps.
    pub(crate) fn known(&self) -> Option<(u64, u64)> {
        self.known
    }

    /// Returns the steps, each with its time.
    pub(crate) fn steps(&self) -> impl DoubleEndedIterator<Item = (u64, &Step)> {
        self.events.iter().filter_map(|(time, event)| match event {
            Event::Step(step) => Some((*time, step)),
            Event::Remark(_) => None,
        })
    }

    /// Returns the rows, from the first step to the last.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let events = &self.events;
        let is_step = |(_, event): &(u64, Event)| matches!(event, Event::Step(_));
        let first = events.iter().position(is_step).unwrap_or(0);
        let end = events.iter().rposition(is_step).map_or(0, |last| last + 1);
        let mut rows: Vec<Row> = Vec::new();
        for (time, event) in &events[first..end] {
            match event {
                Event::Remark(text) => remarked(&mut rows, *time, text),
                Event::Step(step) if step.kind == StepKind::Send => sent(&mut rows, *time, step),
                Event::Step(step) => rows.push(Row::at(*time, Content::Step(step.clone()))),
            }
        }
        rows
    }
}

impl Row {
    /// Returns its topic.
    pub(crate) fn topic(&self) -> Topic {
        match &self.content {
            Content::Step(step) => step.kind.topic(),
            Content::Sends { .. } => StepKind::Send.topic(),
            Content::Remarks { .. } => Topic::test(),
        }
    }

    fn at(time: u64, content: Content) -> Self {
        Row { from: time, until: time, content }
    }
}

/// Adds a send of a leader: to the last row, if that has sends of the same leader.
fn sent(rows: &mut Vec<Row>, time: u64, step: &Step) {
    if let Some(Row { until, content: Content::Sends { server, to, times }, .. }) = rows.last_mut()
        && *server == step.server
    {
        *until = time;
        to.extend(step.to);
        *times += 1;
        return;
    }
    let to = step.to.into_iter().collect();
    rows.push(Row::at(time, Content::Sends { server: step.server, to, times: 1 }));
}

/// Adds an action of the test: to the last row, if that has actions too. The row
/// keeps only the last action for each server.
fn remarked(rows: &mut Vec<Row>, time: u64, text: &str) {
    if let Some(Row { until, content: Content::Remarks { texts, times }, .. }) = rows.last_mut() {
        let server = |text: &str| line::leading_peer(text.as_bytes());
        texts.retain(|earlier| server(earlier).is_none() || server(earlier) != server(text));
        texts.push(text.to_owned());
        *until = time;
        *times += 1;
        return;
    }
    rows.push(Row::at(time, Content::Remarks { texts: vec![text.to_owned()], times: 1 }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(index: u64, lines: &[(u64, &str)]) -> Timeline {
        let mut timeline = Timeline::new(index, 0);
        for &(time, text) in lines {
            match Step::parse(text.as_bytes()) {
                Some(step) => timeline.add(time, step),
                None => timeline.remark(time, text.to_owned()),
            }
        }
        timeline
    }

    /// Returns each row as a short text.
    fn rows(timeline: &Timeline) -> Vec<String> {
        let text = |row: Row| match row.content {
            Content::Step(step) => format!("{} S{} {}", row.from, step.server, step.kind.verb()),
            Content::Sends { server, to, times } => {
                format!("{}-{} S{server} to {to:?} {times}x", row.from, row.until)
            }
            Content::Remarks { texts, times } => {
                format!("{}-{} {} {times}x", row.from, row.until, texts.join(", "))
            }
        };
        timeline.rows().into_iter().map(text).collect()
    }

    #[test]
    fn only_the_steps_of_the_entry_are_shown() {
        let timeline = timeline(
            7,
            &[(1, "S0 starts #6"), (2, "S0 starts #7"), (3, "S1 saves #5..#9"), (4, "S2 saves #8")],
        );
        assert_eq!(rows(&timeline), ["2 S0 starts", "3 S1 saves"]);
        assert_eq!((timeline.known(), timeline.servers), (Some((5, 9)), 0..3));
    }

    #[test]
    fn repeated_sends_share_a_row() {
        let timeline = timeline(
            7,
            &[
                (1, "S0 sends #7 to S1"),
                (2, "S0 sends #6..#7 to S2"),
                (3, "S0 sends #7 to S2"),
                (4, "S1 saves #7"),
                (5, "S0 sends #7 to S2"),
            ],
        );
        let expected = ["1-3 S0 to {1, 2} 3x", "4 S1 saves", "5-5 S0 to {2} 1x"];
        assert_eq!(rows(&timeline), expected);
    }

    #[test]
    fn a_commit_is_shown_when_it_first_covers_the_entry() {
        let timeline = timeline(
            7,
            &[
                (1, "S0 commits #6"),
                (2, "S0 commits #9"),
                (3, "S0 commits #10"),
                (4, "S1 installs #20"),
                // After a restart.
                (5, "S0 commits #3"),
                (6, "S0 commits #10"),
            ],
        );
        assert_eq!(rows(&timeline), ["2 S0 commits", "4 S1 installs", "6 S0 commits"]);
    }

    #[test]
    fn remarks_are_shown_only_between_steps() {
        let lines =
            [(1, "before"), (2, "S0 starts #7"), (3, "S2 crash"), (4, "S1 saves #7"), (5, "after")];
        let timeline = timeline(7, &lines);
        assert_eq!(rows(&timeline), ["2 S0 starts", "3-3 S2 crash 1x", "4 S1 saves"]);
    }

    #[test]
    fn a_row_of_remarks_keeps_the_last_of_each_server() {
        let timeline = timeline(
            7,
            &[
                (1, "S0 starts #7"),
                (2, "S1 disconnect"),
                (3, "all is well"),
                (4, "S2 disconnect"),
                (5, "S1 connect"),
                (6, "S1 saves #7"),
            ],
        );
        let remarks = "2-5 all is well, S2 disconnect, S1 connect 4x";
        assert_eq!(rows(&timeline), ["1 S0 starts", remarks, "6 S1 saves"]);
    }
}
