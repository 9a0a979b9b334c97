//! What a test is called, and how it is run again.

use crate::options::RunOptions;

/// Where a test is to be found: its package and its path as libtest knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestName {
    /// The Cargo package, for `cargo test -p`.
    pub(crate) package: String,
    /// The path inside the test binary, for example `persistence::figure_8_2C`.
    pub(crate) path: String,
    /// The course's title, for example `Test (2C): Figure 8`.
    pub(crate) title: String,
}

impl TestName {
    /// The name of the running test, whose body is of type `F`. libtest
    /// names a test's thread after it; where all tests share the main thread, the
    /// closure's type tells in which function it was made.
    pub(crate) fn of<F>(title: &str) -> Self {
        let mut name =
            Self::parse(std::any::type_name::<F>(), std::env::var("CARGO_PKG_NAME").ok(), title);
        if let Some(path) = std::thread::current().name().filter(|path| *path != "main") {
            path.clone_into(&mut name.path);
        }
        name
    }

    /// Takes the path of a closure's type apart. Cargo tells the package only to
    /// processes that it starts itself; by hand the binary's crate must do.
    fn parse(type_name: &str, package: Option<String>, title: &str) -> Self {
        let path = type_name.split("::{{closure}}").next().unwrap_or(type_name);
        let (binary, path) = path.split_once("::").unwrap_or((path, path));
        TestName {
            package: package.unwrap_or_else(|| binary.replace('_', "-")),
            path: path.to_owned(),
            title: title.to_owned(),
        }
    }

    /// The last word of the path, which bundles are named for.
    pub(crate) fn leaf(&self) -> &str {
        self.path.rsplit("::").next().unwrap_or(&self.path)
    }

    /// The command that runs this test alone under the variables of one run.
    pub(crate) fn replay_line(&self, options: &RunOptions) -> String {
        let Self { package, path, .. } = self;
        let variables = options.replay_vars();
        // The profile decides whether arithmetic overflows are seen.
        let profile = if cfg!(debug_assertions) { "" } else { " --release" };
        format!("{variables} cargo test{profile} -p {package} {path} -- --exact --nocapture")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_loses_its_crate_and_its_closure() {
        let name = TestName::parse("raft::persistence::figure_8_2C::{{closure}}", None, "");
        assert_eq!(name.path, "persistence::figure_8_2C");
        assert_eq!(name.package, "raft");
    }

    #[test]
    fn cargo_knows_the_package_better() {
        let name = TestName::parse("it::basic", Some("labrpc".to_owned()), "Test: basic");
        assert_eq!([name.package, name.path, name.title], ["labrpc", "basic", "Test: basic"]);
    }
}
