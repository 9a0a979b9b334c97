//! A batch: workers take chunks from the plan until none are left or the batch
//! is stopped.

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

/// How often an idle worker checks for a signal, which does not wake it.
const POLL: Duration = Duration::from_millis(100);

/// The state that the workers share.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    /// The user's options.
    pub(crate) options: &'a Options,
    /// The tests to run.
    pub(crate) tests: &'a [Test],
    /// Runs them.
    pub(crate) runner: &'a Runner,
    /// The command that repeats a run by hand.
    pub(crate) replay: &'a replay::Command,
    /// The folder for logs.
    pub(crate) folder: Folder,
    /// Shows progress and failures.
    pub(crate) screen: Screen,
    /// The colours.
    pub(crate) paint: Paint,
    state: Mutex<State>,
    /// Notified when a chunk was handed back.
    handed_back: Condvar,
}

#[derive(Debug)]
struct State {
    plan: Plan,
    results: Results,
    /// Runs left.
    left: u64,
    /// Failures of each kind so far. The first ones have logs.
    kept: BTreeMap<Signature, u64>,
    /// The error because of which nothing can be run any more.
    broken: Option<io::Error>,
}

/// A run whose log may be kept.
struct Noted {
    run: Run,
    /// Finished runs of all tests, this one included.
    finished: u64,
}

impl<'a> Batch<'a> {
    /// Creates a batch without starting it.
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

    /// Runs everything, with `--loop` repeatedly, and returns the results and the
    /// error that ended the batch, if any.
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

    /// Runs `iter` seeds of every test, after `done` earlier ones.
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

    /// Waits for the next chunk and returns it; `None` at the end of the batch.
    fn take(&self) -> Option<Chunk> {
        let mut state = self.state();
        while !self.runner.stop.requested() {
            match state.plan.next() {
                Next::Run(chunk) => return Some(chunk),
                Next::Done => return None,
                Next::Wait => {
                    let woken = self.handed_back.wait_timeout(state, POLL);
                    (state, _) = woken.expect("no worker has panicked");
                }
            }
        }
        None
    }

    /// Turns debug lines on only when their log is kept: they cost time.
    fn purpose(&self) -> Purpose<'static> {
        match (self.options.archive, self.options.clock(), self.options.verbose) {
            (true, _, level) | (false, Clock::Real, level @ 1..) => Purpose::Verbose(level.min(2)),
            _ => Purpose::Batch,
        }
    }

    /// Adds the outcome of a chunk to the results and keeps logs.
    fn record(&self, chunk: Chunk, outcome: &Outcome) {
        let failed = outcome.runs.iter().any(|run| run.failure.is_some());
        if failed && self.options.until_fail {
            // Before another worker can take the rest of this chunk.
            self.runner.stop.end_batch();
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

    /// Reports a failed run, and keeps its log if it is one of the first of its
    /// kind.
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
            text.push_str(&format!("seed {:#x}, no log: limit per kind (--keep)", run.seed));
        }
        self.screen.say(&text);
        self.state().results.tests[test].failure(failed);
    }

    /// Counts a failure of its kind and returns whether its log is kept.
    fn is_kept(&self, failed: &Failed) -> bool {
        let mut state = self.state();
        let kept = state.kept.entry(failed.signature()).or_default();
        *kept += 1;
        self.options.keep().is_none_or(|keep| *kept <= keep)
    }

    /// Keeps log and bundle of a failure. Returns lines that say where they are and
    /// how to replay it.
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

    /// Runs the failed seed again and keeps log and bundle of that run. This works
    /// only in virtual time; after Ctrl-C it would take too long. Returns a warning
    /// if the runs differ.
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
        let (again, warning) = again.map_err(|error| format!("cannot run it again: {error}"))?;
        // Ctrl-C may have ended the second run before it failed.
        let output = if again.runs.is_empty() { &outcome.output } else { &again.output };
        let kept = self.folder.keep(output, log).map(|()| warning);
        again.discard();
        kept
    }

    /// Ends the batch because nothing can be run. The first error is reported.
    fn give_up(&self, error: io::Error) {
        self.state().broken.get_or_insert(error);
        self.runner.stop.end_batch();
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
