//! What the numbers of trace events mean: the one table.
//!
//! An event carries a kind and up to five numbers (`labrt::trace::event`).
//! Whoever adds a kind adds a row here, and one to `docs/bundle.md`. Kinds
//! without a row are written with their numbers as a list.

use std::fmt::Write;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As it is.
    Number,
    /// 1 more than it says; 0 is none.
    Option,
    /// 0 or 1.
    Flag,
    /// What a server is.
    Role,
}

use Form::{Flag, Number, Option as Maybe, Role};

/// The names of Raft's roles, by number.
const ROLES: [&str; 3] = ["follower", "candidate", "leader"];

/// The fields of each kind, in the order of its numbers.
const KINDS: &[(&str, &[(&str, Form)])] = &[
    // labrpc: the life of a call.
    ("send", &[("end", Number), ("call", Number), ("bytes", Number), ("to", Maybe)]),
    ("deliver", &[("to", Number), ("call", Number), ("bytes", Number)]),
    ("reply", &[("end", Number), ("call", Number), ("bytes", Number), ("to", Maybe)]),
    ("drop_request", &[("end", Number), ("call", Number), ("bytes", Number), ("to", Maybe)]),
    ("drop_reply", &[("end", Number), ("call", Number), ("bytes", Number), ("to", Maybe)]),
    ("dead", &[("end", Number), ("call", Number), ("bytes", Number), ("to", Maybe)]),
    ("unreachable", &[("end", Number), ("call", Number)]),
    // labrpc: the network and its faults.
    ("make_end", &[("end", Number)]),
    ("fault_delete_end", &[("end", Number)]),
    ("fault_connect", &[("end", Number), ("to", Number)]),
    ("fault_enable", &[("end", Number), ("on", Flag)]),
    ("fault_add_server", &[("peer", Number)]),
    ("fault_delete_server", &[("peer", Number)]),
    ("fault_reliable", &[("on", Flag)]),
    ("fault_long_delays", &[("on", Flag)]),
    ("fault_long_reordering", &[("on", Flag)]),
    ("fault_latency", &[("min", Number), ("max", Number)]),
    ("cleanup", &[]),
    // tester: the life of a server.
    ("boot", &[("peer", Number), ("incarnation", Number)]),
    ("crash", &[("peer", Number)]),
    ("connect", &[("peer", Number)]),
    ("disconnect", &[("peer", Number)]),
    // labrt.
    ("timer", &[]),
    ("persist", &[("state", Number), ("snapshot", Number)]),
    // Raft, and the service that it tells.
    ("role", &[("term", Number), ("role", Role), ("vote", Maybe)]),
    ("start", &[("index", Number), ("term", Number)]),
    (
        "append",
        &[
            ("to", Number),
            ("prev", Number),
            ("first", Number),
            ("last", Number),
            ("commit", Number),
        ],
    ),
    ("save", &[("first", Number), ("last", Number), ("term", Number)]),
    ("commit", &[("index", Number), ("term", Number)]),
    ("apply", &[("index", Number), ("term", Number)]),
    ("snapshot", &[("index", Number), ("term", Number), ("bytes", Number)]),
    ("send_snapshot", &[("to", Number), ("index", Number), ("term", Number), ("bytes", Number)]),
    ("install", &[("index", Number), ("term", Number), ("bytes", Number)]),
];

/// Adds the fields of an event to a line of JSON, each after a comma.
pub(super) fn write_fields(line: &mut String, kind: &str, numbers: &[u64]) {
    let Some((_, fields)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        let given = numbers.iter().rposition(|&number| number != 0).map_or(0, |last| last + 1);
        let _ = write!(line, ",\"numbers\":{:?}", &numbers[..given]);
        return;
    };
    for ((name, form), &number) in fields.iter().zip(numbers) {
        let _ = match form {
            Number => write!(line, ",\"{name}\":{number}"),
            Maybe if number == 0 => write!(line, ",\"{name}\":null"),
            Maybe => write!(line, ",\"{name}\":{}", number - 1),
            Flag => write!(line, ",\"{name}\":{}", number != 0),
            Role => {
                let role = usize::try_from(number).ok().and_then(|number| ROLES.get(number));
                write!(line, ",\"{name}\":\"{}\"", role.unwrap_or(&"unknown"))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(kind: &str, numbers: [u64; 5]) -> String {
        let mut line = String::new();
        write_fields(&mut line, kind, &numbers);
        line
    }

    #[test]
    fn numbers_get_the_names_of_their_kind() {
        assert_eq!(fields("timer", [0; 5]), "");
        assert_eq!(fields("commit", [7, 3, 0, 0, 0]), r#","index":7,"term":3"#);
        assert_eq!(fields("fault_enable", [9, 1, 0, 0, 0]), r#","end":9,"on":true"#);
        let role = fields("role", [4, 1, 0, 0, 0]);
        assert_eq!(role, r#","term":4,"role":"candidate","vote":null"#);
        assert_eq!(fields("role", [4, 2, 3, 0, 0]), r#","term":4,"role":"leader","vote":2"#);
        assert_eq!(fields("mine", [4, 0, 3, 0, 0]), r#","numbers":[4, 0, 3]"#);
    }

    #[test]
    fn the_document_has_every_kind_and_field() {
        let document = include_str!("../../../docs/bundle.md");
        for (kind, fields) in KINDS {
            let names: Vec<String> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
            let row = format!("| `{kind}` | {} |", names.join(", ")).replace("|  |", "| |");
            assert!(document.contains(&row), "{row} is missing");
        }
    }
}
