//! The outcome of a run: the record that every report is made from.

use labrt::{Failure, Run};

use crate::name::TestName;
use crate::options::RunOptions;

/// The counts of all clusters of a test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Servers of the largest cluster.
    pub(crate) peers: usize,
    /// Servers of all clusters.
    pub(crate) servers: usize,
    /// Requests sent, lost ones included.
    pub(crate) rpcs: u64,
    /// Bytes of requests and of delivered replies.
    pub(crate) bytes: u64,
}

/// The outcome of a run of a test.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The test.
    pub(crate) test: TestName,
    /// How it was run, with the seed of this run.
    pub(crate) options: RunOptions,
    /// The failure, times, trace and backtraces.
    pub(crate) run: Run<()>,
    /// The counts of the clusters; `None` if there were none.
    pub(crate) totals: Option<Totals>,
    /// Operations or agreements.
    pub(crate) ops: u64,
    /// Post-run checks that gave up without a result.
    pub(crate) unknown: u64,
    /// The line that is printed if the run passed.
    pub(crate) passed_line: String,
    /// The state of the servers and of other parts, if the run failed.
    pub(crate) descriptions: Vec<String>,
    /// Files for the bundle: names and contents.
    pub(crate) attachments: Vec<(String, Vec<u8>)>,
    /// Debug lines that are not written yet.
    pub(crate) log: String,
}

impl Outcome {
    /// Why the run failed; `None` if it passed.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.run.result.as_ref().err()
    }

    /// The command that repeats this run.
    pub(crate) fn replay_line(&self) -> String {
        self.test.replay_line(&self.options)
    }
}

#[cfg(test)]
impl Outcome {
    /// A run of the test `election::x_2A` with seed 0x2a and this result; all
    /// else is empty.
    pub(crate) fn example(result: Result<(), Failure>) -> Self {
        let mut options = RunOptions::default();
        options.config.seed = 0x2a;
        Outcome {
            test: TestName {
                package: "raft".to_owned(),
                path: "election::x_2A".to_owned(),
                title: "Test (2A): x".to_owned(),
            },
            options,
            run: Run {
                result,
                stats: labrt::Stats::default(),
                events: Vec::new(),
                backtraces: Vec::new(),
            },
            totals: None,
            ops: 0,
            unknown: 0,
            passed_line: "  ... Passed".to_owned(),
            descriptions: Vec::new(),
            attachments: Vec::new(),
            log: String::new(),
        }
    }
}
