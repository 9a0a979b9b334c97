//! One register with reads, writes and compare-and-set, as Jepsen tests etcd.

use crate::Model;

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterInput {
    /// The value of the register.
    Read,
    /// Replace the value.
    Write(i64),
    /// Replace the value by the second number if it is the first.
    Cas(i64, i64),
}

/// What a client hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterOutput {
    /// What a read found; `None` if nothing was ever written.
    Value(Option<i64>),
    /// The answer of a write.
    Written,
    /// Whether a compare-and-set found what it expected.
    Swapped(bool),
    /// The operation timed out: it took effect or not, any time after its call.
    Unknown,
}

/// The register as a model. A read may find nothing before the first write.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegisterModel {
    /// What it holds at first.
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
            (RegisterInput::Cas(from, to), answer) => {
                let swaps = *state == Some(from);
                let fits = !matches!(answer, RegisterOutput::Swapped(swapped) if swapped != swaps);
                (fits, if swaps { Some(to) } else { *state })
            }
        };
        fits.then_some(next)
    }

    fn describe_operation(&self, input: &RegisterInput, output: &RegisterOutput) -> String {
        let asked = match input {
            RegisterInput::Read => "read()".to_owned(),
            RegisterInput::Write(value) => format!("write({value})"),
            RegisterInput::Cas(from, to) => format!("cas({from}, {to})"),
        };
        match output {
            RegisterOutput::Value(value) => format!("{asked} -> {}", self.describe_state(value)),
            RegisterOutput::Written => asked,
            RegisterOutput::Swapped(true) => format!("{asked} -> ok"),
            RegisterOutput::Swapped(false) => format!("{asked} -> fail"),
            RegisterOutput::Unknown => format!("{asked} -> ?"),
        }
    }

    fn describe_state(&self, state: &Option<i64>) -> String {
        state.map_or_else(|| "nil".to_owned(), |value| value.to_string())
    }
}
