//! Records, for each operation, the longest partial linearization that contains
//! it.

use std::collections::BTreeSet;
use std::rc::Rc;

/// Follows the stack of a search and records, for each operation, the longest
/// stack that contained it when the search had to backtrack.
pub(crate) struct Longest {
    stack: Vec<Level>,
    /// By operation number.
    best: Vec<Option<Rc<[u32]>>>,
}

/// An operation on the stack.
struct Level {
    number: u32,
    /// The length of the longest stack recorded since the push of this
    /// operation; no smaller at any level below.
    recorded: usize,
}

impl Longest {
    /// Creates an empty record for operations 0 to `operations` - 1.
    pub(crate) fn new(operations: usize) -> Longest {
        Longest { stack: Vec::new(), best: vec![None; operations] }
    }

    /// Pushes an operation.
    pub(crate) fn push(&mut self, number: usize) {
        self.stack.push(Level { number: number as u32, recorded: 0 });
    }

    /// Pops the last operation.
    pub(crate) fn pop(&mut self) {
        self.stack.pop();
    }

    /// Records the stack for each of its operations for which it is the
    /// longest.
    ///
    /// Skips the levels at the bottom that belong to a recorded stack of at
    /// least this length.
    pub(crate) fn record(&mut self) {
        let depth = self.stack.len();
        let stale = self.stack.partition_point(|level| level.recorded >= depth);
        let mut shared: Option<Rc<[u32]>> = None;
        for at in stale..depth {
            self.stack[at].recorded = depth;
            let number = self.stack[at].number as usize;
            if self.best[number].as_ref().is_none_or(|best| best.len() < depth) {
                let sequence = shared
                    .get_or_insert_with(|| self.stack.iter().map(|level| level.number).collect());
                self.best[number] = Some(Rc::clone(sequence));
            }
        }
    }

    /// Returns the distinct recorded stacks, longest first, then by content.
    pub(crate) fn distinct(&self) -> Vec<Rc<[u32]>> {
        let distinct: BTreeSet<_> = self.best.iter().flatten().cloned().collect();
        let mut sequences: Vec<_> = distinct.into_iter().collect();
        sequences.sort_by_key(|sequence| std::cmp::Reverse(sequence.len()));
        sequences
    }
}
