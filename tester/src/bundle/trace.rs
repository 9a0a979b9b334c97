//! The trace of a bundle: a line of JSON for each event, as it happens.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use labrt::trace::{Moment, Origin};

use super::kinds;
use super::tail::Tail;

/// Stands for the events that were left out.
const CUT: &str = "{\"t\":0,\"thread\":0,\"server\":null,\"kind\":\"cut\"}\n";

/// Writes moments of a simulation to a file.
pub(super) struct TraceFile {
    file: Tail,
    line: String,
}

impl TraceFile {
    /// An empty trace.
    pub(super) fn new(path: PathBuf) -> io::Result<Self> {
        Ok(TraceFile { file: Tail::new(path, CUT)?, line: String::new() })
    }

    /// Adds a moment. The scheduler's own choices are left out: they are many, and
    /// say little without the rest of the simulator's state.
    pub(super) fn record(&mut self, moment: &Moment<'_>) {
        if moment.origin != Origin::Schedule {
            self.line.clear();
            write_line(&mut self.line, moment);
            self.file.add(self.line.as_bytes());
        }
    }

    /// Completes the file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.file.finish()
    }
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
