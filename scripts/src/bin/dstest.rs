//! `dstest`: runs tests in batches, see [`scripts::dstest`].

fn main() -> std::process::ExitCode {
    scripts::dstest::main()
}
