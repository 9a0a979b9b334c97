//! A history from a file, with the model that it is checked against.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use porcupine::kv::{KvModel, WholeKvModel};
use porcupine::log::{self, LogError};
use porcupine::register::RegisterModel;
use porcupine::{
    Limits, Model, Operation, Page, Report, check_operations, check_operations_verbose,
};
use printing::escaped_name;

use crate::args::{Args, ModelName};

/// The largest file that the program reads, in bytes: about five million
/// operations.
const MAX_FILE_SIZE: u64 = 1_000_000_000;

type Operations<M> = Vec<Operation<<M as Model>::Input, <M as Model>::Output>>;

/// A history and its model.
pub(crate) enum Subject {
    /// A register.
    Register(Operations<RegisterModel>),
    /// A key/value service, key by key.
    Kv(Operations<KvModel>),
    /// A key/value service, all keys together.
    WholeKv(Operations<WholeKvModel>),
}

impl Subject {
    /// Reads the history in a file. The error is a message of one line.
    pub(crate) fn read(file: &Path, args: &Args) -> Result<Subject, String> {
        let name = escaped_name(file);
        let text = text_of(file)?;
        let Some(start) = text.find(|character: char| !character.is_whitespace()) else {
            return Err(format!("{name}:1: has no operations: there is nothing to check"));
        };
        let model = match args.model {
            Some(model) => model,
            None => detect(&text[start..]).ok_or_else(|| {
                let line = line_at(text.as_bytes(), start);
                format!("{name}:{line}: neither a Jepsen log nor a key/value history: use --model")
            })?,
        };
        let message = |LogError { line, what }| format!("{name}:{line}: {what}");
        match model {
            ModelName::Register => log::jepsen::read(&text).map(Subject::Register).map_err(message),
            ModelName::Kv if args.no_partition => {
                log::kv::read(&text).map(Subject::WholeKv).map_err(message)
            }
            ModelName::Kv => log::kv::read(&text).map(Subject::Kv).map_err(message),
        }
    }

    /// Returns the model.
    pub(crate) fn model(&self) -> ModelName {
        match self {
            Subject::Register(_) => ModelName::Register,
            Subject::Kv(_) | Subject::WholeKv(_) => ModelName::Kv,
        }
    }

    /// Returns the number of operations.
    pub(crate) fn operations(&self) -> usize {
        match self {
            Subject::Register(history) => history.len(),
            Subject::Kv(history) | Subject::WholeKv(history) => history.len(),
        }
    }

    /// Checks the history, up to the first refutation or in full.
    pub(crate) fn check(&self, limits: Limits, full: bool) -> Report {
        match self {
            Subject::Register(history) => check(&register_model(), history, limits, full),
            Subject::Kv(history) => check(&KvModel, history, limits, full),
            Subject::WholeKv(history) => check(&WholeKvModel, history, limits, full),
        }
    }

    /// Writes the page of a full check.
    pub(crate) fn save_page(&self, title: &str, report: &Report, path: &Path) -> io::Result<()> {
        match self {
            Subject::Register(history) => {
                Page::new(&register_model(), history, report).title(title).save(path)
            }
            Subject::Kv(history) => Page::new(&KvModel, history, report).title(title).save(path),
            Subject::WholeKv(history) => {
                Page::new(&WholeKvModel, history, report).title(title).save(path)
            }
        }
    }
}

/// Returns the model of a register of etcd, which has no value at first.
fn register_model() -> RegisterModel {
    RegisterModel { initial: None }
}

fn check<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: Limits,
    full: bool,
) -> Report {
    if full {
        check_operations_verbose(model, history, limits)
    } else {
        check_operations(model, history, limits)
    }
}

/// Reads the text of a file. The error is a message of one line.
fn text_of(file: &Path) -> Result<String, String> {
    let name = escaped_name(file);
    let bytes = bytes_of(file).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = line_at(error.as_bytes(), error.utf8_error().valid_up_to());
        format!("{name}:{line}: is not UTF-8")
    })?;
    // Some editors write a byte order mark, which is not a part of the text.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Reads the content of a file, or of a device, which may never end.
fn bytes_of(file: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(file)?;
    let mut bytes = Vec::new();
    if file.metadata()?.len() <= MAX_FILE_SIZE {
        // One more byte shows whether the input is longer.
        (&file).take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 <= MAX_FILE_SIZE {
            return Ok(bytes);
        }
    }
    let megabytes = MAX_FILE_SIZE / 1_000_000;
    Err(io::Error::other(format!("the file is larger than the limit of {megabytes} MB")))
}

/// Returns the number of the line that contains the byte at `position`, from 1.
fn line_at(text: &[u8], position: usize) -> usize {
    1 + text[..position].iter().filter(|&&byte| byte == b'\n').count()
}

/// Detects the model from the first line.
fn detect(text: &str) -> Option<ModelName> {
    match text.get(..4)? {
        "INFO" => Some(ModelName::Register),
        start if start.starts_with('{') => Some(ModelName::Kv),
        _ => None,
    }
}
