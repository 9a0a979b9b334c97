//! What master and workers say to each other.

use std::path::PathBuf;

use labrpc::{ClientEnd, Network};
use serde::{Deserialize, Serialize};

/// A job for [`Master`](super::Master).
#[derive(Clone, Debug)]
pub struct JobSpec {
    /// Its name, which is a part of all its files' names.
    pub name: String,
    /// Where inputs, outputs and all files between them are.
    pub folder: PathBuf,
    /// The inputs: a map task each.
    pub files: Vec<String>,
    /// The number of reduce tasks.
    pub n_reduce: usize,
}

/// A pair, as Map gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// One of its values.
    pub value: String,
}

/// Map: from a file's name and contents to pairs.
pub type MapFunction = fn(&str, &str) -> Vec<KeyValue>;

/// Reduce: from a key and all its values to a result.
pub type ReduceFunction = fn(&str, &[String]) -> String;

/// Which kind of tasks is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobPhase {
    /// Map tasks.
    Map,
    /// Reduce tasks.
    Reduce,
}

labrpc::service! {
    /// The master, as workers see it.
    pub(crate) service Master {
        /// A worker is there. The argument is its server's name.
        fn register(String) -> ();
    }
}

labrpc::service! {
    /// A worker, as the master sees it.
    pub(crate) service Worker {
        /// Does a task. The reply comes when it is done.
        fn do_task(DoTaskArgs) -> ();

        /// The job is over. The reply is the number of tasks that the worker
        /// did.
        fn shutdown(()) -> u64;
    }
}

/// A task for a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DoTaskArgs {
    /// The job's name.
    pub(crate) job: String,
    /// The input of a map task; empty for a reduce task.
    pub(crate) file: String,
    /// Its kind.
    pub(crate) phase: JobPhase,
    /// Its number, from 0.
    pub(crate) task: u64,
    /// How many tasks of the other kind there are.
    pub(crate) n_other: u64,
}

/// An end from one server to another.
pub(super) fn connect(network: &Network, from: &str, to: &str) -> ClientEnd {
    let name = format!("{from} to {to}");
    let end = network.make_end(name.as_str());
    network.connect(name.as_str(), to);
    network.enable(name.as_str(), true);
    end
}
