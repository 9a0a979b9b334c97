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

/// The largest file that is read, in bytes: some five million operations.
const LARGEST: u64 = 1_000_000_000;

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
    /// The history in a file, or the line that says what is wrong with it.
    pub(crate) fn read(file: &Path, args: &Args) -> Result<Subject, String> {
        let name = escaped_name(file);
        let text = text_of(file)?;
        let Some(start) = text.find(|character: char| !character.is_whitespace()) else {
            return Err(format!("{name}:1: has no operations: there is nothing to check"));
        };
        let model = match args.model {
            Some(model) => model,
            None => guess(&text[start..]).ok_or_else(|| {
                let line = line_at(text.as_bytes(), start);
                format!("{name}:{line}: neither a Jepsen log nor a key/value history: say --model")
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

    /// Which model it is.
    pub(crate) fn model(&self) -> ModelName {
        match self {
            Subject::Register(_) => ModelName::Register,
            Subject::Kv(_) | Subject::WholeKv(_) => ModelName::Kv,
        }
    }

    /// How many operations there are.
    pub(crate) fn operations(&self) -> usize {
        match self {
            Subject::Register(history) => history.len(),
            Subject::Kv(history) | Subject::WholeKv(history) => history.len(),
        }
    }

    /// Checks it: to the first refutation, or in full.
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

/// The register of etcd, which holds nothing at first.
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

/// The text of a file, or the line that says why there is none.
fn text_of(file: &Path) -> Result<String, String> {
    let name = escaped_name(file);
    let bytes = bytes_of(file).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = line_at(error.as_bytes(), error.utf8_error().valid_up_to());
        format!("{name}:{line}: is not UTF-8")
    })?;
    // Some editors begin a file with a mark that is no part of the text.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The content of a file, or of a device, which may never end.
fn bytes_of(file: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(file)?;
    let mut bytes = Vec::new();
    if file.metadata()?.len() <= LARGEST {
        // One byte more shows whether the input ends there.
        (&file).take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 <= LARGEST {
            return Ok(bytes);
        }
    }
    Err(io::Error::other(format!("it is larger than {} MB", LARGEST / 1_000_000)))
}

/// The line of the byte at `position`, from 1.
fn line_at(text: &[u8], position: usize) -> usize {
    1 + text[..position].iter().filter(|&&byte| byte == b'\n').count()
}

/// The model that goes with the first line.
fn guess(text: &str) -> Option<ModelName> {
    match text.get(..4)? {
        "INFO" => Some(ModelName::Register),
        start if start.starts_with('{') => Some(ModelName::Kv),
        _ => None,
    }
}
