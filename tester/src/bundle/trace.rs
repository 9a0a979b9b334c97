//! The trace of a bundle: a line of JSON for each event, in order of time.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use labrt::trace::{Moment, Origin, Recorder, Value};

use super::tail::Tail;
use crate::shared::Shared;

/// The line that marks removed events.
const CUT: &str = "{\"t\":0,\"thread\":0,\"server\":null,\"kind\":\"cut\"}\n";

/// The file with the events of a simulation.
pub(super) struct TraceFile(Tail);

impl TraceFile {
    /// Creates an empty trace.
    pub(super) fn new(path: PathBuf) -> io::Result<Self> {
        Ok(TraceFile(Tail::new(path, CUT)?))
    }

    /// Completes the file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.0.finish()
    }
}

/// A recorder that writes events to a file. It skips the scheduler's own
/// choices: they are many, and mean little without the rest of the simulator's
/// state.
///
/// The recorder formats a line before it locks the file: formatting is where a
/// thread often overflows its stack, and then the lock would be held forever.
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
        let name = serde_json::to_string(moment.name).expect("a string serializes to JSON");
        let _ = write!(line, ",\"name\":{name}");
    }
    let _ = match moment.server {
        Some(server) => write!(line, ",\"server\":{server}"),
        None => write!(line, ",\"server\":null"),
    };
    let _ = write!(line, ",\"kind\":\"{}\"", event.kind.name());
    for (name, value) in event.fields() {
        let _ = match value {
            Value::Number(number) => write!(line, ",\"{name}\":{number}"),
            Value::None => write!(line, ",\"{name}\":null"),
            Value::Flag(flag) => write!(line, ",\"{name}\":{flag}"),
            Value::Word(word) => write!(line, ",\"{name}\":\"{word}\""),
        };
    }
    if let Some(site) = event.site {
        let _ = write!(line, ",\"site\":\"{}:{}\"", site.file(), site.line());
    }
    line.push_str("}\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrt::trace::{Declared, Event, Form, Traced};

    #[derive(Clone, Copy)]
    enum Colour {
        Red,
        Blue,
    }

    impl Traced for Colour {
        const FORM: Form = Form::Word(&["red", "blue"]);

        fn number(self) -> u64 {
            self as u64
        }
    }

    labrt::trace_events! {
        /// A car is painted.
        Paint = "paint" { car: u64, coats: usize, colour: Colour, by: Option<usize>, dry: bool }

        /// An event without fields.
        Rest = "rest" {}
    }

    fn line<E: Declared>(event: E, name: &str, server: Option<usize>) -> serde_json::Value {
        let numbers = event.numbers();
        let event = Event { nanos: 81, thread: 12, kind: E::KIND, numbers, site: None };
        let mut line = String::new();
        write_line(&mut line, &Moment { event: &event, origin: Origin::Event, name, server });
        serde_json::from_str(&line).expect("the line is valid JSON")
    }

    #[test]
    fn line_is_json_with_the_fields_of_its_kind() {
        let paint = Paint { car: 0, coats: 3, colour: Colour::Red, by: None, dry: false };
        let expected = serde_json::json!({
            "t": 81, "thread": 12, "name": "S1 \"x\"", "server": 1, "kind": "paint",
            "car": 0, "coats": 3, "colour": "red", "by": null, "dry": false
        });
        assert_eq!(line(paint, "S1 \"x\"", Some(1)), expected);
        let paint = Paint { car: 4, coats: 0, colour: Colour::Blue, by: Some(0), dry: true };
        let expected = serde_json::json!({
            "t": 81, "thread": 12, "server": null, "kind": "paint",
            "car": 4, "coats": 0, "colour": "blue", "by": 0, "dry": true
        });
        assert_eq!(line(paint, "", None), expected);
        let expected = serde_json::json!({ "t": 81, "thread": 12, "server": null, "kind": "rest" });
        assert_eq!(line(Rest {}, "", None), expected);
    }
}
