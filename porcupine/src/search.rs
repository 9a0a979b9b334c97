//! The search for a linearization of one partition: Wing and Gong's algorithm
//! with Lowe's cache of configurations.

use crate::bitset::Bitset;
use crate::cache::Cache;
use crate::entries::{Entries, EntryKind};
use crate::longest::Longest;
use crate::report::{Counts, Verdict};
use crate::{Model, Operation};

/// A search that can run in slices.
///
/// The search chooses which operation takes effect next. It linearizes the
/// first operation in the list whose output fits the state, takes it out of the
/// list, and starts again at the front. A return at the cursor means that its
/// operation should have been linearized before, but no order tried so far
/// allowed it. The search then undoes the last choice, and the cursor continues
/// behind it.
pub(crate) struct Search<'a, M: Model> {
    model: &'a M,
    history: &'a [Operation<M::Input, M::Output>],
    /// The operations that are not linearized yet.
    entries: Entries,
    /// The next place in the list.
    cursor: u32,
    /// The linearized operations; with `state`, the current configuration.
    linearized: Bitset,
    state: M::State,
    /// The linearized operations in their order.
    calls: Vec<Linearized<M::State>>,
    cache: Cache<M::State>,
    /// In a verbose search, the orders for the page.
    longest: Option<Longest>,
    counts: Counts,
}

/// An operation on the stack.
struct Linearized<S> {
    /// The place of its call in the list.
    call: u32,
    /// The state before it.
    before: S,
}

impl<'a, M: Model> Search<'a, M> {
    /// Creates a search over the operations at `positions` of the history.
    pub(crate) fn new(
        model: &'a M,
        history: &'a [Operation<M::Input, M::Output>],
        positions: &[usize],
        verbose: bool,
    ) -> Search<'a, M> {
        let entries = Entries::new(history, positions);
        Search {
            model,
            history,
            cursor: entries.first(),
            entries,
            linearized: Bitset::new(positions.len()),
            state: model.init(),
            calls: Vec::new(),
            cache: Cache::new(),
            longest: verbose.then(|| Longest::new(positions.len())),
            counts: Counts::default(),
        }
    }

    /// Continues for at most `steps` steps of the model. Returns `Unknown` if
    /// the search has not ended.
    pub(crate) fn run(&mut self, steps: u64) -> Verdict {
        let end = self.counts.steps + steps;
        while !self.entries.is_empty() {
            match self.entries.at(self.cursor) {
                EntryKind::Call(_) if self.counts.steps == end => return Verdict::Unknown,
                EntryKind::Call(number) => self.try_to_linearize(number),
                EntryKind::Return if self.calls.is_empty() => return Verdict::Illegal,
                EntryKind::Return => self.backtrack(),
            }
        }
        Verdict::Ok
    }

    /// Returns how much has been searched.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Estimates the memory of the search.
    pub(crate) fn bytes(&self) -> usize {
        self.cache.bytes()
    }

    /// Returns the longest partial linearizations found so far, including the
    /// current one, as positions in the history; longest first, without
    /// duplicates. Empty unless the search is verbose.
    pub(crate) fn partial_linearizations(&mut self) -> Vec<Vec<usize>> {
        self.record();
        let distinct = self.longest.as_ref().map(Longest::distinct).unwrap_or_default();
        let position = |&number: &u32| self.entries.position(number as usize);
        distinct.iter().map(|numbers| numbers.iter().map(position).collect()).collect()
    }

    /// Linearizes the operation called at the cursor, if the model allows it
    /// and the next configuration is new; otherwise skips it.
    fn try_to_linearize(&mut self, number: usize) {
        self.counts.steps += 1;
        let Operation { input, output, .. } = &self.history[self.entries.position(number)];
        let Some(next) = self.model.step(&self.state, input, output) else {
            self.cursor = self.entries.after(self.cursor);
            return;
        };
        self.linearized.insert(number);
        let keep = |state: &M::State| (state.clone(), self.model.state_bytes(state));
        if !self.cache.insert(&self.linearized, &next, keep) {
            self.linearized.remove(number);
            self.cursor = self.entries.after(self.cursor);
            return;
        }
        let before = std::mem::replace(&mut self.state, next);
        self.calls.push(Linearized { call: self.cursor, before });
        self.counts.insertions = self.cache.len() as u64;
        self.counts.depth = self.counts.depth.max(self.calls.len());
        if let Some(longest) = &mut self.longest {
            longest.push(number);
        }
        self.entries.lift(self.cursor);
        self.cursor = self.entries.first();
    }

    /// Undoes the last choice. The stack is not empty.
    fn backtrack(&mut self) {
        self.record();
        let Linearized { call, before } = self.calls.pop().expect("backtracking follows a choice");
        self.state = before;
        self.linearized.remove(self.entries.number(call));
        self.entries.unlift(call);
        self.cursor = self.entries.after(call);
        if let Some(longest) = &mut self.longest {
            longest.pop();
        }
    }

    /// In a verbose search, records the current order.
    fn record(&mut self) {
        if let Some(longest) = &mut self.longest {
            longest.record();
        }
    }
}
