//! Where lines come from.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek};
use std::path::Path;
use std::time::Duration;

/// How often a followed file is looked at.
const POLL: Duration = Duration::from_millis(50);

/// The longest line in bytes that is read as one: no log has it, and what is no log
/// must not fill the memory.
const LONGEST: u64 = 1 << 20;

/// A log that is read line by line: a pipe, a file, or a file that grows.
pub(crate) struct Input {
    reader: BufReader<Box<dyn Read>>,
}

impl Input {
    /// Opens a file, or the standard input, which ends when its writer is done: it
    /// needs no following.
    pub(crate) fn open(file: Option<&Path>, follow: bool) -> io::Result<Input> {
        let source: Box<dyn Read> = match file {
            None => Box::new(io::stdin().lock()),
            Some(path) if follow => Box::new(Follow::new(File::open(path)?)),
            Some(path) => Box::new(File::open(path)?),
        };
        Ok(Input { reader: BufReader::with_capacity(1 << 16, source) })
    }

    /// Whether no whole line is at hand: to read on may take a while.
    pub(crate) fn is_about_to_wait(&self) -> bool {
        !self.reader.buffer().contains(&b'\n')
    }

    /// Reads a line with its end, in place of what `text` held. `false` means that
    /// there are no more. A line longer than [`LONGEST`] comes in parts without end.
    pub(crate) fn read_line(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        text.clear();
        Ok((&mut self.reader).take(LONGEST).read_until(b'\n', text)? > 0)
    }
}

/// A file that has no end: more is waited for.
struct Follow {
    file: File,
    /// The bytes read.
    position: u64,
    /// Whether they end in the middle of a line.
    mid_line: bool,
}

impl Follow {
    fn new(file: File) -> Follow {
        Follow { file, position: 0, mid_line: false }
    }

    /// Whether the file was emptied and is written anew. (What is no regular file
    /// has no length.)
    fn was_cut(&self) -> io::Result<bool> {
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
            if self.was_cut()? {
                self.file.rewind()?;
                self.position = 0;
                // The rest of this line will never come.
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
    fn lines_keep_their_ends() {
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
    fn a_line_without_end_comes_in_parts() {
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
    fn a_followed_file_may_grow_and_begin_anew() {
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
