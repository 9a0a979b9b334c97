//! `mrsequential`: runs a whole job in one process, see
//! [`mapreduce::command::sequential`].

fn main() -> std::process::ExitCode {
    mapreduce::command::sequential()
}
