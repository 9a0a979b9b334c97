//! Finds the tests for the names that a user writes.
//!
//! | argument | meaning |
//! |---|---|
//! | `all` | the course's tests of every lab |
//! | `raft`, `2` | all parts of a lab |
//! | `2A` | a part; with `--year 2024`, 3A is the same |
//! | `2025` | tests that end in this word |
//! | `figure_8_2C`, `persistence::figure_8_2C` | the name in Rust |
//! | `TestFigure82C`, `TestFigure83C`, `TestFigure8` | the name in Go, of any year |
//!
//! Only whole names and whole last words match. (`cargo test` matches parts of
//! names: for `figure_8` it also runs `figure_8_unreliable_2C`, and for `2a`
//! nothing.)

use std::collections::BTreeSet;

use super::course::{self, Edition, PARTS, Part};
use super::workspace::Test;

/// How many names the error for an unknown name suggests.
const SUGGESTED: usize = 4;

/// Returns the tests that `names` mean, each once, in the order of the names.
///
/// The error is a message about the first name that matches nothing.
pub(crate) fn select(
    names: &[String],
    edition: Edition,
    tests: &[Test],
) -> Result<Vec<Test>, String> {
    let mut chosen = BTreeSet::new();
    let mut selected = Vec::new();
    for name in names {
        let found = find(name, edition, tests);
        if found.is_empty() {
            return Err(unknown(name, edition, tests));
        }
        let new = found.into_iter().filter(|test| chosen.insert((&test.package, &test.path)));
        selected.extend(new.cloned());
    }
    Ok(selected)
}

/// Returns the only packages that a name can mean, if the name shows them, so that
/// dstest need not build other labs.
pub(crate) fn packages(name: &str, edition: Edition) -> Option<Vec<&'static str>> {
    let of = |wanted: &dyn Fn(&Part) -> bool| -> Vec<&str> {
        PARTS.iter().filter(|part| wanted(part)).map(|part| part.package).collect()
    };
    let by_lab = of(&|part| name == "all" || part.package == course::package(name));
    let by_part = of(&|part| part.tags(edition).any(|tag| course::calls(name, tag)));
    let by_tag = of(&|part| {
        let years = [Edition::Before2024, Edition::From2024];
        let mut tags = years.iter().flat_map(|&year| part.tags(year)).chain([part.word]);
        // A single digit at the end of a Go name may belong to the name.
        tags.any(|tag| tag.len() == 2 && name.ends_with(tag))
    });
    [by_lab, by_part, by_tag].into_iter().find(|packages| !packages.is_empty())
}

/// Returns the part of the course that a test belongs to.
fn part_of(test: &Test) -> Option<&'static Part> {
    PARTS.iter().find(|part| part.package == test.package && part.word == test.last_word())
}

/// Returns what an edition calls the part of a test.
fn tag_of(test: &Test, edition: Edition) -> Option<&'static str> {
    part_of(test)?.tag_of(test.name(), edition)
}

/// Tries the meanings of a name from the widest to the narrowest. The first that
/// matches a test wins.
fn find<'a>(name: &str, edition: Edition, tests: &'a [Test]) -> Vec<&'a Test> {
    let called = |test: &Test| tag_of(test, edition).is_some_and(|tag| course::calls(name, tag));
    let package = course::package(name);
    let of_lab = |test: &Test| part_of(test).is_some() && ["all", &test.package].contains(&package);
    let last_word = |test: &Test| part_of(test).is_none() && name == test.last_word();
    let in_rust = |test: &Test| name == test.path || name == test.name();
    let in_go = |test: &Test| go_name(test, edition) == Some(squash(name));
    let other = match edition {
        Edition::Before2024 => Edition::From2024,
        Edition::From2024 => Edition::Before2024,
    };
    let in_other_year = |test: &Test| go_name(test, other) == Some(squash(name));
    let of_old = |test: &Test| {
        course::old_names(&test.package, test.name()).any(|old| squash(old) == squash(name))
    };
    let untagged = |test: &Test| base(test) == Some(squash(name));
    let meanings: [&dyn Fn(&Test) -> bool; 8] =
        [&of_lab, &called, &last_word, &in_rust, &in_go, &in_other_year, &of_old, &untagged];
    let tests_of = |meaning: &&dyn Fn(&Test) -> bool| -> Vec<&Test> {
        tests.iter().filter(|test| meaning(test)).collect()
    };
    meanings.iter().map(tests_of).find(|found| !found.is_empty()).unwrap_or_default()
}

/// Reduces a name to what Go and Rust share: `TestFigure82C` and `figure_8_2C`
/// become `figure82c`. In 2022 some tests were called
/// `For2023TestFollowerFailure2B`.
fn squash(name: &str) -> String {
    let name = name.strip_prefix("For2023").unwrap_or(name);
    let name = name.strip_prefix("Test").unwrap_or(name);
    name.replace('_', "").to_ascii_lowercase()
}

/// Returns a course test's squashed name without its tag: its name in 2016.
fn base(test: &Test) -> Option<String> {
    let part = part_of(test)?;
    test.name().strip_suffix(part.word).map(squash)
}

/// Returns a test's squashed name with the tag of an edition. Some of the course's
/// tests have no tag in Go; those match by their bare names.
fn go_name(test: &Test, edition: Edition) -> Option<String> {
    match base(test) {
        Some(base) => Some(base + &tag_of(test, edition)?.to_ascii_lowercase()),
        None => Some(squash(test.name())),
    }
}

/// Returns the error for a name that matches nothing.
fn unknown(name: &str, edition: Edition, tests: &[Test]) -> String {
    if edition == Edition::Before2024 && !find(name, Edition::From2024, tests).is_empty() {
        return format!("no test matches `{name}` before 2024; try --year 2024");
    }
    if edition == Edition::From2024 && !find(name, Edition::Before2024, tests).is_empty() {
        return format!("no test matches `{name}` in 2024; try without --year 2024");
    }
    let mut known = BTreeSet::from(["all"]);
    for test in tests {
        known.extend([test.package.as_str(), test.name()]);
        known.extend(tag_of(test, edition));
    }
    let wanted = squash(name);
    let distance = |known: &&str| strsim::damerau_levenshtein(&wanted, &squash(known));
    let mut nearest: Vec<&str> = known.into_iter().collect();
    nearest.sort_by_key(distance);
    nearest.truncate(SUGGESTED);
    format!("no test matches `{name}`; the nearest names: {}", nearest.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests() -> Vec<Test> {
        let raft = [
            "agreement::backup_2B",
            "detection::panics",
            "election::initial_election_2A",
            "election::re_election_2A",
            "persistence::figure_8_2C",
            "persistence::figure_8_unreliable_2C",
            "persistence::persist_1_2C",
            "snapshot::snapshot_install_un_crash_2D",
            "variants_2025::figure_8_2025",
        ];
        let raft = raft.map(|path| ("raft", path));
        let others = [
            ("kvraft", "basic_3A"),
            ("kvsrv", "basic_2"),
            ("kvsrv", "mem_put_many_clients_2"),
            ("shardctrler", "basic_4A"),
            ("shardctrler", "config::balances"),
            ("shardkv", "static_shards_4B"),
            ("shardkv", "concurrent_3_4B"),
            ("shardkv", "challenge_1_delete_4B"),
            ("mapreduce", "crash_MR"),
        ];
        let all = raft.into_iter().chain(others);
        all.map(|(package, path)| Test::new(package, path)).collect()
    }

    fn selected(names: &[&str], edition: Edition) -> Result<Vec<String>, String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let tests = select(&names, edition, &tests())?;
        Ok(tests.iter().map(|test| format!("{} {}", test.package, test.name())).collect())
    }

    fn old(name: &str) -> Vec<String> {
        selected(&[name], Edition::Before2024).unwrap()
    }

    fn new(name: &str) -> Vec<String> {
        selected(&[name], Edition::From2024).unwrap()
    }

    #[test]
    fn parts_and_labs_are_found() {
        assert_eq!(old("2A"), ["raft initial_election_2A", "raft re_election_2A"]);
        assert_eq!(old("2").len(), 7);
        assert_eq!(old("raft"), old("2"));
        assert_eq!(old("all").len(), 15, "course tests have a tag, two of the tests have none");
        assert_eq!(old("shardmaster"), ["shardctrler basic_4A"]);
        assert_eq!(old("1"), ["mapreduce crash_MR"]);
        assert_eq!(old("3"), ["kvraft basic_3A"]);
        assert_eq!(old("2025"), ["raft figure_8_2025"]);
        assert_eq!(old("kvsrv"), ["kvsrv basic_2", "kvsrv mem_put_many_clients_2"]);
    }

    #[test]
    fn the_edition_sets_the_lab_numbers() {
        assert_eq!(new("3A"), old("2A"));
        assert_eq!(new("3"), old("raft"));
        assert_eq!(new("4A"), ["kvraft basic_3A"]);
        assert_eq!(new("2"), old("kvsrv"));
        assert_eq!(new("5"), [old("4A"), old("4B")].concat());
        assert_eq!(new("5A"), ["shardctrler basic_4A", "shardkv static_shards_4B"]);
        assert_eq!(new("5B"), ["shardkv concurrent_3_4B", "shardkv challenge_1_delete_4B"]);
    }

    #[test]
    fn old_course_names_are_found() {
        for name in ["TestMemPutMany", "TestMemPutMany2", "TestMemPutManyClients"] {
            assert_eq!(old(name), ["kvsrv mem_put_many_clients_2"], "{name}");
        }
        assert_eq!(old("TestChallenge1Concurrent"), ["shardkv concurrent_3_4B"]);
        assert_eq!(old("TestChallenge1Delete"), ["shardkv challenge_1_delete_4B"]);
        assert_eq!(old("TestStaticShards"), old("TestStaticShards5A"));
        assert_eq!(old("TestBasic").len(), 3, "three labs had a test of this name");
    }

    #[test]
    fn names_in_rust_and_go_are_found() {
        for name in [
            "figure_8_2C",
            "persistence::figure_8_2C",
            "TestFigure82C",
            "TestFigure83C",
            "TestFigure8",
            "figure_8",
        ] {
            assert_eq!(old(name), ["raft figure_8_2C"], "{name}");
        }
        assert_eq!(old("TestFigure8Unreliable3C"), ["raft figure_8_unreliable_2C"]);
        assert_eq!(old("TestPersist12C"), ["raft persist_1_2C"]);
        assert_eq!(old("TestSnapshotInstallUnCrash2D"), ["raft snapshot_install_un_crash_2D"]);
        assert_eq!(old("For2023TestBackup2B"), ["raft backup_2B"]);
        assert_eq!(old("panics"), ["raft panics"]);
        assert_eq!(new("TestBasic4A"), ["kvraft basic_3A"]);
        assert_eq!(new("TestBasic2"), ["kvsrv basic_2"]);
    }

    #[test]
    fn a_test_named_twice_runs_once() {
        let names = selected(&["TestReElection2A", "2A"], Edition::Before2024).unwrap();
        assert_eq!(names, ["raft re_election_2A", "raft initial_election_2A"]);
    }

    #[test]
    fn an_unknown_name_is_reported_with_the_nearest_names() {
        let error = selected(&["2A", "figre_8_2C"], Edition::Before2024).unwrap_err();
        assert!(error.starts_with("no test matches `figre_8_2C`; the nearest names: figure_8_2C"));
        let error = selected(&["elect"], Edition::Before2024).unwrap_err();
        assert!(error.starts_with("no test matches `elect`; "), "{error}");
        let error = selected(&["6B"], Edition::Before2024).unwrap_err();
        assert!(error.starts_with("no test matches `6B`; the nearest"), "{error}");
        let error = selected(&["2A"], Edition::From2024).unwrap_err();
        assert_eq!(error, "no test matches `2A` in 2024; try without --year 2024");
        let error = selected(&["5"], Edition::Before2024).unwrap_err();
        assert_eq!(error, "no test matches `5` before 2024; try --year 2024");
    }

    #[test]
    fn names_show_their_packages() {
        let of = |name| packages(name, Edition::Before2024);
        assert_eq!(of("raft"), Some(vec!["raft"; 4]));
        assert_eq!(of("2B"), Some(vec!["raft"]));
        assert_eq!(of("figure_8_2C"), Some(vec!["raft"]));
        assert_eq!(of("TestBasic3A"), Some(vec!["raft", "kvraft"]));
        assert_eq!(of("TestFigure8"), None);
        assert_eq!(of("all").map(|packages| packages.len()), Some(PARTS.len()));
        assert_eq!(packages("3B", Edition::From2024), Some(vec!["raft"]));
    }
}
