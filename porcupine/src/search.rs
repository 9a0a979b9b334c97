//! The search for a linearization of one partition, by Wing and Gong with
//! Lowe's memory of configurations.

use crate::bitset::Bitset;
use crate::cache::Cache;
use crate::entries::{At, Entries};
use crate::longest::Longest;
use crate::report::{Counts, Verdict};
use crate::{Model, Operation};

/// A search that can be run in slices.
///
/// It chooses what takes effect next: the first operation in the list whose answer
/// fits the state is linearized, taken out of the list, and the search begins
/// again at the front. A return at the cursor means that its operation should
/// have been linearized before, and none of the orders tried allowed it: the
/// last choice is undone, and the cursor goes on behind it.
pub(crate) struct Search<'a, M: Model> {
    model: &'a M,
    history: &'a [Operation<M::Input, M::Output>],
    /// What is not linearized yet.
    entries: Entries,
    /// The place in the list that is looked at next.
    cursor: u32,
    /// What is linearized; with `state`, the current configuration.
    linearized: Bitset,
    state: M::State,
    /// The linearized operations in their order.
    calls: Vec<Linearized<M::State>>,
    cache: Cache<M::State>,
    /// In a verbose search, what the page shows.
    longest: Option<Longest>,
    counts: Counts,
}

/// An operation on the stack.
struct Linearized<S> {
    /// Its call's place in the list.
    call: u32,
    /// The state before it.
    before: S,
}

impl<'a, M: Model> Search<'a, M> {
    /// A search that has not begun, over the operations at `positions` of the
    /// history.
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

    /// Goes on for at most so many steps of the model. Not `Unknown` when the
    /// search has ended.
    pub(crate) fn run(&mut self, steps: u64) -> Verdict {
        let end = self.counts.steps + steps;
        while !self.entries.is_empty() {
            match self.entries.at(self.cursor) {
                At::Call(_) if self.counts.steps == end => return Verdict::Unknown,
                At::Call(number) => self.try_to_linearize(number),
                At::Return if self.calls.is_empty() => return Verdict::Illegal,
                At::Return => self.backtrack(),
            }
        }
        Verdict::Ok
    }

    /// How much has been searched.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// About how much memory the search holds.
    pub(crate) fn bytes(&self) -> usize {
        self.cache.bytes()
    }

    /// The longest partial linearizations found so far, the current one among
    /// them, as positions in the history; longest first, none twice. None unless
    /// the search is verbose.
    pub(crate) fn partial_linearizations(&mut self) -> Vec<Vec<usize>> {
        self.record();
        let distinct = self.longest.as_ref().map(Longest::distinct).unwrap_or_default();
        let position = |&number: &u32| self.entries.position(number as usize);
        distinct.iter().map(|numbers| numbers.iter().map(position).collect()).collect()
    }

    /// Takes the operation called at the cursor next, if the model allows it
    /// and the configuration that follows is new; else passes over it.
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
        let Linearized { call, before } =
            self.calls.pop().expect("the search goes back only from a choice it made");
        self.state = before;
        self.linearized.remove(self.entries.number(call));
        self.entries.unlift(call);
        self.cursor = self.entries.after(call);
        if let Some(longest) = &mut self.longest {
            longest.pop();
        }
    }

    /// In a verbose search, keeps the current order where it is the longest.
    fn record(&mut self) {
        if let Some(longest) = &mut self.longest {
            longest.record();
        }
    }
}
