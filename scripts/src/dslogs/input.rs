//! Reads lines from a pipe, a file, or a file that grows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek};
use std::path::Path;
use std::time::Duration;

/// How often a followed file is checked for more lines.
const POLL: Duration = Duration::from_millis(50);

/// The longest line that is read as one, in bytes. Logs have shorter lines, and a
/// file that is no log must not fill the memory.
const LONGEST: u64 = 1 << 20;

/// A log that is read line by line: a pipe, a file, or a file that grows.
pub(crate) struct Input {
    reader: BufReader<Box<dyn Read>>,
}

impl Input {
    /// Opens a file or the standard input. The latter ignores `follow`: it ends only
    /// when its writer does.
    pub(crate) fn open(file: Option<&Path>, follow: bool) -> io::Result<Input> {
        let source: Box<dyn Read> = match file {
            None => Box::new(io::stdin().lock()),
            Some(path) if follow => Box::new(Follow::new(File::open(path)?)),
            Some(path) => Box::new(File::open(path)?),
        };
        Ok(Input { reader: BufReader::with_capacity(1 << 16, source) })
    }

    /// Returns whether no whole line is buffered, so that the next read may wait.
    pub(crate) fn is_about_to_wait(&self) -> bool {
        !self.reader.buffer().contains(&b'\n')
    }

    /// Reads a line with its end into `text`, which it clears first. Returns `false` at
    /// the end of the input. A line longer than [`LONGEST`] is read in parts without
    /// end.
    pub(crate) fn read_line(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        text.clear();
        Ok((&mut self.reader).take(LONGEST).read_until(b'\n', text)? > 0)
    }
}

/// A file without end: a read at its end waits for more.
struct Follow {
    file: File,
    /// How many bytes were read.
    position: u64,
    /// Whether they end in the middle of a line.
    mid_line: bool,
}

impl Follow {
    fn new(file: File) -> Follow {
        Follow { file, position: 0, mid_line: false }
    }

    /// Returns whether the file was truncated and is written again. (Only regular
    /// files have a length.)
    fn was_truncated(&self) -> io::Result<bool> {
        let metadata = self.file.metadata()?;
        Ok(metadata.is_file() && metadata.len() < self.position)
    }
}

impl Read for Follow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = match self.file.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            };
            if count > 0 {
                self.position += count as u64;
                self.mid_line = buffer[count - 1] != b'\n';
                return Ok(count);
            }
            if self.was_truncated()? {
                self.file.rewind()?;
                self.position = 0;
                // The rest of this line is lost.
                if std::mem::take(&mut self.mid_line) && !buffer.is_empty() {
                    buffer[0] = b'\n';
                    return Ok(1);
                }
            } else {
                std::thread::sleep(POLL);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_keep_their_line_ends() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"one\r\n\ntwo").expect("written");
        let mut input = Input::open(Some(file.path()), false).expect("open");
        let mut text = b"old".to_vec();
        for line in [&b"one\r\n"[..], b"\n", b"two"] {
            assert!(input.read_line(&mut text).expect("read"));
            assert_eq!(text, line);
        }
        assert!(!input.read_line(&mut text).expect("read"));
    }

    #[test]
    fn a_very_long_line_is_read_in_parts() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(2 * LONGEST + 3).expect("room");
        let mut input = Input::open(Some(file.path()), false).expect("open");
        let mut text = Vec::new();
        for length in [LONGEST, LONGEST, 3] {
            assert!(input.read_line(&mut text).expect("read"));
            assert_eq!(text.len() as u64, length);
        }
        assert!(!input.read_line(&mut text).expect("read"));
    }

    #[test]
    fn a_followed_file_may_grow_and_be_truncated() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut writer = file.as_file();
        let mut input = Input::open(Some(file.path()), true).expect("open");
        let mut text = Vec::new();
        let mut next = |mut writer: &File, written: &[u8], line: &[u8]| {
            writer.write_all(written).expect("written");
            assert!(input.read_line(&mut text).expect("read"));
            assert_eq!(text, line);
        };
        next(writer, b"first line of many\n", b"first line of many\n");
        next(writer, b"second line\nthird", b"second line\n");
        writer.set_len(0).expect("emptied");
        writer.rewind().expect("rewound");
        next(writer, b"new\n", b"third\n");
        next(writer, b"", b"new\n");
    }
}
