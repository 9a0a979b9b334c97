//! The report of a check: verdicts and costs.

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The history is linearizable.
    Ok,
    /// The history is not linearizable.
    Illegal,
    /// The check reached a limit before it was decided.
    Unknown,
}

/// The cost of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of [`Model::step`](crate::Model::step).
    pub steps: u64,
    /// Distinct configurations reached: pairs of linearized operations and
    /// state.
    pub insertions: u64,
    /// The largest number of operations linearized at a time.
    pub depth: usize,
}

/// The report of a check.
#[derive(Clone, Debug)]
pub struct Report {
    /// The verdict on the whole history.
    pub verdict: Verdict,
    /// The sums of all partitions' steps and insertions, and their greatest
    /// depth.
    pub counts: Counts,
    /// The partitions in the model's order.
    pub partitions: Vec<PartitionReport>,
}

/// The report on one partition.
#[derive(Clone, Debug)]
pub struct PartitionReport {
    /// Its operations, as positions in the history.
    pub operations: Vec<usize>,
    /// The verdict; also `Unknown` if another partition was refuted first.
    pub verdict: Verdict,
    /// The cost of its search.
    pub counts: Counts,
    /// For each operation, the longest partial linearization found that
    /// contains it, as positions in the history in the order of effect; without
    /// duplicates, longest first. Empty unless the check was verbose.
    pub partial_linearizations: Vec<Vec<usize>>,
}
