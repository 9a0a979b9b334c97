//! Models: the sequential specification of a service.

use std::fmt::Debug;
use std::hash::Hash;

use crate::Operation;

/// The sequential specification of a service: its states, and the operations
/// that lead from one state to another.
///
/// `Eq` and `Hash` of the state decide which configurations of the search count
/// as visited. A poor hash makes the search slow, never wrong.
pub trait Model {
    /// The input of an operation.
    type Input: Debug;
    /// The output of an operation.
    type Output: Debug;
    /// A state of the service. The search keeps a clone for every
    /// configuration, so clones should share storage.
    type State: Clone + Eq + Hash + Debug;

    /// Returns the state before any operation.
    fn init(&self) -> Self::State;

    /// Returns the state after the operation, or `None` if `state` does not
    /// allow this output. Must be pure: the search calls it in many orders.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: &Self::Output,
    ) -> Option<Self::State>;

    /// Splits a history into parts that can be checked independently, such as
    /// one for each key. Each part is a list of positions in `history`. By
    /// default the whole history is one part.
    fn partition(&self, history: &[Operation<Self::Input, Self::Output>]) -> Vec<Vec<usize>> {
        vec![(0..history.len()).collect()]
    }

    /// Describes an operation for the page.
    fn describe_operation(&self, input: &Self::Input, output: &Self::Output) -> String {
        format!("{input:?} -> {output:?}")
    }

    /// Describes a state for the page.
    fn describe_state(&self, state: &Self::State) -> String {
        format!("{state:?}")
    }

    /// Estimates the bytes that a clone of `state` takes, without storage that
    /// it shares with other states. They count against
    /// [`Limits::bytes`](crate::Limits::bytes).
    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of_val(state)
    }
}
