//! Models of services whose next state does not follow from input and output.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::FixedState;

use crate::{Model, Operation};

/// A specification in which an operation may lead to several states. Wrap it in
/// [`Nondeterministic`] to get a [`Model`].
pub trait NondeterministicModel {
    /// The input of an operation.
    type Input: Debug;
    /// The output of an operation.
    type Output: Debug;
    /// A state of the service.
    type State: Clone + Eq + Hash + Debug;

    /// Returns the possible initial states.
    fn init(&self) -> Vec<Self::State>;

    /// Returns the states that may follow `state`; none if it does not allow
    /// this output.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: &Self::Output,
    ) -> Vec<Self::State>;

    /// As [`Model::partition`].
    fn partition(&self, history: &[Operation<Self::Input, Self::Output>]) -> Vec<Vec<usize>> {
        vec![(0..history.len()).collect()]
    }

    /// As [`Model::describe_operation`].
    fn describe_operation(&self, input: &Self::Input, output: &Self::Output) -> String {
        format!("{input:?} -> {output:?}")
    }

    /// As [`Model::describe_state`].
    fn describe_state(&self, state: &Self::State) -> String {
        format!("{state:?}")
    }
}

/// The power-set construction: a model whose state is the set of all states
/// that the service may be in. An operation is legal if one of them allows it.
#[derive(Clone, Copy, Debug)]
pub struct Nondeterministic<M>(pub M);

/// A set of states. Equality and hash do not depend on the order.
#[derive(Clone, Debug)]
pub struct States<S>(Vec<S>);

impl<S: Eq> States<S> {
    fn of(states: impl IntoIterator<Item = S>) -> States<S> {
        let mut distinct = Vec::new();
        for state in states {
            if !distinct.contains(&state) {
                distinct.push(state);
            }
        }
        States(distinct)
    }
}

impl<S: Eq> PartialEq for States<S> {
    fn eq(&self, other: &States<S>) -> bool {
        // Neither has duplicates, so one inclusion is enough.
        self.0.len() == other.0.len() && self.0.iter().all(|state| other.0.contains(state))
    }
}

impl<S: Eq> Eq for States<S> {}

impl<S: Hash> Hash for States<S> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let of_one = |state: &S| FixedState::default().hash_one(state);
        hasher.write_u64(self.0.iter().map(of_one).fold(0, |all, one| all ^ one));
    }
}

impl<M: NondeterministicModel> Model for Nondeterministic<M> {
    type Input = M::Input;
    type Output = M::Output;
    type State = States<M::State>;

    fn init(&self) -> Self::State {
        States::of(self.0.init())
    }

    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: &Self::Output,
    ) -> Option<Self::State> {
        let next = States::of(state.0.iter().flat_map(|one| self.0.step(one, input, output)));
        (!next.0.is_empty()).then_some(next)
    }

    fn partition(&self, history: &[Operation<Self::Input, Self::Output>]) -> Vec<Vec<usize>> {
        self.0.partition(history)
    }

    fn describe_operation(&self, input: &Self::Input, output: &Self::Output) -> String {
        self.0.describe_operation(input, output)
    }

    fn describe_state(&self, state: &Self::State) -> String {
        let states: Vec<_> = state.0.iter().map(|one| self.0.describe_state(one)).collect();
        format!("{{{}}}", states.join(", "))
    }

    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of_val(state) + size_of_val(state.0.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_equal_in_any_order_and_differ_from_their_subsets() {
        let hash = |states: &States<u32>| FixedState::default().hash_one(states);
        let [all, reordered, part] = [&[1, 2, 3][..], &[3, 1, 2, 1], &[1, 2]]
            .map(|states| States::of(states.iter().copied()));
        assert_eq!((&all, hash(&all)), (&reordered, hash(&reordered)));
        assert_ne!(all, part);
        assert_ne!(part, all);
    }
}
