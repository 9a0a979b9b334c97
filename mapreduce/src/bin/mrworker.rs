//! `mrworker`: see [`mapreduce::command::worker`].

fn main() -> std::process::ExitCode {
    mapreduce::command::worker()
}
