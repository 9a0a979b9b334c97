//! `mrsequential`: runs a whole job in one process, see [`mapreduce::sequential`].

fn main() -> std::process::ExitCode {
    mapreduce::command::sequential()
}
