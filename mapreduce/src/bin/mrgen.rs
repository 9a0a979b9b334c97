//! `mrgen`: writes texts for tests and measurements, see
//! [`mapreduce::command::generate`].

fn main() -> std::process::ExitCode {
    mapreduce::command::generate()
}
