//! Sorted runs: the files that a map task writes for each reduce task.
//!
//! ```text
//! run   = "mrr1" group*                         keys strictly ascending
//! group = length key  length repeat*            second length: bytes of all repeats
//! repeat = times  length value                  the value, `times` times
//! ```
//!
//! Numbers are varints (`varint.rs`). A key is written once, and so is a value
//! that is repeated, five times or a million. So the intermediate data of word
//! count is a twentieth of its input.

use std::str;

use super::varint;

/// How a run begins, which distinguishes it from other files.
const MAGIC: &[u8; 4] = b"mrr1";

/// Writes one run, group by group.
#[derive(Debug)]
pub(crate) struct RunWriter {
    bytes: Vec<u8>,
    /// The repeats of the current group. Their length is written before them.
    repeats: Vec<u8>,
}

impl RunWriter {
    /// Creates a run without groups.
    pub(crate) fn new() -> Self {
        RunWriter { bytes: MAGIC.to_vec(), repeats: Vec::new() }
    }

    /// Adds a key, which must be greater than all others, with its values.
    pub(crate) fn group<'a>(&mut self, key: &[u8], values: impl Iterator<Item = (&'a [u8], u64)>) {
        self.repeats.clear();
        for (value, times) in values {
            varint::write(&mut self.repeats, times);
            write_bytes(&mut self.repeats, value);
        }
        write_bytes(&mut self.bytes, key);
        write_bytes(&mut self.bytes, &self.repeats);
    }

    /// Returns the run's bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint::write(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A run that has been checked from end to end, so that reading it cannot fail.
#[derive(Debug)]
pub(crate) struct Run {
    bytes: Vec<u8>,
}

impl Run {
    /// Checks the bytes of a run. The error is the offset of the first group
    /// that is wrong.
    pub(crate) fn check(bytes: Vec<u8>) -> Result<Run, usize> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(0_usize)?;
        let mut last_key = None;
        while !rest.is_empty() {
            let at = bytes.len() - rest.len();
            let (key, mut repeats) = read_group(&mut rest).ok_or(at)?;
            while !repeats.is_empty() {
                read_repeat(&mut repeats).ok_or(at)?;
            }
            // `None` is less than any key.
            if Some(key) <= last_key {
                return Err(at);
            }
            last_key = Some(key);
        }
        Ok(Run { bytes })
    }

    /// Returns the groups, keys ascending.
    pub(crate) fn groups(&self) -> Groups<'_> {
        Groups { rest: &self.bytes[MAGIC.len()..] }
    }
}

/// The groups of a run, from some point on.
#[derive(Clone, Debug)]
pub(crate) struct Groups<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Groups<'a> {
    type Item = (&'a str, Repeats<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (key, repeats) = read_group(&mut self.rest).expect("the run was checked");
        Some((key, Repeats { rest: repeats }))
    }
}

/// The values of one key in one run, with their numbers of repeats.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repeats<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Repeats<'a> {
    type Item = (&'a str, u64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(read_repeat(&mut self.rest).expect("the run was checked"))
    }
}

fn read_group<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, &'a [u8])> {
    let key = str::from_utf8(read_bytes(rest)?).ok()?;
    Some((key, read_bytes(rest)?))
}

#[inline]
fn read_repeat<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, u64)> {
    let times = varint::read(rest)?;
    Some((str::from_utf8(read_bytes(rest)?).ok()?, times))
}

#[inline]
fn read_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint::read(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut run = RunWriter::new();
        run.group(b"", [(b"x".as_slice(), 1)].into_iter());
        run.group("käse".as_bytes(), [(b"1".as_slice(), 1000), (b"", 1)].into_iter());
        run.finish()
    }

    #[test]
    fn a_run_round_trips() {
        let run = Run::check(sample()).expect("just written");
        let read: Vec<(&str, Vec<_>)> = run.groups().map(|(k, r)| (k, r.collect())).collect();
        assert_eq!(read, [("", vec![("x", 1)]), ("käse", vec![("1", 1000), ("", 1)])]);
    }

    #[test]
    fn a_damaged_run_is_refused_and_never_panics() {
        let good = sample();
        let groups_begin = [MAGIC.len(), MAGIC.len() + 5, good.len()];
        for cut in 0..good.len() {
            let whole = groups_begin.contains(&cut);
            assert_eq!(Run::check(good[..cut].to_vec()).is_ok(), whole, "cut at {cut}");
        }
        for at in 0..good.len() {
            for flip in 1..=255 {
                let mut bad = good.clone();
                bad[at] ^= flip;
                if let Ok(run) = Run::check(bad) {
                    run.groups().for_each(|(_, repeats)| repeats.for_each(drop));
                }
            }
        }
        assert_eq!(Run::check([good.as_slice(), &good[4..]].concat()).err(), Some(good.len()));
    }
}
