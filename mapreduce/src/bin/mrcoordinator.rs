//! `mrcoordinator`: see [`mapreduce::command::coordinator`].

fn main() -> std::process::ExitCode {
    mapreduce::command::coordinator()
}
