//! `dslogs`: shows the debug lines of the labs, see [`scripts::dslogs`].

fn main() -> std::process::ExitCode {
    scripts::dslogs::main()
}
