//! The course's key/value service (2018 to 2024): get, put and append on
//! strings.

mod foresight;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::foresight::Foresight;
use crate::{Model, Operation, Text};

/// The input of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KvInput {
    /// Read the value of a key.
    Get {
        /// The key.
        key: Arc<str>,
    },
    /// Replace the value of a key.
    Put {
        /// The key.
        key: Arc<str>,
        /// The new value.
        value: Text,
    },
    /// Append to the value of a key.
    Append {
        /// The key.
        key: Arc<str>,
        /// The text to append.
        value: Text,
    },
}

impl KvInput {
    /// Returns the key.
    pub fn key(&self) -> &Arc<str> {
        match self {
            KvInput::Get { key } | KvInput::Put { key, .. } | KvInput::Append { key, .. } => key,
        }
    }
}

/// The output of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KvOutput {
    /// The value that a get read, or, since 2024, the value before an append.
    Value(Text),
    /// No value: the output of a put, of an append before 2024, and of any
    /// operation that never returned.
    Nothing,
}

/// The service as a model. A key that was never written has the empty value,
/// and keys are independent.
#[derive(Clone, Copy, Debug, Default)]
pub struct KvModel;

/// Applies an operation to a value. Returns the value after it, or `None` if
/// the output does not fit.
fn apply(value: &Text, input: &KvInput, output: &KvOutput) -> Option<Text> {
    let found = match output {
        KvOutput::Value(read) => read == value,
        KvOutput::Nothing => true,
    };
    match input {
        KvInput::Get { .. } => found.then(|| value.clone()),
        KvInput::Put { value: new, .. } => Some(new.clone()),
        KvInput::Append { value: more, .. } => found.then(|| value.append(more)),
    }
}

fn describe(input: &KvInput, output: &KvOutput) -> String {
    let answer = match output {
        KvOutput::Value(value) => format!(" -> '{value}'"),
        KvOutput::Nothing if matches!(input, KvInput::Get { .. }) => " -> ?".to_owned(),
        KvOutput::Nothing => String::new(),
    };
    match input {
        KvInput::Get { key } => format!("get('{key}'){answer}"),
        KvInput::Put { key, value } => format!("put('{key}', '{value}'){answer}"),
        KvInput::Append { key, value } => format!("append('{key}', '{value}'){answer}"),
    }
}

impl Model for KvModel {
    type Input = KvInput;
    type Output = KvOutput;
    /// The value of the partition's key.
    type State = Text;

    fn init(&self) -> Text {
        Text::EMPTY
    }

    fn step(&self, state: &Text, input: &KvInput, output: &KvOutput) -> Option<Text> {
        apply(state, input, output)
    }

    /// Partitions by key, in the order of the keys.
    fn partition(&self, history: &[Operation<KvInput, KvOutput>]) -> Vec<Vec<usize>> {
        let mut by_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, operation) in history.iter().enumerate() {
            by_key.entry(operation.input.key()).or_default().push(at);
        }
        by_key.into_values().collect()
    }

    fn describe_operation(&self, input: &KvInput, output: &KvOutput) -> String {
        describe(input, output)
    }

    fn describe_state(&self, state: &Text) -> String {
        format!("'{state}'")
    }

    fn state_bytes(&self, _: &Text) -> usize {
        size_of::<Text>() + Text::OWN_BYTES
    }
}

/// The same service without partitions: the state holds the values of all keys.
/// Much slower; its purpose is to test the checker and its models.
#[derive(Clone, Copy, Debug, Default)]
pub struct WholeKvModel;

impl Model for WholeKvModel {
    type Input = KvInput;
    type Output = KvOutput;
    /// Keys that were written, with their values, in the order of the keys.
    type State = Arc<[(Arc<str>, Text)]>;

    fn init(&self) -> Self::State {
        Arc::new([])
    }

    fn step(&self, state: &Self::State, input: &KvInput, output: &KvOutput) -> Option<Self::State> {
        let key = input.key();
        let place = state.binary_search_by(|(other, _)| other.cmp(key));
        let before = place.map_or(&Text::EMPTY, |at| &state[at].1);
        let after = apply(before, input, output)?;
        if matches!(input, KvInput::Get { .. }) {
            return Some(Arc::clone(state));
        }
        let at = place.unwrap_or_else(|at| at);
        let rest = &state[at + usize::from(place.is_ok())..];
        let written = std::iter::once((Arc::clone(key), after));
        Some(state[..at].iter().cloned().chain(written).chain(rest.iter().cloned()).collect())
    }

    fn describe_operation(&self, input: &KvInput, output: &KvOutput) -> String {
        describe(input, output)
    }

    fn describe_state(&self, state: &Self::State) -> String {
        let values: Vec<_> = state.iter().map(|(key, value)| format!("{key}: '{value}'")).collect();
        format!("{{{}}}", values.join(", "))
    }

    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of_val(state) + size_of_val::<[_]>(state) + Text::OWN_BYTES
    }
}
