//! A register with reads, writes and compare-and-set, as in Jepsen's tests of
//! etcd.

use crate::Model;

/// The input of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterInput {
    /// Read the value.
    Read,
    /// Replace the value.
    Write(i64),
    /// Replace the value by the second number if it equals the first.
    Cas(i64, i64),
}

/// The output of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterOutput {
    /// The value that a read returned; `None` before the first write.
    Value(Option<i64>),
    /// The output of a write.
    Written,
    /// Whether a compare-and-set replaced the value.
    Swapped(bool),
    /// The operation timed out: it may take effect at any time after its call,
    /// or never.
    Unknown,
}

/// The register as a model.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegisterModel {
    /// The initial value; `None` if a read before the first write finds no
    /// value.
    pub initial: Option<i64>,
}

impl Model for RegisterModel {
    type Input = RegisterInput;
    type Output = RegisterOutput;
    type State = Option<i64>;

    fn init(&self) -> Option<i64> {
        self.initial
    }

    fn step(
        &self,
        state: &Option<i64>,
        input: &RegisterInput,
        output: &RegisterOutput,
    ) -> Option<Option<i64>> {
        let (fits, next) = match (*input, *output) {
            (RegisterInput::Read, RegisterOutput::Value(found)) => (found == *state, *state),
            (RegisterInput::Read, _) => (true, *state),
            (RegisterInput::Write(value), _) => (true, Some(value)),
            (RegisterInput::Cas(from, to), output) => {
                let swaps = *state == Some(from);
                let fits = !matches!(output, RegisterOutput::Swapped(swapped) if swapped != swaps);
                (fits, if swaps { Some(to) } else { *state })
            }
        };
        fits.then_some(next)
    }

    fn describe_operation(&self, input: &RegisterInput, output: &RegisterOutput) -> String {
        let call = match input {
            RegisterInput::Read => "read()".to_owned(),
            RegisterInput::Write(value) => format!("write({value})"),
            RegisterInput::Cas(from, to) => format!("cas({from}, {to})"),
        };
        match output {
            RegisterOutput::Value(value) => format!("{call} -> {}", self.describe_state(value)),
            RegisterOutput::Written => call,
            RegisterOutput::Swapped(true) => format!("{call} -> ok"),
            RegisterOutput::Swapped(false) => format!("{call} -> fail"),
            RegisterOutput::Unknown => format!("{call} -> ?"),
        }
    }

    fn describe_state(&self, state: &Option<i64>) -> String {
        state.map_or_else(|| "nil".to_owned(), |value| value.to_string())
    }
}
