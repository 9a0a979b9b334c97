//! A model of the same service that knows the outputs of the history in
//! advance.

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::{KvInput, KvModel, KvOutput, apply, describe};
use crate::{Model, Operation, Text};

/// [`KvModel`] for one history whose outputs it knows in advance.
///
/// Overlapping appends can take effect in any order, and every order leads to
/// another value: ten appends to 3,628,800 values. Yet at most one of these
/// values leads to what is read next. If no output of the history starts with a
/// value, that remains true whatever is appended to it, and no read fits before
/// the next put. All such values have the same future, so this model treats
/// them as one state: *unread*. Overlapping appends then cost one configuration
/// per subset instead of one per order.
///
/// The verdicts are those of [`KvModel`], in no more steps and usually in
/// fewer. But the page shows less: it omits values that were never read.
#[derive(Clone, Debug)]
pub struct Foresight {
    /// The hashes of all prefixes of all outputs. If another value has one of
    /// these hashes, the search takes a few more steps. Only an output whose
    /// hash collides with that of another prefix could change a verdict, and
    /// hashes have 64 bits.
    prefixes: HashSet<u64, FixedState>,
}

impl Foresight {
    /// Creates the model of this history, and of no other. Takes time and
    /// memory for every byte that was written and then read.
    pub fn of(history: &[Operation<KvInput, KvOutput>]) -> Foresight {
        let mut outputs: Vec<&Text> = history
            .iter()
            .filter_map(|operation| match &operation.output {
                KvOutput::Value(read) => Some(read),
                KvOutput::Nothing => None,
            })
            .collect();
        // The longest first: most others are prefixes of it.
        outputs.sort_by_key(|output| std::cmp::Reverse(output.len()));
        let mut prefixes = HashSet::with_hasher(FixedState::default());
        for output in outputs {
            if !prefixes.contains(&output.hash_value()) {
                prefixes.extend(output.prefix_hashes());
            }
        }
        Foresight { prefixes }
    }

    /// Returns the state that represents this value.
    fn state(&self, value: Text) -> Option<Text> {
        self.prefixes.contains(&value.hash_value()).then_some(value)
    }
}

impl Model for Foresight {
    type Input = KvInput;
    type Output = KvOutput;
    /// The value of the partition's key, or `None` for an unread one.
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
