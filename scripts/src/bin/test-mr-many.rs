//! `test-mr-many`: the tests of the MapReduce lab, see [`scripts::test_mr`].

fn main() -> std::process::ExitCode {
    scripts::test_mr::main_many()
}
