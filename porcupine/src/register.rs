//! One register with reads, writes and compare-and-set, as Jepsen tests etcd.

use crate::Model;

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The value of the register.
    Read,
    /// Replace the value.
    Write(i64),
    /// Replace the value by the second number if it is the first.
    Cas(i64, i64),
}

/// What a client hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
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
    type Input = Input;
    type Output = Output;
    type State = Option<i64>;

    fn init(&self) -> Option<i64> {
        self.initial
    }

    fn step(&self, state: &Option<i64>, input: &Input, output: &Output) -> Option<Option<i64>> {
        let (fits, next) = match (*input, *output) {
            (Input::Read, Output::Value(found)) => (found == *state, *state),
            (Input::Read, _) => (true, *state),
            (Input::Write(value), _) => (true, Some(value)),
            (Input::Cas(from, to), answer) => {
                let swaps = *state == Some(from);
                let fits = !matches!(answer, Output::Swapped(told) if told != swaps);
                (fits, if swaps { Some(to) } else { *state })
            }
        };
        fits.then_some(next)
    }

    fn describe_operation(&self, input: &Input, output: &Output) -> String {
        let asked = match input {
            Input::Read => "read()".to_owned(),
            Input::Write(value) => format!("write({value})"),
            Input::Cas(from, to) => format!("cas({from}, {to})"),
        };
        match output {
            Output::Value(value) => format!("{asked} -> {}", self.describe_state(value)),
            Output::Written => asked,
            Output::Swapped(true) => format!("{asked} -> ok"),
            Output::Swapped(false) => format!("{asked} -> fail"),
            Output::Unknown => format!("{asked} -> ?"),
        }
    }

    fn describe_state(&self, state: &Option<i64>) -> String {
        state.map_or_else(|| "nil".to_owned(), |value| value.to_string())
    }
}
