//! The tools for the labs; each program is a module.

pub mod dslogs;
pub mod dstest;
pub mod test_mr;
