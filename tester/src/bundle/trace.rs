//! The trace of a bundle: a line of JSON for each event, as it happens.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use labrt::trace::{Moment, Origin, Recorder};

use super::kinds;
use super::tail::Tail;
use crate::shared::Shared;

/// Stands for the events that were left out.
const CUT: &str = "{\"t\":0,\"thread\":0,\"server\":null,\"kind\":\"cut\"}\n";

/// The file that moments of a simulation are written to.
pub(super) struct TraceFile(Tail);

impl TraceFile {
    /// An empty trace.
    pub(super) fn new(path: PathBuf) -> io::Result<Self> {
        Ok(TraceFile(Tail::new(path, CUT)?))
    }

    /// Completes the file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.0.finish()
    }
}

/// What adds moments to a file. The scheduler's own choices are left out: they are
/// many, and say little without the rest of the simulator's state.
///
/// A line is made before the file is locked: the stack of a thread that overflows
/// often ends in there, and the lock would be held for ever.
pub(super) fn recorder(file: Arc<Shared<TraceFile>>) -> Recorder {
    let mut line = String::new();
    Box::new(move |moment| {
        if moment.origin != Origin::Schedule {
            line.clear();
            write_line(&mut line, moment);
            file.with(|file| file.0.add(line.as_bytes()));
        }
    })
}

fn write_line(line: &mut String, moment: &Moment<'_>) {
    let event = moment.event;
    let _ = write!(line, "{{\"t\":{},\"thread\":{}", event.nanos, event.thread);
    if !moment.name.is_empty() {
        let name = serde_json::to_string(moment.name).expect("text becomes JSON");
        let _ = write!(line, ",\"name\":{name}");
    }
    let _ = match moment.server {
        Some(server) => write!(line, ",\"server\":{server}"),
        None => write!(line, ",\"server\":null"),
    };
    let _ = write!(line, ",\"kind\":\"{}\"", event.kind);
    kinds::write_fields(line, event.kind, &event.numbers);
    if let Some(site) = event.site {
        let _ = write!(line, ",\"site\":\"{}:{}\"", site.file(), site.line());
    }
    line.push_str("}\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrt::trace::Event;

    #[test]
    fn a_line_is_json() {
        let numbers = [7, 3, 0, 0, 0];
        let event = Event { nanos: 81, thread: 12, kind: "commit", numbers, site: None };
        let mut line = String::new();
        let (origin, name) = (Origin::Event, "S1 \"x\"");
        write_line(&mut line, &Moment { event: &event, origin, name, server: Some(1) });
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let expected = serde_json::json!({
            "t": 81, "thread": 12, "name": "S1 \"x\"", "server": 1, "kind": "commit",
            "index": 7, "term": 3
        });
        assert_eq!(value, expected);
    }
}
