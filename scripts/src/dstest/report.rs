//! The lines of `LAB_REPORT`: what the tester reports to tools about each run.

use std::io;
use std::path::Path;

use serde::Deserialize;

/// One run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Entry {
    /// The path of the test in its binary.
    pub(crate) test: String,
    /// The seed, in hexadecimal.
    pub(crate) seed: String,
    /// `passed` or `failed`.
    pub(crate) verdict: String,
    /// Lab time in seconds.
    pub(crate) virtual_s: f64,
    /// CPU time in seconds.
    pub(crate) cpu_s: f64,
    /// Requests sent.
    pub(crate) rpcs: u64,
    /// Checks without a result.
    #[serde(default)]
    pub(crate) unknown: u64,
    /// The message of a failure.
    pub(crate) panic: Option<String>,
    /// The file, line and column of a failure.
    pub(crate) place: Option<String>,
    /// The hash of the trace.
    pub(crate) hash: String,
}

impl Entry {
    /// Returns whether the run passed.
    pub(crate) fn passed(&self) -> bool {
        self.verdict == "passed"
    }
}

/// Reads the runs of a report. A report without runs may not exist, and a process
/// that was killed may have left half a line.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"test":"a::b_2A","seed":"0x2a","verdict":"failed","virtual_s":3.5,
        "cpu_s":0.01,"rpcs":12,"bytes":99,"ops":0,"panic":"no leader","place":"a.rs:1:2",
        "hash":"0x00"}"#;

    #[test]
    fn half_a_line_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        assert_eq!(read(&path).unwrap(), []);
        let line = LINE.replace('\n', "");
        std::fs::write(&path, format!("{line}\n{line}\n{}", &line[..40])).unwrap();
        let entries = read(&path).unwrap();
        assert_eq!(entries.len(), 2);
        assert!(!entries[0].passed());
        assert_eq!(entries[1].panic.as_deref(), Some("no leader"));
        std::fs::write(&path, "something else\n").unwrap();
        assert!(read(&path).is_err());
    }
}
