//! What a service should do: its sequential specification.

use std::fmt::Debug;
use std::hash::Hash;

use crate::Operation;

/// The sequential specification of a service: states, and which operation may
/// lead from which state to which.
///
/// `Eq` and `Hash` of the state decide which configurations of the search count
/// as visited. A poor hash makes the search slow, never wrong.
pub trait Model {
    /// What is asked.
    type Input: Debug;
    /// What is answered.
    type Output: Debug;
    /// A state of the service. The search keeps a copy for every configuration,
    /// so that clones should share storage.
    type State: Clone + Eq + Hash + Debug;

    /// The state before any operation.
    fn init(&self) -> Self::State;

    /// The state after the operation, or `None` if `state` does not allow this
    /// answer. Must be pure: the search calls it in many orders.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: &Self::Output,
    ) -> Option<Self::State>;

    /// Splits a history into parts that can be checked alone, such as one for
    /// each key; by default it is one part. Each part is a list of positions in
    /// `history`.
    fn partition(&self, history: &[Operation<Self::Input, Self::Output>]) -> Vec<Vec<usize>> {
        vec![(0..history.len()).collect()]
    }

    /// An operation as people read it.
    fn describe_operation(&self, input: &Self::Input, output: &Self::Output) -> String {
        format!("{input:?} -> {output:?}")
    }

    /// A state as people read it.
    fn describe_state(&self, state: &Self::State) -> String {
        format!("{state:?}")
    }

    /// About how many bytes a kept copy of `state` adds to what other states
    /// share with it; counted against [`Limits::bytes`](crate::Limits::bytes).
    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of_val(state)
    }
}
