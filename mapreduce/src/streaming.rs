//! Runs the applications in other engines: implements the Hadoop Streaming
//! protocol, which Apache Hadoop and Apache Spark use to run programs.
//!
//! ```text
//!  lines of a split ──> mrapp map ──> KEY tab VALUE ──> the engine sorts and splits
//!  KEY tab RESULT <── mrapp reduce <── KEY tab VALUE, keys ascending <──┘
//! ```
//!
//! * Map gets all lines of its standard input as one text. The engine passes the
//!   name of the input in `mapreduce_map_input_file`.
//! * A line is split at its first tab, so that values may contain tabs. A line
//!   without one is a key with an empty value.
//! * The values of a key come in the engine's order. Only this crate's engine keeps
//!   the order of the inputs.
//! * A tab in a key, or a line end in a key or a value, is an error. Escaping it
//!   would change the order of the keys, and other programs in the chain would not
//!   know the escape.

mod map;
mod pair;
mod reduce;

pub use map::map;
pub use pair::StreamError;
pub use reduce::reduce;
