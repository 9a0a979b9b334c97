//! dslogs
fn main() {}
