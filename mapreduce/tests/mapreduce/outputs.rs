//! What jobs leave, and how it is compared.

use std::fs;
use std::path::Path;

/// The lines of the first `count` outputs in a folder, all of which must be
/// there.
pub(crate) fn sorted_lines(folder: &Path, count: usize) -> Vec<String> {
    let read = |number| {
        let path = folder.join(format!("mr-out-{number}"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let texts: Vec<String> = (0..count).map(read).collect();
    let mut lines: Vec<String> =
        texts.iter().flat_map(|text| text.lines()).map(Into::into).collect();
    lines.sort_unstable();
    lines
}

/// Compares outputs of many lines without printing them all.
#[track_caller]
pub(crate) fn assert_same(output: &[String], reference: &[String]) {
    assert!(!reference.is_empty(), "the reference is empty");
    let differ = output.iter().zip(reference).find(|(ours, theirs)| ours != theirs);
    assert_eq!(differ, None, "the first lines that differ");
    assert_eq!(output.len(), reference.len(), "the numbers of lines");
}
