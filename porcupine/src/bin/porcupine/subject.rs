//! A history from a file, with the model that it is checked against.

use std::fs;
use std::io;
use std::path::Path;
use std::string::FromUtf8Error;

use porcupine::kv::{KvModel, WholeKvModel};
use porcupine::log::{self, LogError};
use porcupine::register::RegisterModel;
use porcupine::{
    Limits, Model, Operation, Page, Report, check_operations, check_operations_verbose,
};

use crate::args::{Args, ModelName};

type History<M> = Vec<Operation<<M as Model>::Input, <M as Model>::Output>>;

/// A history and its model.
pub(crate) enum Subject {
    /// A register.
    Register(History<RegisterModel>),
    /// A key/value service, key by key.
    Kv(History<KvModel>),
    /// A key/value service, all keys together.
    WholeKv(History<WholeKvModel>),
}

impl Subject {
    /// The history in a file, or the line that says what is wrong with it.
    pub(crate) fn read(file: &Path, args: &Args) -> Result<Subject, String> {
        let name = file.display();
        let bytes = fs::read(file).map_err(|error| format!("{name}: cannot be read: {error}"))?;
        let text = String::from_utf8(bytes)
            .map_err(|error| format!("{name}:{}: is not UTF-8", line_of(&error)))?;
        let model = match args.model {
            Some(model) => model,
            None => guess(&text).ok_or_else(|| {
                format!("{name}:1: neither a Jepsen log nor a key/value history: say --model")
            })?,
        };
        let complaint = |LogError { line, what }| format!("{name}:{line}: {what}");
        match model {
            ModelName::Register => {
                log::jepsen::read(&text).map(Subject::Register).map_err(complaint)
            }
            ModelName::Kv if args.no_partition => {
                log::kv::read(&text).map(Subject::WholeKv).map_err(complaint)
            }
            ModelName::Kv => log::kv::read(&text).map(Subject::Kv).map_err(complaint),
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

/// The line that is no text, from 1.
fn line_of(error: &FromUtf8Error) -> usize {
    let text = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    1 + text.iter().filter(|&&byte| byte == b'\n').count()
}

/// The model that goes with the first line.
fn guess(text: &str) -> Option<ModelName> {
    match text.trim_start().get(..4)? {
        "INFO" => Some(ModelName::Register),
        start if start.starts_with('{') => Some(ModelName::Kv),
        _ => None,
    }
}
