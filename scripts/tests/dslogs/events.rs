//! Checks the table of trace events in `docs/bundle.md` against the declarations of
//! the crates.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The row of the table for each kind, and the files that declare it.
type Rows = BTreeMap<String, Vec<PathBuf>>;

/// Returns the root of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// Collects the Rust files of the workspace that may declare events, by their path in
/// it. It skips the tests of labrt, which declare events that no bundle has.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    let path = root().join(folder);
    for entry in fs::read_dir(&path).unwrap_or_else(|error| panic!("{path:?}: {error}")) {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        let file = folder.join(&name);
        let is_folder = entry.file_type().expect("a type").is_dir();
        if is_folder
            && !name.starts_with('.')
            && name != "target"
            && file != Path::new("labrt/tests")
        {
            sources(&file, files);
        } else if name.ends_with(".rs") {
            files.push(file);
        }
    }
}

/// Adds the rows for the events that a file declares outside its unit tests.
fn read_declarations(file: &Path, rows: &mut Rows) {
    let text = fs::read_to_string(root().join(file)).expect("a source file");
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.ends_with("trace_events! {") && !line.trim_start().starts_with("//") {
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = format!("{indent}}}");
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
            let rows_of_block = rows_of(&block)
                .unwrap_or_else(|text| panic!("{file:?}: cannot parse the declaration {text:?}"));
            for row in rows_of_block {
                rows.entry(row).or_default().push(file.to_owned());
            }
        }
    }
}

/// Returns the rows for the declarations in one block. The error is the code that
/// cannot be parsed.
fn rows_of(block: &[&str]) -> Result<Vec<String>, String> {
    let (mut rows, mut comment, mut code) = (Vec::new(), Vec::new(), String::new());
    for line in block.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim());
            continue;
        }
        code.push_str(line);
        if let Some(declaration) = code.strip_suffix('}') {
            let row = row(&comment.join(" "), declaration).ok_or_else(|| code.clone())?;
            rows.push(row);
            comment.clear();
            code.clear();
        }
    }
    if code.is_empty() && comment.is_empty() { Ok(rows) } else { Err(code) }
}

/// Returns the row for `Commit = "commit" { index: u64, term: u64 ` and its comment.
fn row(comment: &str, declaration: &str) -> Option<String> {
    let (head, fields) = declaration.split_once('{')?;
    let (_, name) = head.split_once('=')?;
    let name = name.trim().strip_prefix('"')?.strip_suffix('"')?;
    let mut row = format!("| `{name}` |");
    for (place, field) in fields.split(',').filter(|field| !field.trim().is_empty()).enumerate() {
        let (field, _type) = field.split_once(':')?;
        row += &format!("{} `{}`", if place == 0 { "" } else { "," }, field.trim());
    }
    Some(format!("{row} | {comment} |"))
}

#[test]
fn the_document_lists_exactly_the_declared_events() {
    let (mut files, mut declared) = (Vec::new(), Rows::new());
    sources(Path::new(""), &mut files);
    files.iter().for_each(|file| read_declarations(file, &mut declared));
    for package in ["labrt", "labrpc", "raft", "rsm", "tester"] {
        let of_package = |file: &PathBuf| file.starts_with(package);
        let found = declared.values().flatten().any(of_package);
        assert!(found, "no declaration found in {package}");
    }

    let document = fs::read_to_string(root().join("docs/bundle.md")).expect("the document");
    let (_, table) = document.split_once("| kind | fields |").expect("the table of events");
    let (_, table) = table.split_once("|---|---|---|\n").expect("its head");
    let documented: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    for (row, files) in &declared {
        let is_listed = documented.contains(&row.as_str());
        assert!(is_listed, "docs/bundle.md lacks this row, declared in {files:?}:\n{row}");
    }
    for row in documented {
        assert!(
            declared.contains_key(row),
            "docs/bundle.md has a row that no crate declares:\n{row}"
        );
    }
    let kinds = declared.keys().map(|row| row.split(' ').nth(1));
    let mut kinds: Vec<_> = kinds.collect();
    kinds.dedup();
    assert_eq!(kinds.len(), declared.len(), "a kind has two different declarations");
}

#[test]
fn declarations_of_several_lines_are_parsed() {
    let block = [
        "    /// A server saves `first`",
        "    /// to `last`.",
        r#"    Save = "save" {"#,
        "        first: u64,",
        "        last: Option<u64>,",
        "    }",
        "",
        "    /// The end.",
        r#"    End = "end" {}"#,
    ];
    let rows = [
        "| `save` | `first`, `last` | A server saves `first` to `last`. |",
        "| `end` | | The end. |",
    ];
    assert_eq!(rows_of(&block).expect("declarations"), rows);
    for wrong in ["/// Without an event.", r#"End = end {}"#, r#"End = "end" { first }"#, "End"] {
        rows_of(&[wrong]).expect_err(wrong);
    }
}
