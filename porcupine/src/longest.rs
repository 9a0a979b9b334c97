//! For each operation, the longest partial linearization that contains it.

use std::collections::BTreeSet;
use std::rc::Rc;

/// Follows the stack of a search and remembers, for each operation, the longest
/// stack that it was on when the search had to go back.
pub(crate) struct Longest {
    stack: Vec<Level>,
    /// By operation number.
    best: Vec<Option<Rc<[u32]>>>,
}

/// An operation on the stack.
struct Level {
    number: u32,
    /// The length of the longest stack that has been recorded since the operation
    /// came on it; no smaller at any level below.
    recorded: usize,
}

impl Longest {
    /// Nothing recorded, for operations 0 to `operations` - 1.
    pub(crate) fn new(operations: usize) -> Longest {
        Longest { stack: Vec::new(), best: vec![None; operations] }
    }

    /// The operation comes on the stack.
    pub(crate) fn push(&mut self, number: usize) {
        self.stack.push(Level { number: number as u32, recorded: 0 });
    }

    /// The last operation leaves the stack.
    pub(crate) fn pop(&mut self) {
        self.stack.pop();
    }

    /// Records the stack for each operation on it for which it is the longest.
    ///
    /// Levels at the bottom that belong to a recorded stack of this length or more
    /// are passed over: nothing is longer for them now.
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

    /// The distinct recorded stacks, longest first, then by content.
    pub(crate) fn distinct(&self) -> Vec<Rc<[u32]>> {
        let distinct: BTreeSet<_> = self.best.iter().flatten().cloned().collect();
        let mut sequences: Vec<_> = distinct.into_iter().collect();
        sequences.sort_by_key(|sequence| std::cmp::Reverse(sequence.len()));
        sequences
    }
}
