//! The course's facts: the parts of its labs and the names of its tests by year,
//! and how long Raft's tests take.

/// The edition of the course, which sets the numbers of the labs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Edition {
    /// Up to 2023: Raft is lab 2.
    #[default]
    Before2024,
    /// From 2024 on: lab 2 is the single key/value server, Raft is lab 3.
    From2024,
}

/// A part of a lab.
#[derive(Debug)]
pub(crate) struct Part {
    /// The package of the lab.
    pub(crate) package: &'static str,
    /// The last word of the names of its tests.
    pub(crate) word: &'static str,
    /// The course's name for it up to 2023, if it existed.
    before_2024: Option<&'static str>,
    /// The course's name for it from 2024 on.
    from_2024: &'static str,
}

impl Part {
    const fn new(
        package: &'static str,
        word: &'static str,
        before_2024: Option<&'static str>,
        from_2024: &'static str,
    ) -> Self {
        Part { package, word, before_2024, from_2024 }
    }

    /// Returns what an edition calls the part of this test, if the edition has it.
    pub(crate) fn tag_of(&self, test: &str, edition: Edition) -> Option<&'static str> {
        let moved =
            || MOVED.iter().find(|(package, name, _)| (*package, *name) == (self.package, test));
        match edition {
            Edition::Before2024 => self.before_2024,
            Edition::From2024 => Some(moved().map_or(self.from_2024, |(.., tag)| tag)),
        }
    }

    /// Returns what an edition calls the part and the tests that it has moved.
    pub(crate) fn tags(&self, edition: Edition) -> impl Iterator<Item = &'static str> {
        let moved = MOVED
            .iter()
            .filter(move |(package, ..)| edition == Edition::From2024 && *package == self.package);
        self.tag_of("", edition).into_iter().chain(moved.map(|(.., tag)| *tag))
    }
}

/// Returns whether `text` is the tag or its lab's number: `2A`, `2a`, `2`.
pub(crate) fn calls(text: &str, tag: &str) -> bool {
    tag.eq_ignore_ascii_case(text) || &tag[..1] == text
}

/// The parts of all labs.
pub(crate) const PARTS: [Part; 10] = [
    Part::new("mapreduce", "MR", Some("1"), "1"),
    Part::new("kvsrv", "2", None, "2"),
    Part::new("raft", "2A", Some("2A"), "3A"),
    Part::new("raft", "2B", Some("2B"), "3B"),
    Part::new("raft", "2C", Some("2C"), "3C"),
    Part::new("raft", "2D", Some("2D"), "3D"),
    Part::new("kvraft", "3A", Some("3A"), "4A"),
    Part::new("kvraft", "3B", Some("3B"), "4B"),
    Part::new("shardctrler", "4A", Some("4A"), "5A"),
    Part::new("shardkv", "4B", Some("4B"), "5B"),
];

/// Tests that 2024 has moved from their part to another: package, test, tag.
const MOVED: [(&str, &str, &str); 2] =
    [("shardkv", "static_shards_4B", "5A"), ("shardkv", "rejection_4B", "5A")];

/// Former names of the course's packages: package, older name.
const OLD_PACKAGES: [(&str, &str); 2] = [("kvraft", "raftkv"), ("shardctrler", "shardmaster")];

/// Former Go names of tests that differ by more than their tag: package, test, the
/// older name without `Test`. (In 2022 two of Raft's tests were called
/// `For2023Test...`; `names` removes that prefix.)
const OLD_TESTS: [(&str, &str, &str); 5] = [
    ("kvsrv", "mem_put_many_clients_2", "MemPutMany"),
    ("kvsrv", "mem_put_many_clients_2", "MemPutMany2"),
    ("kvsrv", "mem_get_many_clients_2", "MemGetMany"),
    ("kvsrv", "mem_get_many_clients_2", "MemGetMany2"),
    ("shardkv", "concurrent_3_4B", "Challenge1Concurrent"),
];

/// Returns the package for its current or its former name.
pub(crate) fn package(name: &str) -> &str {
    OLD_PACKAGES.iter().find(|(_, old)| *old == name).map_or(name, |(package, _)| package)
}

/// Returns the older names of a test.
pub(crate) fn old_names(package: &str, test: &str) -> impl Iterator<Item = &'static str> {
    let is = move |(of, name, _): &&(&str, &str, &str)| (*of, *name) == (package, test);
    OLD_TESTS.iter().filter(is).map(|(.., old)| *old)
}

/// The seconds of a run in Go: one run of the tests of 2023 with a public solution,
/// alone on two cores. They depend on the solution (a Raft that sends less often
/// waits longer), so they are an order of magnitude, not a limit.
const GO_SECONDS: [(&str, f64); 28] = [
    ("initial_election_2A", 3.1),
    ("re_election_2A", 4.9),
    ("many_elections_2A", 5.4),
    ("basic_agree_2B", 0.4),
    ("rpc_bytes_2B", 1.9),
    ("follower_failure_2B", 4.9),
    ("leader_failure_2B", 5.3),
    ("fail_agree_2B", 5.4),
    ("fail_no_agree_2B", 3.7),
    ("concurrent_starts_2B", 0.6),
    ("rejoin_2B", 4.5),
    ("backup_2B", 19.6),
    ("count_2B", 2.1),
    ("persist_1_2C", 6.0),
    ("persist_2_2C", 16.8),
    ("persist_3_2C", 2.0),
    ("figure_8_2C", 31.8),
    ("unreliable_agree_2C", 4.6),
    ("figure_8_unreliable_2C", 31.1),
    ("reliable_churn_2C", 16.3),
    ("unreliable_churn_2C", 16.5),
    ("snapshot_basic_2D", 4.8),
    ("snapshot_install_2D", 45.2),
    ("snapshot_install_unreliable_2D", 52.1),
    ("snapshot_install_crash_2D", 49.5),
    ("snapshot_install_un_crash_2D", 58.6),
    ("snapshot_all_crash_2D", 10.5),
    ("snapshot_init_2D", 2.8),
];

/// Returns the seconds of a test in Go, if it was measured.
pub(crate) fn go_seconds(package: &str, name: &str) -> Option<f64> {
    // All measured tests are Raft's; other labs have tests of the same names.
    let measured = GO_SECONDS.iter().filter(|_| package == "raft");
    measured.into_iter().find(|(test, _)| *test == name).map(|(_, seconds)| *seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edition_sets_the_names_of_parts() {
        let called = |text, edition| -> Vec<&str> {
            let is_called = |part: &&Part| part.tags(edition).any(|tag| calls(text, tag));
            PARTS.iter().filter(is_called).map(|part| part.word).collect()
        };
        assert_eq!(called("2A", Edition::Before2024), ["2A"]);
        assert_eq!(called("2a", Edition::Before2024), ["2A"]);
        assert_eq!(called("2", Edition::Before2024), ["2A", "2B", "2C", "2D"]);
        assert_eq!(called("2", Edition::From2024), ["2"]);
        assert_eq!(called("3A", Edition::From2024), ["2A"]);
        assert_eq!(called("5", Edition::From2024), ["4A", "4B"]);
        assert_eq!(called("5A", Edition::From2024), ["4A", "4B"], "5A has two tests of 4B");
        assert_eq!(called("4A", Edition::Before2024), ["4A"]);
        assert_eq!(called("2A", Edition::From2024), [""; 0]);
        assert_eq!(called("", Edition::Before2024), [""; 0]);
    }

    #[test]
    fn the_whole_lab_takes_seven_minutes_in_go() {
        let sum: f64 = GO_SECONDS.iter().map(|(_, seconds)| seconds).sum();
        assert!((sum - 410.4).abs() < 0.01, "{sum}");
        assert_eq!(go_seconds("raft", "backup_2B"), Some(19.6));
        assert_eq!(go_seconds("kvraft", "backup_2B"), None);
    }
}
