//! Another model of the same service, which has looked at the answers first.

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::{KvInput, KvModel, KvOutput, apply, describe};
use crate::{Model, Operation, Text};

/// [`KvModel`] for one history, of which it knows what is read.
///
/// Appends that overlap can follow each other in any order, and every order leads
/// to another value: ten of them to 3,628,800. Yet at most one such value leads to
/// what is read next. A value that no answer of the history begins with stays so,
/// whatever is appended to it, and no read fits before the next put. All such
/// values have the same future, so they are one state here: *unread*. Overlapping
/// appends then cost as many configurations as they have subsets, not orders.
///
/// Verdicts are those of [`KvModel`], in no more steps and mostly in fewer. Only
/// the page tells less: it does not show values that were not read.
#[derive(Clone, Debug)]
pub struct Foresight {
    /// The hashes of all beginnings of all answers. That a value which is none has one
    /// of these hashes costs a few steps and nothing else. Only an answer that has one
    /// by chance could spoil a verdict: hashes have 64 bits.
    beginnings: HashSet<u64, FixedState>,
}

impl Foresight {
    /// The model for this history, and for no other. It takes time and memory for
    /// every byte that was written and then read.
    pub fn of(history: &[Operation<KvInput, KvOutput>]) -> Foresight {
        let mut answers: Vec<&Text> = history
            .iter()
            .filter_map(|operation| match &operation.output {
                KvOutput::Value(read) => Some(read),
                KvOutput::Nothing => None,
            })
            .collect();
        // The longest first: most others are beginnings of it.
        answers.sort_by_key(|answer| std::cmp::Reverse(answer.len()));
        let mut beginnings = HashSet::with_hasher(FixedState::default());
        for answer in answers {
            if !beginnings.contains(&answer.hash_value()) {
                beginnings.extend(answer.beginnings());
            }
        }
        Foresight { beginnings }
    }

    /// The state that stands for this value.
    fn state(&self, value: Text) -> Option<Text> {
        self.beginnings.contains(&value.hash_value()).then_some(value)
    }
}

impl Model for Foresight {
    type Input = KvInput;
    type Output = KvOutput;
    /// The value of the partition's key; nothing for one that is unread.
    type State = Option<Text>;

    fn init(&self) -> Option<Text> {
        self.state(Text::EMPTY)
    }

    fn step(
        &self,
        state: &Option<Text>,
        input: &KvInput,
        output: &KvOutput,
    ) -> Option<Option<Text>> {
        match (state, input) {
            (None, KvInput::Get { .. } | KvInput::Append { .. }) => {
                (*output == KvOutput::Nothing).then_some(None)
            }
            (None, KvInput::Put { value, .. }) => Some(self.state(value.clone())),
            (Some(value), _) => apply(value, input, output).map(|value| self.state(value)),
        }
    }

    fn partition(&self, history: &[Operation<KvInput, KvOutput>]) -> Vec<Vec<usize>> {
        KvModel.partition(history)
    }

    fn describe_operation(&self, input: &KvInput, output: &KvOutput) -> String {
        describe(input, output)
    }

    fn describe_state(&self, state: &Option<Text>) -> String {
        state.as_ref().map_or("unread".to_owned(), |value| KvModel.describe_state(value))
    }

    fn state_bytes(&self, state: &Option<Text>) -> usize {
        size_of_val(state) + state.as_ref().map_or(0, |_| Text::OWN_BYTES)
    }
}
