//! The way of one entry through the servers, put together from the steps of a log
//! or a trace.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::line;
use super::step::{Step, StepKind};
use super::topic::Topic;

/// What happened to an entry, in the order of time.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// Which entry.
    pub(crate) index: u64,
    /// The servers, as far as they were heard of.
    pub(crate) servers: Range<usize>,
    events: Vec<(u64, Event)>,
    /// How far the steps that are about all earlier entries have come.
    reached: BTreeMap<(usize, StepKind), u64>,
    /// The first and the last entry of which anything was told.
    known: Option<(u64, u64)>,
}

#[derive(Debug)]
enum Event {
    Step(Step),
    Remark(String),
}

/// What stands in one row of the picture.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// When it began, in microseconds.
    pub(crate) from: u64,
    /// When it ended.
    pub(crate) until: u64,
    /// What it was.
    pub(crate) what: What,
}

/// What a row tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A step of a server.
    Step(Step),
    /// What a leader has sent without anything else happening meanwhile: who, to
    /// whom, how often.
    Sends { server: usize, to: BTreeSet<usize>, times: u64 },
    /// What the test did meanwhile: for each server the last.
    Remarks { texts: Vec<String>, times: u64 },
}

impl Timeline {
    /// Nothing is known yet of an entry. The servers are counted from `first`.
    pub(crate) fn new(index: u64, first: usize) -> Self {
        let (events, reached) = (Vec::new(), BTreeMap::new());
        Timeline { index, servers: first..first, events, reached, known: None }
    }

    /// A server exists.
    pub(crate) fn hear_of(&mut self, server: usize) {
        let Range { start, end } = self.servers;
        self.servers = start.min(server)..end.max(server + 1);
    }

    /// Adds a step, if it is about the entry. Steps of one server come in order;
    /// times are in microseconds.
    pub(crate) fn add(&mut self, time: u64, mut step: Step) {
        // The term is that of the last entry of the step.
        step.term = step.term.filter(|_| step.last == self.index);
        self.hear_of(step.server);
        step.to.into_iter().for_each(|to| self.hear_of(to));
        let (low, high) = self.known.unwrap_or((step.first, step.last));
        self.known = Some((low.min(step.first), high.max(step.last)));
        if self.is_news(&step) {
            self.events.push((time, Event::Step(step)));
        }
    }

    /// Whether a step is about the entry, and not said before. A commit of #9 after
    /// one of #8 is no longer about #7; after a restart that begins at #3 it is.
    fn is_news(&mut self, step: &Step) -> bool {
        let reached = self.reached.insert((step.server, step.kind), step.last).unwrap_or(0);
        let again = match step.kind {
            StepKind::Commit | StepKind::Snapshot | StepKind::Install => reached >= self.index,
            StepKind::Start | StepKind::Send | StepKind::Save | StepKind::Apply => false,
        };
        step.is_about(self.index) && !again
    }

    /// Adds what the test did. It is shown if it was between two steps.
    pub(crate) fn remark(&mut self, time: u64, text: String) {
        self.events.push((time, Event::Remark(text)));
    }

    /// The entries of which anything was told.
    pub(crate) fn known(&self) -> Option<(u64, u64)> {
        self.known
    }

    /// The steps, each with its time.
    pub(crate) fn steps(&self) -> impl DoubleEndedIterator<Item = (u64, &Step)> {
        self.events.iter().filter_map(|(time, event)| match event {
            Event::Step(step) => Some((*time, step)),
            Event::Remark(_) => None,
        })
    }

    /// The rows, from the first step to the last.
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
                Event::Step(step) => rows.push(Row::at(*time, What::Step(step.clone()))),
            }
        }
        rows
    }
}

impl Row {
    /// What it is about.
    pub(crate) fn topic(&self) -> Topic {
        match &self.what {
            What::Step(step) => step.kind.topic(),
            What::Sends { .. } => StepKind::Send.topic(),
            What::Remarks { .. } => Topic::test(),
        }
    }

    fn at(time: u64, what: What) -> Self {
        Row { from: time, until: time, what }
    }
}

/// Adds what a leader sent: to the last row, if that is the same leader's.
fn sent(rows: &mut Vec<Row>, time: u64, step: &Step) {
    if let Some(Row { until, what: What::Sends { server, to, times }, .. }) = rows.last_mut()
        && *server == step.server
    {
        *until = time;
        to.extend(step.to);
        *times += 1;
        return;
    }
    let to = step.to.into_iter().collect();
    rows.push(Row::at(time, What::Sends { server: step.server, to, times: 1 }));
}

/// Adds what the test did: to the last row, if that is of its doing, too. There a
/// server that is connected, and cut off, and connected again, is connected.
fn remarked(rows: &mut Vec<Row>, time: u64, text: &str) {
    if let Some(Row { until, what: What::Remarks { texts, times }, .. }) = rows.last_mut() {
        let server = |text: &str| line::leading_peer(text.as_bytes());
        texts.retain(|earlier| server(earlier).is_none() || server(earlier) != server(text));
        texts.push(text.to_owned());
        *until = time;
        *times += 1;
        return;
    }
    rows.push(Row::at(time, What::Remarks { texts: vec![text.to_owned()], times: 1 }));
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

    /// What each row tells, in short.
    fn told(timeline: &Timeline) -> Vec<String> {
        let tell = |row: Row| match row.what {
            What::Step(step) => format!("{} S{} {}", row.from, step.server, step.kind.verb()),
            What::Sends { server, to, times } => {
                format!("{}-{} S{server} to {to:?} {times}x", row.from, row.until)
            }
            What::Remarks { texts, times } => {
                format!("{}-{} {} {times}x", row.from, row.until, texts.join(", "))
            }
        };
        timeline.rows().into_iter().map(tell).collect()
    }

    #[test]
    fn only_the_steps_of_the_entry_are_shown() {
        let timeline = timeline(
            7,
            &[(1, "S0 starts #6"), (2, "S0 starts #7"), (3, "S1 saves #5..#9"), (4, "S2 saves #8")],
        );
        assert_eq!(told(&timeline), ["2 S0 starts", "3 S1 saves"]);
        assert_eq!((timeline.known(), timeline.servers), (Some((5, 9)), 0..3));
    }

    #[test]
    fn what_is_sent_again_and_again_is_one_row() {
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
        assert_eq!(told(&timeline), expected);
    }

    #[test]
    fn a_commit_counts_when_it_comes_to_the_entry() {
        let timeline = timeline(
            7,
            &[
                (1, "S0 commits #6"),
                (2, "S0 commits #9"),
                (3, "S0 commits #10"),
                (4, "S1 installs #20"),
                // It was restarted.
                (5, "S0 commits #3"),
                (6, "S0 commits #10"),
            ],
        );
        assert_eq!(told(&timeline), ["2 S0 commits", "4 S1 installs", "6 S0 commits"]);
    }

    #[test]
    fn remarks_stand_between_steps_only() {
        let lines =
            [(1, "before"), (2, "S0 starts #7"), (3, "S2 crash"), (4, "S1 saves #7"), (5, "after")];
        let timeline = timeline(7, &lines);
        assert_eq!(told(&timeline), ["2 S0 starts", "3-3 S2 crash 1x", "4 S1 saves"]);
    }

    #[test]
    fn of_many_remarks_the_last_of_each_server_counts() {
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
        assert_eq!(told(&timeline), ["1 S0 starts", remarks, "6 S1 saves"]);
    }
}
