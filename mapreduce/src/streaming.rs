//! The same applications in other people's engines: the protocol of Hadoop
//! Streaming, which Apache Hadoop and Apache Spark speak to programs.
//!
//! ```text
//!  lines of a split ──> mrapp map ──> KEY tab VALUE ──> the engine sorts and cuts
//!  KEY tab RESULT <── mrapp reduce <── KEY tab VALUE, keys ascending <──┘
//! ```
//!
//! * Map sees all lines of its standard input as one text. The name of the
//!   input is what the engine says in `mapreduce_map_input_file`.
//! * A line is cut at its first tab, so that values may hold tabs. A line
//!   without one is a key with an empty value.
//! * The values of a key come in the engine's order. Only our own engine keeps
//!   that of the inputs.
//! * A tab in a key, or the end of a line in a key or a value, cannot pass: it
//!   is refused. An escape would change the order of the keys, and would be no
//!   escape to any other program in the chain.

mod map;
mod pair;
mod reduce;

pub use map::map;
pub use pair::StreamError;
pub use reduce::reduce;
