//! The results of a batch, and how results of several machines are merged.
//!
//! They are also the format of the file that `--json` writes; `docs/dstest.md`
//! describes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::course;
use super::options::Clock;
use super::process::Ended;
use super::runner::{Failure, Run};
use super::statistics::{Moments, wilson};
use super::workspace::Test;

/// The version of the file format.
const FORMAT: u32 = 1;

/// The largest count in a file. JSON readers keep it exactly, and the sum of two does
/// not overflow.
const MOST: u64 = 1 << 53;

/// The results of a batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    /// The version of the file format.
    format: u32,
    /// The clock of the tests.
    pub(crate) clock: Clock,
    /// Seconds that the batch took; for merged batches the longest.
    pub(crate) wall_s: f64,
    /// Whether the batch ended before all runs.
    pub(crate) interrupted: bool,
    /// The results of each test.
    pub(crate) tests: Vec<Tally>,
}

/// The results of a test.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// The package.
    pub(crate) package: String,
    /// The path of the test.
    pub(crate) test: String,
    /// Finished runs.
    pub(crate) runs: u64,
    /// Failed runs.
    pub(crate) failed: u64,
    /// Seconds per run: CPU time in virtual time, wall clock in real time.
    pub(crate) time_s: Moments,
    /// Lab seconds per run.
    pub(crate) virtual_s: Moments,
    /// Requests per run.
    pub(crate) rpcs: Moments,
    /// Checks without a result.
    #[serde(default)]
    pub(crate) unknown: u64,
    /// Seconds of all its processes.
    pub(crate) processes: Usage,
    /// The failed runs, in the order in which they ended.
    pub(crate) failures: Vec<Failed>,
}

/// Time that processes used, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// On the wall clock.
    pub(crate) real_s: f64,
    /// CPU time in user code.
    pub(crate) user_s: f64,
    /// CPU time in the system.
    pub(crate) system_s: f64,
}

/// A failed run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    /// Written as text, since not every JSON reader keeps 64 bits of a number.
    #[serde(with = "hexadecimal")]
    pub(crate) seed: u64,
    /// The panic's message.
    pub(crate) message: String,
    /// The panic's file, line and column.
    pub(crate) place: Option<String>,
    /// The hash of its trace, if the tester reported it.
    pub(crate) hash: Option<String>,
    /// The path of its log, if that was kept.
    pub(crate) log: Option<PathBuf>,
    /// The path of its bundle, if it has one.
    #[serde(default)]
    pub(crate) bundle: Option<PathBuf>,
    /// The command that repeats the run.
    pub(crate) replay: String,
}

/// Failures of one kind.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// Number of failures.
    pub(crate) count: u64,
    /// The failure with the smallest seed, and its test.
    pub(crate) first: (&'a Tally, &'a Failed),
    /// Number of failures in each test.
    pub(crate) tests: BTreeMap<&'a str, u64>,
    /// Number of failures with a log.
    pub(crate) logs: u64,
    /// The failure with the smallest seed among those with a bundle.
    pub(crate) bundled: Option<&'a Failed>,
}

impl Results {
    /// Creates results without any run.
    pub(crate) fn new(clock: Clock, tests: &[Test]) -> Self {
        let tally = |test: &Test| Tally {
            package: test.package.clone(),
            test: test.path.clone(),
            ..Tally::default()
        };
        let tests = tests.iter().map(tally).collect();
        Results { format: FORMAT, clock, wall_s: 0.0, interrupted: false, tests }
    }

    /// Returns the number of runs of all tests.
    pub(crate) fn runs(&self) -> u64 {
        total(&self.tests, |tally| tally.runs)
    }

    /// Returns the number of failed runs of all tests.
    pub(crate) fn failed(&self) -> u64 {
        total(&self.tests, |tally| tally.failed)
    }

    /// Adds the results of another batch.
    pub(crate) fn merge(&mut self, other: Results) -> Result<(), String> {
        if other.clock != self.clock {
            return Err("cannot merge a batch in virtual time with one in real time".to_owned());
        }
        self.wall_s = self.wall_s.max(other.wall_s);
        self.interrupted |= other.interrupted;
        for theirs in other.tests {
            let same =
                |ours: &&mut Tally| (&ours.package, &ours.test) == (&theirs.package, &theirs.test);
            match self.tests.iter_mut().find(same) {
                Some(ours) => ours.merge(theirs),
                None => self.tests.push(theirs),
            }
        }
        self.check()
    }

    /// Rejects impossible results: the figures may come from files.
    fn check(&self) -> Result<(), String> {
        for tally in &self.tests {
            tally.check().map_err(|reason| format!("test {:?}: {reason}", tally.test))?;
        }
        let counts: [fn(&Tally) -> u64; 2] = [|tally| tally.runs, |tally| tally.unknown];
        if !is_amount(self.wall_s) || counts.iter().any(|count| total(&self.tests, count) > MOST) {
            return Err(TOO_MUCH.to_owned());
        }
        Ok(())
    }

    /// Returns all failures grouped by kind, the most frequent first.
    pub(crate) fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: BTreeMap<Signature, Group> = BTreeMap::new();
        for tally in &self.tests {
            for failed in &tally.failures {
                let new = || Group::new(tally, failed);
                groups.entry(failed.signature()).or_insert_with(new).add(tally, failed);
            }
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        groups
    }

    /// Reads what `--json` has written.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let results: Results = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if results.format != FORMAT {
            return Err(format!("the file has format {}, not {FORMAT}", results.format));
        }
        results.check()?;
        Ok(results)
    }

    /// Returns the JSON file: the results, and for each test the derived figures.
    pub(crate) fn to_json(&self) -> String {
        let mut value = serde_json::to_value(self).expect("text and numbers become JSON");
        let tests = value["tests"].as_array_mut().expect("`tests` is a list");
        for (entry, tally) in tests.iter_mut().zip(&self.tests) {
            let (low, high) = tally.interval();
            entry["failure_rate"] = tally.rate().into();
            entry["failure_rate_95"] = vec![low, high].into();
            entry["go_s"] = tally.go_seconds().into();
        }
        let mut text = serde_json::to_string_pretty(&value).expect("a value becomes JSON");
        text.push('\n');
        text
    }
}

impl<'a> Group<'a> {
    /// Creates the group of a failure, without counting it.
    fn new(tally: &'a Tally, failed: &'a Failed) -> Self {
        let tests = BTreeMap::new();
        Group { count: 0, first: (tally, failed), tests, logs: 0, bundled: None }
    }

    fn add(&mut self, tally: &'a Tally, failed: &'a Failed) {
        self.count += 1;
        self.logs += u64::from(failed.log.is_some());
        *self.tests.entry(tally.name()).or_default() += 1;
        if failed.seed < self.first.1.seed {
            self.first = (tally, failed);
        }
        let bundled = failed.bundle.as_ref().map(|_| failed);
        self.bundled = self.bundled.into_iter().chain(bundled).min_by_key(|failed| failed.seed);
    }
}

impl Tally {
    /// The name of the function.
    pub(crate) fn name(&self) -> &str {
        self.test.rsplit("::").next().unwrap_or(&self.test)
    }

    /// Adds a run. [`Tally::failure`] adds the details of a failure.
    pub(crate) fn run(&mut self, run: &Run) {
        self.runs += 1;
        self.failed += u64::from(run.failure.is_some());
        if let Some(seconds) = run.seconds {
            self.time_s.add(seconds);
        }
        if let Some(measured) = &run.measured {
            self.virtual_s.add(measured.lab_seconds);
            self.rpcs.add(measured.rpcs as f64);
            self.unknown = self.unknown.saturating_add(measured.unknown);
        }
    }

    /// Adds the time that a process used.
    pub(crate) fn process(&mut self, ended: &Ended) {
        self.processes.real_s += ended.wall.as_secs_f64();
        self.processes.user_s += ended.user.as_secs_f64();
        self.processes.system_s += ended.system.as_secs_f64();
    }

    /// Adds the details of a failed run.
    pub(crate) fn failure(&mut self, failed: Failed) {
        self.failures.push(failed);
        assert!(self.failures.len() as u64 <= self.failed, "only failed runs have failures");
    }

    /// Rejects an impossible tally.
    fn check(&self) -> Result<(), String> {
        let Tally { runs, failed, unknown, failures, processes, .. } = self;
        let moments = [&self.time_s, &self.virtual_s, &self.rpcs];
        let used = [processes.real_s, processes.user_s, processes.system_s];
        if failed > runs || failures.len() as u64 > *failed {
            return Err(format!("{failed} failed of {runs} runs, and {} failures", failures.len()));
        }
        let counts = [*runs, *unknown].into_iter().chain(moments.map(|one| one.count()));
        let amounts = moments.into_iter().flat_map(|one| [one.mean(), one.deviation()]).chain(used);
        if counts.max() > Some(MOST) || !amounts.into_iter().all(is_amount) {
            return Err(TOO_MUCH.to_owned());
        }
        Ok(())
    }

    fn merge(&mut self, other: Tally) {
        self.runs += other.runs;
        self.failed += other.failed;
        self.time_s.merge(&other.time_s);
        self.virtual_s.merge(&other.virtual_s);
        self.rpcs.merge(&other.rpcs);
        self.unknown += other.unknown;
        self.processes.real_s += other.processes.real_s;
        self.processes.user_s += other.processes.user_s;
        self.processes.system_s += other.processes.system_s;
        self.failures.extend(other.failures);
    }

    /// Returns the share of runs that failed.
    pub(crate) fn rate(&self) -> f64 {
        if self.runs == 0 { 0.0 } else { self.failed as f64 / self.runs as f64 }
    }

    /// Returns the 95 % interval of that share.
    pub(crate) fn interval(&self) -> (f64, f64) {
        wilson(self.failed, self.runs)
    }

    /// Returns the seconds of a run in Go, if they were measured.
    pub(crate) fn go_seconds(&self) -> Option<f64> {
        course::go_seconds(&self.package, self.name())
    }
}

/// The error for a file with impossible figures.
const TOO_MUCH: &str = "a figure is negative, or too large to be true";

/// Returns the sum over tests.
fn total(tests: &[Tally], count: impl Fn(&Tally) -> u64) -> u64 {
    tests.iter().map(count).fold(0, u64::saturating_add)
}

/// Returns whether a figure can be measured. Sums and squares of such figures are
/// finite.
fn is_amount(figure: f64) -> bool {
    (0.0..=MOST as f64).contains(&figure)
}

/// What failures of one kind share: message and place. Numbers in the message
/// (indexes, terms, server ids) differ from run to run and do not count, nor does
/// whether there is one: `Some(3)` counts as `None`.
pub(crate) type Signature = (String, Option<String>);

impl Failed {
    /// Creates the details of a failed run, without log and bundle.
    pub(crate) fn new(run: Run, replay: String) -> Self {
        let Failure { message, place } = run.failure.expect("the run failed");
        let hash = run.measured.map(|measured| measured.hash);
        Failed { seed: run.seed, message, place, hash, log: None, bundle: None, replay }
    }

    /// Returns the kind of the failure.
    pub(crate) fn signature(&self) -> Signature {
        let mut message = String::new();
        // Further lines, such as a list of threads, differ from run to run.
        for letter in self.message.lines().next().unwrap_or_default().chars() {
            if !letter.is_ascii_digit() {
                message.push(letter);
            } else if !message.ends_with('#') {
                message.push('#');
            }
        }
        (message.replace("Some(#)", "None"), self.place.clone())
    }

    /// Returns the first line of the message, with the place.
    pub(crate) fn headline(&self) -> String {
        let message = self.message.lines().next().unwrap_or_default();
        match &self.place {
            Some(place) => format!("{message} (at {place})"),
            None => message.to_owned(),
        }
    }
}

/// A seed as text: `0x2a`.
mod hexadecimal {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{seed:#x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        let digits =
            text.strip_prefix("0x").ok_or_else(|| Error::custom("a seed begins with 0x"))?;
        u64::from_str_radix(digits, 16).map_err(Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(test: &str, failures: &[(u64, &str)]) -> Tally {
        let mut tally =
            Tally { package: "raft".to_owned(), test: test.to_owned(), ..Tally::default() };
        for &(seed, message) in failures {
            let failure = Failure { message: message.to_owned(), place: Some("a.rs:1".to_owned()) };
            let run = Run { seed, seconds: Some(1.0), measured: None, failure: Some(failure) };
            tally.run(&run);
            tally.failure(Failed::new(run, "replay".to_owned()));
        }
        tally
    }

    fn results(tests: Vec<Tally>) -> Results {
        Results { tests, ..Results::new(Clock::Virtual, &[]) }
    }

    #[test]
    fn numbers_do_not_split_a_group() {
        let results = results(vec![
            tally("a::x_2A", &[(9, "server 10 and Some(2) differ"), (4, "no leader")]),
            tally("a::y_2A", &[(7, "server 1 and None differ")]),
        ]);
        let groups = results.groups();
        assert_eq!(groups.iter().map(|group| group.count).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((groups[0].first.0.name(), groups[0].first.1.seed), ("y_2A", 7));
        assert_eq!(groups[0].tests, BTreeMap::from([("x_2A", 1), ("y_2A", 1)]));
    }

    #[test]
    fn files_are_merged() {
        let one = results(vec![tally("a::x_2A", &[(u64::MAX, "no leader")])]);
        let mut joined = Results::parse(&one.to_json()).unwrap();
        assert_eq!(joined.tests[0].failures[0].seed, u64::MAX);
        joined.merge(one).unwrap();
        joined.merge(results(vec![tally("a::y_2A", &[])])).unwrap();
        assert_eq!((joined.runs(), joined.failed(), joined.tests.len()), (2, 2, 2));
        assert_eq!(joined.tests[0].time_s.count(), 2);
        let real = Results::new(Clock::Real, &[]);
        assert!(joined.merge(real).is_err());
    }

    /// Parses the file of one test, with one part of its text replaced.
    fn changed(part: &str, other: &str) -> Result<Results, String> {
        let text = results(vec![tally("a::x_2A", &[(1, "no leader")])]).to_json();
        assert!(text.contains(part), "{text}");
        Results::parse(&text.replacen(part, other, 1))
    }

    #[test]
    fn impossible_figures_are_rejected() {
        assert!(changed("", "").is_ok());
        for (part, other, reason) in [
            ("\"runs\": 1", "\"runs\": 18446744073709551615", TOO_MUCH),
            ("\"unknown\": 0", "\"unknown\": 9007199254740993", TOO_MUCH),
            ("\"count\": 1", "\"count\": 18446744073709551615", TOO_MUCH),
            ("\"mean\": 1.0", "\"mean\": 1e300", TOO_MUCH),
            ("1.0,\n        \"std\": 0.0", "1.0, \"std\": 1e300", TOO_MUCH),
            ("\"real_s\": 0.0", "\"real_s\": -1.0", TOO_MUCH),
            ("\"failed\": 1", "\"failed\": 3", "3 failed of 1 runs, and 1 failures"),
            ("\"failed\": 1", "\"failed\": 0", "0 failed of 1 runs, and 1 failures"),
        ] {
            let error = changed(part, other).expect_err(other);
            assert_eq!(error, format!("test \"a::x_2A\": {reason}"), "{other}");
        }
        assert_eq!(changed("\"wall_s\": 0.0", "\"wall_s\": 1e300").unwrap_err(), TOO_MUCH);
    }

    #[test]
    fn merge_rejects_sums_that_are_too_large() {
        let most = || {
            let mut file = changed("\"runs\": 1", "\"runs\": 9007199254740992").unwrap();
            file.tests[0].failures.clear();
            file
        };
        let error = most().merge(most()).unwrap_err();
        assert_eq!(error, format!("test \"a::x_2A\": {TOO_MUCH}"));
        let mut other = most();
        other.tests[0].test = "a::y_2A".to_owned();
        assert_eq!(most().merge(other).unwrap_err(), TOO_MUCH);
    }

    #[test]
    fn a_file_of_another_format_is_rejected() {
        let text = results(Vec::new()).to_json().replace("\"format\": 1", "\"format\": 9");
        assert_eq!(Results::parse(&text).unwrap_err(), "the file has format 9, not 1");
        assert!(Results::parse("nothing").is_err());
    }
}
