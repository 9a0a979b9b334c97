//! `mrapp`: runs half an application for another engine, see
//! [`mapreduce::command::app`].

fn main() -> std::process::ExitCode {
    mapreduce::command::app()
}
