//! `mrgen`: writes texts for tests and measurements, see [`mapreduce::Corpus`].

fn main() -> std::process::ExitCode {
    mapreduce::command::generate()
}
