//! dstest
fn main() {}
