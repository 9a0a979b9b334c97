//! Files of a bundle that may grow without end: their last part is kept.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// How many bytes of a file are kept at least, if there are so many.
const KEPT: u64 = 64 << 20;

/// A file of lines, of which the last are kept: between [`KEPT`] bytes and twice as
/// many.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    file: BufWriter<File>,
    /// Bytes in `file`.
    length: u64,
    /// When `file` becomes the earlier part, in place of the one that was.
    limit: u64,
    /// The line that stands for what was left out.
    cut: &'static str,
    /// How often `file` has become the earlier part.
    turns: u64,
    /// The first thing that went wrong.
    result: io::Result<()>,
}

impl Tail {
    /// An empty file.
    pub(crate) fn new(path: PathBuf, cut: &'static str) -> io::Result<Self> {
        Tail::with_limit(path, cut, KEPT)
    }

    fn with_limit(path: PathBuf, cut: &'static str, limit: u64) -> io::Result<Self> {
        let file = BufWriter::new(File::create(&path)?);
        Ok(Tail { path, file, length: 0, limit, cut, turns: 0, result: Ok(()) })
    }

    /// Adds a line. What goes wrong comes out in the end.
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

    /// The file of the earlier part.
    fn earlier(&self) -> PathBuf {
        self.path.with_extension("earlier")
    }

    /// Completes the file.
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

    /// What is left of so many lines of two bytes, with a limit of ten.
    fn left(lines: u8) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lines.txt");
        let mut tail = Tail::with_limit(path.clone(), "cut\n", 10).expect("a file");
        (0..lines).for_each(|line| tail.add(&[b'a' + line, b'\n']));
        tail.finish().expect("no trouble");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        fs::read_to_string(path).expect("text").replace('\n', "")
    }

    #[test]
    fn the_last_lines_are_kept() {
        assert_eq!(left(0), "");
        assert_eq!(left(5), "abcde");
        assert_eq!(left(10), "abcdefghij");
        assert_eq!(left(11), "cutfghijk");
        assert_eq!(left(16), "cutklmnop");
    }
}
