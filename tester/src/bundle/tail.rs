//! Bundle files of unlimited growth, of which the last part is kept.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// The minimum size of the part that is kept, if the file is that long.
const KEPT: u64 = 64 << 20;

/// A file of lines that keeps only the last of them: between [`KEPT`] bytes and
/// twice that. When `file` is full it becomes the earlier part, which replaces
/// the one before, and a new `file` begins.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    file: BufWriter<File>,
    /// Bytes in `file`.
    length: u64,
    /// The length at which `file` becomes the earlier part.
    limit: u64,
    /// The line that marks the removed beginning.
    cut: &'static str,
    /// How often `file` has become the earlier part.
    turns: u64,
    /// The first error.
    result: io::Result<()>,
}

impl Tail {
    /// Creates an empty file.
    pub(crate) fn new(path: PathBuf, cut: &'static str) -> io::Result<Self> {
        Tail::with_limit(path, cut, KEPT)
    }

    fn with_limit(path: PathBuf, cut: &'static str, limit: u64) -> io::Result<Self> {
        let file = BufWriter::new(File::create(&path)?);
        Ok(Tail { path, file, length: 0, limit, cut, turns: 0, result: Ok(()) })
    }

    /// Adds a line. [`finish`](Self::finish) returns the first error.
    pub(crate) fn add(&mut self, line: &[u8]) {
        if self.result.is_ok() {
            self.result = self.try_add(line);
        }
    }

    fn try_add(&mut self, line: &[u8]) -> io::Result<()> {
        if self.length >= self.limit {
            self.file.flush()?;
            fs::rename(&self.path, self.earlier())?;
            self.file = BufWriter::new(File::create(&self.path)?);
            self.turns += 1;
            self.length = 0;
        }
        self.length += line.len() as u64;
        self.file.write_all(line)
    }

    /// The path of the earlier part.
    fn earlier(&self) -> PathBuf {
        self.path.with_extension("earlier")
    }

    /// Joins the two parts and completes the file.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        std::mem::replace(&mut self.result, Ok(()))?;
        self.file.flush()?;
        if self.turns == 0 {
            return Ok(());
        }
        let whole = self.path.with_extension("whole");
        let mut out = File::create(&whole)?;
        if self.turns > 1 {
            out.write_all(self.cut.as_bytes())?;
        }
        for part in [self.earlier(), self.path.clone()] {
            io::copy(&mut File::open(&part)?, &mut out)?;
            fs::remove_file(part)?;
        }
        fs::rename(whole, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes lines of two bytes with a limit of ten, and returns the kept
    /// ones.
    fn kept(lines: u8) -> String {
        let folder = tempfile::tempdir().expect("the system can create a folder");
        let path = folder.path().join("lines.txt");
        let mut tail =
            Tail::with_limit(path.clone(), "cut\n", 10).expect("the file can be created");
        (0..lines).for_each(|line| tail.add(&[b'a' + line, b'\n']));
        tail.finish().expect("the file is complete");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder is readable").count(), 1);
        fs::read_to_string(path).expect("the file is UTF-8").replace('\n', "")
    }

    #[test]
    fn last_lines_are_kept() {
        assert_eq!(kept(0), "");
        assert_eq!(kept(5), "abcde");
        assert_eq!(kept(10), "abcdefghij");
        assert_eq!(kept(11), "cutfghijk");
        assert_eq!(kept(16), "cutklmnop");
    }
}
