//! The labs of the workspace: their packages, their test binaries and their tests.
//!
//! dstest calls Cargo once per batch and then runs the test binaries directly. A
//! batch therefore does not wait for Cargo, and an edit of the sources while it
//! runs does not change it.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A package with a test binary of the same name, as every lab has. Tests that need
/// a different process may be in further binaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lab {
    /// The package.
    pub(crate) package: String,
    /// Its id in Cargo's messages.
    id: String,
    /// Its folder, in which the tests run.
    pub(crate) folder: PathBuf,
    /// Its test binaries.
    binaries: Vec<String>,
}

/// A test in a binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// The package.
    pub(crate) package: String,
    /// The path of the function in libtest.
    pub(crate) path: String,
    /// Its binary.
    pub(crate) binary: Arc<Path>,
    /// The folder in which it runs.
    pub(crate) folder: Arc<Path>,
}

impl Test {
    /// Creates a test without a binary, for code that uses only names.
    #[cfg(test)]
    pub(crate) fn new(package: &str, path: &str) -> Self {
        let nowhere: Arc<Path> = Path::new("").into();
        let [package, path] = [package, path].map(str::to_owned);
        Test { package, path, binary: Arc::clone(&nowhere), folder: nowhere }
    }

    /// Returns the name of the function: `figure_8_2C`.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit("::").next().unwrap_or(&self.path)
    }

    /// Returns the last word of the name: the tag of a course test.
    pub(crate) fn last_word(&self) -> &str {
        self.name().rsplit('_').next().unwrap_or_default()
    }
}

/// A workspace, under one profile.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its `Cargo.toml`.
    pub(crate) manifest: PathBuf,
    /// Whether tests are built with the release profile.
    pub(crate) release: bool,
}

/// The part of the output of `cargo metadata` that dstest uses.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    id: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Target {
    fn is_test(&self) -> bool {
        self.kind.iter().any(|kind| kind == "test")
    }
}

/// The part of a line of `cargo build --message-format=json` that dstest uses.
#[derive(Deserialize)]
struct Artifact {
    package_id: Option<String>,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

impl Lab {
    fn of(package: Package) -> Self {
        let tests = package.targets.into_iter().filter(Target::is_test);
        Lab {
            folder: package.manifest_path.parent().unwrap_or(Path::new("/")).to_owned(),
            package: package.name,
            id: package.id,
            binaries: tests.map(|target| target.name).collect(),
        }
    }
}

impl Workspace {
    /// Returns the labs.
    pub(crate) fn labs(&self) -> Result<Vec<Lab>, String> {
        let mut command = self.cargo("metadata");
        command.args(["--no-deps", "--format-version", "1"]);
        let metadata: Metadata = parse(&output(&mut command)?)?;
        let labs = metadata.packages.into_iter().map(Lab::of);
        Ok(labs.filter(|lab| lab.binaries.contains(&lab.package)).collect())
    }

    /// Builds the test binaries of these labs and lists their tests. The compiler's
    /// messages go to the standard error.
    pub(crate) fn tests(&self, labs: &[Lab]) -> Result<Vec<Test>, String> {
        let mut command = self.cargo("test");
        command.args(["--no-run", "--message-format=json-render-diagnostics"]);
        command.args(self.release.then_some("--release"));
        // On a terminal Cargo shows the progress of a long build.
        command.args((!std::io::stderr().is_terminal()).then_some("--quiet"));
        for lab in labs {
            command.args(["-p", &lab.package]);
            command.args(lab.binaries.iter().flat_map(|binary| ["--test", binary]));
        }
        let messages = output(&mut command)?;
        let mut tests = Vec::new();
        for line in messages.lines() {
            let artifact: Artifact = parse(line)?;
            let Artifact { package_id: Some(id), target: Some(target), executable: Some(binary) } =
                artifact
            else {
                continue;
            };
            if let Some(lab) = labs.iter().find(|lab| target.is_test() && lab.id == id) {
                tests.extend(list(lab, &binary)?);
            }
        }
        Ok(tests)
    }

    fn cargo(&self, subcommand: &str) -> Command {
        // Cargo sets CARGO to its own path for programs that it starts.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.arg(subcommand).arg("--manifest-path").arg(&self.manifest);
        command
    }
}

/// Lists the tests of a binary.
fn list(lab: &Lab, binary: &Path) -> Result<Vec<Test>, String> {
    let mut command = Command::new(binary);
    command.args(["--list", "--format", "terse"]).current_dir(&lab.folder);
    let (binary, folder): (Arc<Path>, Arc<Path>) = (binary.into(), lab.folder.as_path().into());
    let test = |path: &str| Test {
        package: lab.package.clone(),
        path: path.to_owned(),
        binary: Arc::clone(&binary),
        folder: Arc::clone(&folder),
    };
    let lines = output(&mut command)?;
    Ok(lines.lines().filter_map(|line| line.strip_suffix(": test")).map(test).collect())
}

/// Runs a program that must succeed and returns its standard output. The program
/// inherits our standard error if that is a terminal. Otherwise we copy its
/// messages there, since Cargo fails when it cannot write them.
fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let is_terminal = std::io::stderr().is_terminal();
    command.stderr(if is_terminal { Stdio::inherit() } else { Stdio::piped() });
    let done = command.stdin(Stdio::null()).output();
    let done = done.map_err(|error| format!("cannot start {program}: {error}"))?;
    printing::raw_to_stderr(&String::from_utf8_lossy(&done.stderr));
    if !done.status.success() {
        let arguments: Vec<_> = command.get_args().map(|text| text.to_string_lossy()).collect();
        return Err(format!("`{program} {}` failed: {}", arguments.join(" "), done.status));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("cannot parse Cargo's output: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_last_word_are_found() {
        let test = Test::new("raft", "persistence::figure_8_2C");
        assert_eq!((test.name(), test.last_word()), ("figure_8_2C", "2C"));
        let test = Test::new("raft", "alone");
        assert_eq!((test.name(), test.last_word()), ("alone", "alone"));
    }

    #[test]
    fn the_error_names_the_program_that_failed() {
        let error = output(Command::new("false").arg("-x")).unwrap_err();
        assert!(error.starts_with("`false -x` failed: exit status: 1"), "{error}");
        let error = output(&mut Command::new("/no/such/program")).unwrap_err();
        assert!(error.starts_with("cannot start /no/such/program: "), "{error}");
    }

    #[test]
    fn cargo_messages_are_parsed() {
        let artifact = r#"{"reason":"compiler-artifact","package_id":"raft 0.1.0",
            "target":{"kind":["test"],"name":"raft"},"executable":"/t/raft-1"}"#;
        let artifact: Artifact = parse(artifact).unwrap();
        assert!(artifact.target.is_some_and(|target| target.is_test()));
        let finished: Artifact = parse(r#"{"reason":"build-finished","success":true}"#).unwrap();
        assert!(finished.executable.is_none());
    }
}
