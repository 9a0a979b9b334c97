//! Reads the folder that a failed run leaves behind; `docs/bundle.md` describes it.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::line::leading_peer;

/// The format of bundles that dslogs reads.
const FORMAT: u32 = 1;

/// The name of the link to the newest bundle in a folder.
const LATEST: &str = "latest";

/// A bundle.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// Its folder.
    folder: PathBuf,
    about: About,
}

/// The fields of `bundle.json` that dslogs uses.
#[derive(Debug, Deserialize)]
struct About {
    test: String,
    seed: String,
    clock: String,
    message: Option<String>,
    place: Option<String>,
    thread: Option<String>,
    time_s: Option<f64>,
    servers: Option<usize>,
    replay: Option<String>,
    warning: Option<String>,
}

/// The format of `bundle.json`.
#[derive(Debug, Deserialize)]
struct Format {
    format: u32,
}

/// What the path of the user names.
#[derive(Debug)]
pub(crate) enum Found {
    /// A log.
    Log(PathBuf),
    /// A bundle.
    Bundle(Box<Bundle>),
}

/// Finds the log or bundle for a path. A folder of bundles stands for its newest. If
/// the current directory has no `latest`, the bare name stands for that of the newest
/// folder there: dstest creates a new folder each time.
pub(crate) fn find(path: &Path) -> io::Result<Found> {
    let latest = || newest_latest().filter(|_| path.as_os_str() == LATEST && !path.exists());
    let path = latest().unwrap_or_else(|| path.to_owned());
    if !std::fs::metadata(&path)?.is_dir() {
        return Ok(Found::Log(path));
    }
    for folder in [path.join(LATEST), path] {
        if folder.join("bundle.json").exists() {
            return Bundle::open(folder).map(|bundle| Found::Bundle(Box::new(bundle)));
        }
    }
    Err(invalid("the folder has no bundle: neither bundle.json nor latest"))
}

/// Returns the newest `*/latest`.
fn newest_latest() -> Option<PathBuf> {
    let links = std::fs::read_dir(".").ok()?.flatten().map(|entry| {
        let name = PathBuf::from(entry.file_name());
        name.join(LATEST)
    });
    let dated = links.filter_map(|link| {
        let made = std::fs::symlink_metadata(&link).and_then(|data| data.modified()).ok()?;
        Some((made, link))
    });
    dated.max_by_key(|(made, _): &(SystemTime, PathBuf)| *made).map(|(_, link)| link)
}

impl Bundle {
    fn open(folder: PathBuf) -> io::Result<Bundle> {
        let text = std::fs::read(folder.join("bundle.json"))?;
        // Another format may have no other field in common.
        match parse(&text)? {
            Format { format: FORMAT } => Ok(Bundle { folder, about: parse(&text)? }),
            Format { format } => {
                Err(invalid(&format!("the bundle has format {format}, not {FORMAT}")))
            }
        }
    }

    /// Returns the path of its debug lines.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log.txt")
    }

    /// Opens its trace, if it has one: a run in real time has none.
    pub(crate) fn trace(&self) -> io::Result<Option<BufReader<File>>> {
        match File::open(self.folder.join("trace.jsonl")) {
            Ok(file) => Ok(Some(BufReader::with_capacity(1 << 16, file))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the number of servers in the run.
    pub(crate) fn servers(&self) -> usize {
        self.about.servers.unwrap_or(0)
    }

    /// Returns the servers with names, from `servers.txt`.
    pub(crate) fn names(&self) -> Vec<(usize, String)> {
        // Without the file only the names are missing.
        let text = std::fs::read_to_string(self.folder.join("servers.txt")).unwrap_or_default();
        let named = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once(" name=")?;
            Some((leading_peer(line.as_bytes())?, rest.split(' ').next()?.to_owned()))
        });
        named.collect()
    }

    /// Returns the lines above the log: what failed, and how to replay it.
    pub(crate) fn header(&self) -> Vec<String> {
        let About { test, seed, clock, message, place, thread, time_s, replay, warning, .. } =
            &self.about;
        let mut failed = format!("{test}, seed {seed} ({clock} clock)");
        if let Some(time) = time_s {
            failed.push_str(&format!(": failed at {time:.4} s"));
        }
        failed.extend(thread.iter().map(|thread| format!(" in thread {thread}")));
        let mut lines = vec![failed];
        let message = message.as_deref().unwrap_or_default().lines();
        lines.extend(message.map(|line| format!("    {line}")));
        lines.extend(place.iter().map(|place| format!("    at {place}")));
        lines.extend(warning.iter().map(|warning| format!("    warning: {warning}")));
        lines.extend(replay.iter().map(|replay| format!("    {replay}")));
        lines
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> io::Result<T> {
    serde_json::from_slice(text)
        .map_err(|error| invalid(&format!("cannot parse bundle.json: {error}")))
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(json: &str) -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().expect("a folder");
        let folder = temp.path().join("x_2A-0x2a");
        std::fs::create_dir(&folder).expect("made");
        std::fs::write(folder.join("bundle.json"), json).expect("written");
        (temp, folder)
    }

    const JSON: &str = r#"{"format":1,"package":"raft","test":"election::x_2A","title":null,
        "seed":"0x2a","clock":"virtual","verdict":"failed","message":"no\nleader",
        "place":"a.rs:1:2","thread":"'main' #0","time_s":1.5,"virtual_s":1.5,"hash":"0x1",
        "servers":3,"warning":"two courses","replay":"LAB_SEED=0x2a cargo test",
        "files":["log.txt"]}"#;

    #[test]
    fn the_header_says_what_failed() {
        let (_temp, folder) = bundle(JSON);
        let Found::Bundle(bundle) = find(&folder).expect("found") else { panic!("no bundle") };
        assert_eq!(
            bundle.header(),
            [
                "election::x_2A, seed 0x2a (virtual clock): failed at 1.5000 s in thread 'main' #0",
                "    no",
                "    leader",
                "    at a.rs:1:2",
                "    warning: two courses",
                "    LAB_SEED=0x2a cargo test",
            ]
        );
        assert_eq!((bundle.servers(), bundle.trace().expect("no error").is_none()), (3, true));
    }

    #[test]
    fn a_folder_of_bundles_stands_for_its_latest() {
        let (temp, folder) = bundle(JSON);
        assert!(find(temp.path()).is_err());
        std::os::unix::fs::symlink("x_2A-0x2a", temp.path().join(LATEST)).expect("linked");
        for path in [temp.path(), &temp.path().join(LATEST), &folder] {
            assert!(matches!(find(path), Ok(Found::Bundle(_))), "{path:?}");
        }
        assert!(matches!(find(&folder.join("bundle.json")), Ok(Found::Log(_))));
    }

    #[test]
    fn other_formats_are_rejected() {
        for (json, expected) in [
            (r#"{"format":2}"#.to_owned(), "the bundle has format 2, not 1"),
            (r#"{"format":1}"#.to_owned(), "cannot parse bundle.json: missing field"),
        ] {
            let (_temp, folder) = bundle(&json);
            let error = find(&folder).expect_err("rejected").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
