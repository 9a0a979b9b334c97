//! What a check finds, and what it costs.

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The history is linearizable.
    Ok,
    /// It is not.
    Illegal,
    /// A limit was reached before either was proved.
    Unknown,
}

/// How much was searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of [`Model::step`](crate::Model::step).
    pub steps: u64,
    /// Distinct configurations reached: set of linearized operations, and state.
    pub insertions: u64,
    /// The most operations that were linearized at a time.
    pub depth: usize,
}

/// The report of a check.
#[derive(Clone, Debug)]
pub struct Report {
    /// The verdict on the whole history.
    pub verdict: Verdict,
    /// Steps and insertions of all partitions in sum, and the greatest depth.
    pub counts: Counts,
    /// The partitions in the model's order.
    pub partitions: Vec<PartitionReport>,
}

/// The report on one partition.
#[derive(Clone, Debug)]
pub struct PartitionReport {
    /// Its operations, as positions in the history.
    pub operations: Vec<usize>,
    /// The verdict on it; `Unknown` also if another partition was refuted first.
    pub verdict: Verdict,
    /// How much was searched in it.
    pub counts: Counts,
    /// For each operation the longest partial linearization found that contains
    /// it, as positions in the history in the order of effect; none twice, the
    /// longest first. Empty unless the check was verbose.
    pub partial_linearizations: Vec<Vec<usize>>,
}
