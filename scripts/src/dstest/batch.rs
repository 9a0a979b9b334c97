//! A batch: workers that take chunks of the plan until nothing is left, or until
//! somebody has had enough.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use printing::{escaped, escaped_name};

use super::logs::Folder;
use super::options::{Clock, Options};
use super::paint::Paint;
use super::plan::{Chunk, Next, Plan, Rules, Seeds};
use super::replay;
use super::results::{Failed, Results, Signature};
use super::runner::{Outcome, Purpose, Run, Runner};
use super::screen::{Left, Screen};
use super::workspace::Test;

/// How long a worker without work sleeps at most before it looks for a signal,
/// which wakes nobody.
const NAP: Duration = Duration::from_millis(100);

/// All that workers share.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    /// What the user has chosen.
    pub(crate) options: &'a Options,
    /// What is run.
    pub(crate) tests: &'a [Test],
    /// How it is run.
    pub(crate) runner: &'a Runner,
    /// How a run is repeated by hand.
    pub(crate) replay: &'a replay::Command,
    /// Where logs go.
    pub(crate) folder: Folder,
    /// What is seen.
    pub(crate) screen: Screen,
    /// Colours.
    pub(crate) paint: Paint,
    state: Mutex<State>,
    /// A chunk was handed back.
    handed_back: Condvar,
}

#[derive(Debug)]
struct State {
    plan: Plan,
    results: Results,
    /// Runs that are still to come.
    left: u64,
    /// Failures of each kind so far, of which the first have logs.
    kept: BTreeMap<Signature, u64>,
    /// Why nothing can be run any more.
    broken: Option<io::Error>,
}

/// A run whose log is to be kept.
struct Noted {
    run: Run,
    /// Finished runs of all tests, this one included.
    finished: u64,
}

impl<'a> Batch<'a> {
    /// A batch that has not begun.
    pub(crate) fn new(
        options: &'a Options,
        tests: &'a [Test],
        runner: &'a Runner,
        replay: &'a replay::Command,
        folder: Folder,
        paint: Paint,
    ) -> Self {
        let names: Vec<&str> = tests.iter().map(Test::name).collect();
        let state = State {
            plan: Plan::new(rules(options), tests.len()),
            results: Results::new(options.clock(), tests),
            left: 0,
            kept: BTreeMap::new(),
            broken: None,
        };
        Batch {
            options,
            tests,
            runner,
            replay,
            folder,
            screen: Screen::new(&names, paint),
            paint,
            state: Mutex::new(state),
            handed_back: Condvar::new(),
        }
    }

    /// Runs everything, with `--loop` again and again, and tells what came of it.
    pub(crate) fn run(self, starts: &[u64]) -> (Results, Option<io::Error>) {
        let began = Instant::now();
        let (mut iter, mut done) = (self.options.iter, 0_u64);
        loop {
            self.round(starts, done, iter);
            let broken = self.state().broken.is_some();
            if !self.options.looped || broken || self.runner.stop.requested() {
                break;
            }
            done = done.wrapping_add(iter);
            iter = iter.saturating_mul(self.options.growth);
            let text = format!("Increasing iterations to {iter}");
            self.screen.say(&self.paint.yellow(&text));
        }
        self.screen.clear();
        let state = self.state.into_inner().expect("no worker has panicked");
        let mut results = state.results;
        results.wall_s = began.elapsed().as_secs_f64();
        results.interrupted = state.left > 0 || self.options.looped;
        (results, state.broken)
    }

    /// Gives every test `iter` seeds, after `done` earlier ones, and works.
    fn round(&self, starts: &[u64], done: u64, iter: u64) {
        let mut state = self.state();
        for (test, start) in starts.iter().enumerate() {
            let seeds = Seeds { start: start.wrapping_add(done), count: iter };
            let shard = self.options.shard;
            let seeds = shard.map_or(seeds, |shard| seeds.part(shard.index, shard.of));
            state.left += seeds.count;
            state.plan.add(test, seeds);
            self.screen.expect(test, seeds.count);
        }
        drop(state);
        std::thread::scope(|scope| {
            for _ in 0..self.options.workers() {
                scope.spawn(|| self.work());
            }
        });
    }

    fn work(&self) {
        while let Some(chunk) = self.take() {
            let test = &self.tests[chunk.test];
            match self.runner.run(test, chunk.seeds, self.purpose()) {
                Ok(outcome) => self.record(chunk, &outcome),
                Err(error) => self.give_up(error),
            }
        }
    }

    /// The next chunk, if there will be one.
    fn take(&self) -> Option<Chunk> {
        let mut state = self.state();
        while !self.runner.stop.requested() {
            match state.plan.next() {
                Next::Run(chunk) => return Some(chunk),
                Next::Done => return None,
                Next::Wait => {
                    let woken = self.handed_back.wait_timeout(state, NAP);
                    (state, _) = woken.expect("no worker has panicked");
                }
            }
        }
        None
    }

    /// Debug lines cost time: they are only asked for when their log is kept.
    fn purpose(&self) -> Purpose<'static> {
        match (self.options.archive, self.options.clock(), self.options.verbose) {
            (true, _, level) | (false, Clock::Real, level @ 1..) => Purpose::Verbose(level.min(2)),
            _ => Purpose::Batch,
        }
    }

    /// Enters what became of a chunk, and looks after the logs.
    fn record(&self, chunk: Chunk, outcome: &Outcome) {
        let failed = outcome.runs.iter().any(|run| run.failure.is_some());
        if failed && self.options.until_fail {
            // Before anybody can take what this chunk has left.
            self.runner.stop.is_enough();
        }
        let noted = self.enter(chunk, outcome);
        self.handed_back.notify_all();
        for noted in noted {
            match &noted.run.failure {
                Some(_) => self.failure(chunk.test, outcome, noted),
                None => self.archive(chunk.test, outcome, &noted),
            }
        }
        outcome.discard();
    }

    fn enter(&self, chunk: Chunk, outcome: &Outcome) -> Vec<Noted> {
        let mut state = self.state();
        let runs = &outcome.runs;
        let failed = runs.iter().filter(|run| run.failure.is_some()).count() as u64;
        state.plan.hand_back(chunk, runs.len() as u64, outcome.ended.wall);
        state.left -= runs.len() as u64;
        let mut noted = Vec::new();
        for run in runs {
            state.results.tests[chunk.test].run(run);
            if run.failure.is_some() || self.options.archive {
                noted.push(Noted { run: run.clone(), finished: state.results.runs() });
            }
        }
        state.results.tests[chunk.test].process(&outcome.ended);
        let left = Left { runs: state.left, time: state.plan.time_left() };
        self.screen.advance(chunk.test, runs.len() as u64 - failed, failed, left);
        noted
    }

    fn archive(&self, test: usize, outcome: &Outcome, noted: &Noted) {
        let log = self.folder.log(self.tests[test].name(), noted.finished);
        if let Err(error) = self.folder.keep(&outcome.output, &log) {
            self.screen.say(&self.paint.yellow(&escaped(&error)));
        }
    }

    /// Keeps the log of a failed run, if it is one of the first of its kind, and
    /// tells of it.
    fn failure(&self, test: usize, outcome: &Outcome, noted: Noted) {
        let Noted { run, finished } = noted;
        let tested = &self.tests[test];
        let line = self.replay.line(tested, run.seed);
        let mut failed = Failed::new(run.clone(), line);
        let mut text = format!("Failed test {} - ", self.paint.red(tested.name()));
        if self.is_kept(&failed) {
            let log = self.folder.log(tested.name(), finished);
            text.push_str(&self.explain(tested, outcome, &run, log, &mut failed));
        } else {
            text.push_str(&format!("seed {:#x}, no log: enough of this kind (--keep)", run.seed));
        }
        self.screen.say(&text);
        self.state().results.tests[test].failure(failed);
    }

    /// Whether a failure is one of those of its kind whose logs are kept.
    fn is_kept(&self, failed: &Failed) -> bool {
        let mut state = self.state();
        let kept = state.kept.entry(failed.signature()).or_default();
        *kept += 1;
        self.options.keep().is_none_or(|keep| *kept <= keep)
    }

    /// Keeps log and bundle of a failure, and says where they are and how to see it
    /// again.
    fn explain(
        &self,
        test: &Test,
        outcome: &Outcome,
        run: &Run,
        log: PathBuf,
        failed: &mut Failed,
    ) -> String {
        let mut lines = Vec::new();
        let replayed = self.options.clock() == Clock::Virtual && !self.runner.stop.interrupted();
        let kept = if replayed {
            self.keep_replay(test, outcome, run, &log)
        } else {
            self.folder.keep(&outcome.output, &log).map(|()| None)
        };
        match kept {
            Ok(warning) => {
                lines.push(escaped_name(&log).into_owned());
                lines.extend(warning.map(|warning| format!("warning: {warning}")));
                failed.log = Some(log);
            }
            Err(error) => lines.push(format!("no log: {error}")),
        }
        lines.push(failed.headline());
        lines.push(format!("seed {:#x}: {}", failed.seed, failed.replay));
        let bundle = self.folder.bundle(test.name(), run.seed);
        if replayed && bundle.join("bundle.json").exists() {
            lines.push(format!("bundle: {}", escaped_name(&bundle)));
            failed.bundle = Some(bundle);
        }
        lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n    ")
    }

    /// In virtual time log and bundle come from the same run made again. In
    /// real time there is no second chance to see it, and after Ctrl-C no time.
    /// The value is a warning.
    fn keep_replay(
        &self,
        test: &Test,
        outcome: &Outcome,
        run: &Run,
        log: &Path,
    ) -> Result<Option<String>, String> {
        self.folder.prepare(log)?;
        let (verbose, bundles) = (self.options.verbose, self.folder.absolute());
        let again = replay::again(self.runner, test, run, verbose, &bundles);
        let (again, warning) = again.map_err(|error| format!("it cannot be run again: {error}"))?;
        // Ctrl-C may have come before the failure did.
        let output = if again.runs.is_empty() { &outcome.output } else { &again.output };
        let kept = self.folder.keep(output, log).map(|()| warning);
        again.discard();
        kept
    }

    /// Nothing can be run: the first reason counts.
    fn give_up(&self, error: io::Error) {
        self.state().broken.get_or_insert(error);
        self.runner.stop.is_enough();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no worker has panicked")
    }
}

fn rules(options: &Options) -> Rules {
    Rules {
        sequential: options.sequential,
        single: options.clock() == Clock::Real || options.archive,
        workers: options.workers(),
    }
}
