//! The folder that a failed run leaves behind; `docs/bundle.md` describes it.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::line::leading_peer;

/// The form of bundles that is understood.
const FORMAT: u32 = 1;

/// The name by which the newest bundle of a folder is found.
const LATEST: &str = "latest";

/// A bundle.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// Its folder.
    folder: PathBuf,
    about: About,
}

/// What `bundle.json` tells, as far as we care.
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

/// In what form `bundle.json` is.
#[derive(Debug, Deserialize)]
struct Format {
    format: u32,
}

/// What the user has named.
#[derive(Debug)]
pub(crate) enum Found {
    /// A log.
    Log(PathBuf),
    /// A bundle.
    Bundle(Box<Bundle>),
}

/// Finds out what a path means: a log, a bundle, a folder whose newest bundle is
/// meant. A bare `latest` that is not here is that of the newest folder here that
/// has one: dstest makes a new folder each time.
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
    Err(invalid("a folder without a bundle: it has neither bundle.json nor latest"))
}

/// The newest `*/latest`.
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
        // Another format need not have anything else in common.
        match parse(&text)? {
            Format { format: FORMAT } => Ok(Bundle { folder, about: parse(&text)? }),
            Format { format } => {
                Err(invalid(&format!("a bundle of format {format}; only {FORMAT} is known")))
            }
        }
    }

    /// Its debug lines.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log.txt")
    }

    /// Its trace, if it has one: real time leaves none.
    pub(crate) fn trace(&self) -> io::Result<Option<BufReader<File>>> {
        match File::open(self.folder.join("trace.jsonl")) {
            Ok(file) => Ok(Some(BufReader::with_capacity(1 << 16, file))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many servers the run had.
    pub(crate) fn servers(&self) -> usize {
        self.about.servers.unwrap_or(0)
    }

    /// The servers that have names, with these: `servers.txt` tells them.
    pub(crate) fn names(&self) -> Vec<(usize, String)> {
        // Without the file nothing is lost but the names.
        let text = std::fs::read_to_string(self.folder.join("servers.txt")).unwrap_or_default();
        let named = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once(" name=")?;
            Some((leading_peer(line.as_bytes())?, rest.split(' ').next()?.to_owned()))
        });
        named.collect()
    }

    /// What failed, and how to see it again: lines to stand above the log.
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
        .map_err(|error| invalid(&format!("bundle.json is not understood: {error}")))
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
    fn a_bundle_tells_what_failed() {
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
    fn a_folder_of_bundles_means_its_latest() {
        let (temp, folder) = bundle(JSON);
        assert!(find(temp.path()).is_err());
        std::os::unix::fs::symlink("x_2A-0x2a", temp.path().join(LATEST)).expect("linked");
        for path in [temp.path(), &temp.path().join(LATEST), &folder] {
            assert!(matches!(find(path), Ok(Found::Bundle(_))), "{path:?}");
        }
        assert!(matches!(find(&folder.join("bundle.json")), Ok(Found::Log(_))));
    }

    #[test]
    fn other_forms_are_refused() {
        for (json, told) in [
            (r#"{"format":2}"#.to_owned(), "only 1 is known"),
            (r#"{"format":1}"#.to_owned(), "bundle.json is not understood: missing field"),
        ] {
            let (_temp, folder) = bundle(&json);
            let error = find(&folder).expect_err("refused").to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
