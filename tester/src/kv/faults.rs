//! The fault log, as lanes on the page of a history.

use std::collections::BTreeMap;

use porcupine::Annotation;

use super::history::nanos;
use crate::fault_log::{Incident, IncidentKind};

/// The lane of partitions.
const NETWORK: &str = "network";

/// A span of time on a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Span {
    Down,
    CutOff,
    Partitioned(String),
}

impl Span {
    fn annotation(&self, lane: &str, start: i64, end: i64) -> Annotation {
        let (text, details, background) = match self {
            Span::Down => ("down", "crashed, not started again yet", "#f4c7c3"),
            Span::CutOff => ("cut off", "reaches no other server", "#fce8b2"),
            Span::Partitioned(groups) => {
                (groups.as_str(), "no messages between the groups", "#d2e3fc")
            }
        };
        Annotation::new(lane, start, end, text).details(details).colors("black", background)
    }
}

/// Lanes under construction.
#[derive(Default)]
struct Lanes {
    /// The open span of each lane, and its start.
    open: BTreeMap<String, (i64, Span)>,
    done: Vec<Annotation>,
}

impl Lanes {
    fn open(&mut self, lane: &str, at: i64, span: Span) {
        self.close(lane, at);
        self.open.insert(lane.to_owned(), (at, span));
    }

    fn close(&mut self, lane: &str, at: i64) {
        if let Some((start, span)) = self.open.remove(lane) {
            self.done.push(span.annotation(lane, start, at));
        }
    }

    fn add(&mut self, incident: &Incident) {
        let at = nanos(incident.at);
        let lane = |server| format!("server {server}");
        match &incident.kind {
            IncidentKind::Start(server) => self.close(&lane(server), at),
            IncidentKind::Crash(server) => self.open(&lane(server), at, Span::Down),
            IncidentKind::Connect(server) => {
                self.close(&lane(server), at);
                self.close(NETWORK, at);
            }
            // A crash also disconnects; its span has priority.
            IncidentKind::Disconnect(server) if self.open.contains_key(&lane(server)) => {}
            IncidentKind::Disconnect(server) => self.open(&lane(server), at, Span::CutOff),
            IncidentKind::Partition(groups) => {
                self.open(NETWORK, at, Span::Partitioned(groups.clone()));
            }
        }
    }
}

/// The spans of all lanes: one lane for each server that was ever down or cut
/// off, and one for partitions. Spans that are still open close at `end`.
pub(super) fn annotations(incidents: &[Incident], end: i64) -> Vec<Annotation> {
    let mut lanes = Lanes::default();
    incidents.iter().for_each(|incident| lanes.add(incident));
    for lane in lanes.open.keys().cloned().collect::<Vec<_>>() {
        lanes.close(&lane, end);
    }
    lanes.done
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrpc::Name;
    use labrt::time::Duration;

    #[test]
    fn faults_become_spans() {
        let server = || Name::from(1);
        let kinds = [
            IncidentKind::Start(server()),
            IncidentKind::Connect(server()),
            IncidentKind::Crash(server()),
            IncidentKind::Disconnect(server()),
            IncidentKind::Start(server()),
            IncidentKind::Partition("[0] | [1]".to_owned()),
            IncidentKind::Connect(server()),
            IncidentKind::Disconnect(server()),
        ];
        let incidents: Vec<Incident> = (0..)
            .zip(kinds)
            .map(|(at, kind)| Incident { at: Duration::from_nanos(at), kind })
            .collect();
        let spans: Vec<_> = annotations(&incidents, 9)
            .into_iter()
            .map(|span| (span.description, span.start, span.end))
            .collect();
        let expected = [("down", 2, 4), ("[0] | [1]", 5, 6), ("cut off", 7, 9)];
        assert_eq!(spans, expected.map(|(text, start, end)| (text.to_owned(), start, end)));
    }
}
