//! Reads and compares the outputs of jobs.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// Returns the sorted lines of the `count` outputs in a folder. The error names an
/// output that is missing, or another file that matches `mr-out*`.
pub(crate) fn read_outputs(folder: &Path, count: usize) -> Result<Vec<String>, String> {
    let expected: Vec<String> = (0..count).map(|number| format!("mr-out-{number}")).collect();
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let is_stray = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("mr-out") && !expected.iter().any(|known| *known == name)
    };
    if let Some(stray) = names.into_iter().find(is_stray) {
        return Err(format!("{} is not one of the {count} outputs", folder.join(stray).display()));
    }
    let mut lines = Vec::new();
    for name in &expected {
        let path = folder.join(name);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        lines.extend(text.lines().map(Into::into));
    }
    lines.sort_unstable();
    Ok(lines)
}

/// Returns the sorted lines of the `count` outputs in a folder, which must exist.
#[track_caller]
pub(crate) fn sorted_lines(folder: &Path, count: usize) -> Vec<String> {
    read_outputs(folder, count).unwrap_or_else(|error| panic!("{error}"))
}

/// Removes all outputs, for the next job in a folder.
pub(crate) fn remove_outputs(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.file_name().to_string_lossy().starts_with("mr-out") {
            fs::remove_file(entry.path()).expect("it is ours");
        }
    }
}

/// Compares outputs of many lines without printing them all.
#[track_caller]
pub(crate) fn assert_same(output: &[String], reference: &[String]) {
    assert!(!reference.is_empty(), "the reference is empty");
    let differ = output.iter().zip(reference).find(|(ours, theirs)| ours != theirs);
    assert_eq!(differ, None, "the first lines that differ");
    assert_eq!(output.len(), reference.len(), "the numbers of lines");
}

#[test]
fn outputs_are_all_there_and_nothing_else_is_MR() {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text| fs::write(folder.path().join(name), text).expect("there is room");
    write("mr-out-0", "b 1\n");
    let error = read_outputs(folder.path(), 2).expect_err("one is missing");
    assert!(error.contains("mr-out-1: No such file"), "{error}");
    write("mr-out-1", "a 2\n");
    write("mr-0-0", "z");
    assert_eq!(read_outputs(folder.path(), 2), Ok(vec!["a 2".into(), "b 1".into()]));
    for stray in ["mr-out-2", "mr-out-tmp-77", "mr-out"] {
        write(stray, "");
        let error = read_outputs(folder.path(), 2).expect_err("a stray file");
        assert!(error.ends_with(&format!("{stray} is not one of the 2 outputs")), "{error}");
        fs::remove_file(folder.path().join(stray)).expect("it is there");
    }
}
