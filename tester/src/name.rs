//! The name of a test, and the command that repeats it.

use crate::options::RunOptions;

/// Identifies a test: its package, its libtest path and its title.
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
    /// The name of the running test, whose body is of type `F`. libtest names
    /// the thread after the test; if all tests share the main thread, the type
    /// of the closure gives the function that made it.
    pub(crate) fn of<F>(title: &str) -> Self {
        let mut name =
            Self::parse(std::any::type_name::<F>(), std::env::var("CARGO_PKG_NAME").ok(), title);
        if let Some(path) = std::thread::current().name().filter(|path| *path != "main") {
            path.clone_into(&mut name.path);
        }
        name
    }

    /// Splits the path of a closure's type. `package` is Cargo's variable,
    /// which only processes started by Cargo have; the default is the crate of
    /// the binary.
    fn parse(type_name: &str, package: Option<String>, title: &str) -> Self {
        let path = type_name.split("::{{closure}}").next().unwrap_or(type_name);
        let (binary, path) = path.split_once("::").unwrap_or((path, path));
        TestName {
            package: package.unwrap_or_else(|| binary.replace('_', "-")),
            path: path.to_owned(),
            title: title.to_owned(),
        }
    }

    /// The last part of the path, which begins the names of bundles.
    pub(crate) fn leaf(&self) -> &str {
        self.path.rsplit("::").next().unwrap_or(&self.path)
    }

    /// The command that runs this test alone under the variables of one run.
    pub(crate) fn replay_line(&self, options: &RunOptions) -> String {
        let Self { package, path, .. } = self;
        let variables = options.replay_vars();
        // The profile decides whether arithmetic overflow panics.
        let profile = if cfg!(debug_assertions) { "" } else { " --release" };
        format!("{variables} cargo test{profile} -p {package} {path} -- --exact --nocapture")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_omits_crate_and_closure() {
        let name = TestName::parse("raft::persistence::figure_8_2C::{{closure}}", None, "");
        assert_eq!(name.path, "persistence::figure_8_2C");
        assert_eq!(name.package, "raft");
    }

    #[test]
    fn package_from_cargo_replaces_the_crate_name() {
        let name = TestName::parse("it::basic", Some("labrpc".to_owned()), "Test: basic");
        assert_eq!([name.package, name.path, name.title], ["labrpc", "basic", "Test: basic"]);
    }
}
