//! The labs of the workspace: what Cargo knows of them, their test binaries and
//! their tests.
//!
//! Cargo is asked once per batch, and the test binaries are then run directly:
//! a batch neither waits for the build tool nor changes under a developer's
//! hands while it runs.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A package with a test binary of its own name, as every lab has. Tests that need
/// a process of their own kind may be in further ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lab {
    /// The package.
    pub(crate) package: String,
    /// What Cargo's messages call it.
    id: String,
    /// Its folder: tests run in it.
    pub(crate) folder: PathBuf,
    /// Its test binaries.
    binaries: Vec<String>,
}

/// A test in a binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// The package.
    pub(crate) package: String,
    /// The path of the function, as libtest knows it.
    pub(crate) path: String,
    /// Its binary.
    pub(crate) binary: Arc<Path>,
    /// The folder that it runs in.
    pub(crate) folder: Arc<Path>,
}

impl Test {
    /// A test without a binary, to try the code that only looks at names.
    #[cfg(test)]
    pub(crate) fn new(package: &str, path: &str) -> Self {
        let nowhere: Arc<Path> = Path::new("").into();
        let [package, path] = [package, path].map(str::to_owned);
        Test { package, path, binary: Arc::clone(&nowhere), folder: nowhere }
    }

    /// The name of the function: `figure_8_2C`.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit("::").next().unwrap_or(&self.path)
    }

    /// The last word of its name: the tag of a course test.
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

/// What `cargo metadata` prints, as far as we care.
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

/// A line of `cargo build --message-format=json`, as far as we care.
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
    /// The labs.
    pub(crate) fn labs(&self) -> Result<Vec<Lab>, String> {
        let mut command = self.cargo("metadata");
        command.args(["--no-deps", "--format-version", "1"]);
        let metadata: Metadata = parse(&output(&mut command)?)?;
        let labs = metadata.packages.into_iter().map(Lab::of);
        Ok(labs.filter(|lab| lab.binaries.contains(&lab.package)).collect())
    }

    /// Builds the test binaries of these labs and lists their tests. What the
    /// compiler has to say goes to the standard error.
    pub(crate) fn tests(&self, labs: &[Lab]) -> Result<Vec<Test>, String> {
        let mut command = self.cargo("test");
        command.args(["--no-run", "--message-format=json-render-diagnostics"]);
        command.args(self.release.then_some("--release"));
        // Somebody at a terminal wants to see how a long build gets on.
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
        // Cargo names itself to the programs that it starts.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.arg(subcommand).arg("--manifest-path").arg(&self.manifest);
        command
    }
}

/// The tests of a binary.
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

/// The standard output of a program that must succeed. Its standard error is ours if
/// that is a terminal. Otherwise we copy it: Cargo fails when it cannot write.
fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let is_terminal = std::io::stderr().is_terminal();
    command.stderr(if is_terminal { Stdio::inherit() } else { Stdio::piped() });
    let done = command.stdin(Stdio::null()).output();
    let done = done.map_err(|error| format!("{program} cannot be started: {error}"))?;
    printing::raw_to_stderr(&String::from_utf8_lossy(&done.stderr));
    if !done.status.success() {
        let arguments: Vec<_> = command.get_args().map(|text| text.to_string_lossy()).collect();
        return Err(format!("`{program} {}` failed: {}", arguments.join(" "), done.status));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("Cargo's output is not understood: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_words() {
        let test = Test::new("raft", "persistence::figure_8_2C");
        assert_eq!((test.name(), test.last_word()), ("figure_8_2C", "2C"));
        let test = Test::new("raft", "alone");
        assert_eq!((test.name(), test.last_word()), ("alone", "alone"));
    }

    #[test]
    fn a_program_that_fails_is_named() {
        let error = output(Command::new("false").arg("-x")).unwrap_err();
        assert!(error.starts_with("`false -x` failed: exit status: 1"), "{error}");
        let error = output(&mut Command::new("/no/such/program")).unwrap_err();
        assert!(error.starts_with("/no/such/program cannot be started: "), "{error}");
    }

    #[test]
    fn messages_of_cargo() {
        let artifact = r#"{"reason":"compiler-artifact","package_id":"raft 0.1.0",
            "target":{"kind":["test"],"name":"raft"},"executable":"/t/raft-1"}"#;
        let artifact: Artifact = parse(artifact).unwrap();
        assert!(artifact.target.is_some_and(|target| target.is_test()));
        let finished: Artifact = parse(r#"{"reason":"build-finished","success":true}"#).unwrap();
        assert!(finished.executable.is_none());
    }
}
