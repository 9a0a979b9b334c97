//! The messages between the master and the workers.

use std::path::PathBuf;

use labrpc::{ClientEnd, Network};
use serde::{Deserialize, Serialize};

/// A job for [`Master`](super::Master).
#[derive(Clone, Debug)]
pub struct JobSpec {
    /// Its name, which is part of the names of all its files.
    pub name: String,
    /// The folder of inputs, intermediate files and outputs.
    pub folder: PathBuf,
    /// The inputs, one map task each.
    pub files: Vec<String>,
    /// The number of reduce tasks.
    pub n_reduce: usize,
}

/// A pair that Map returns.
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

/// The kind of tasks that workers run.
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
        /// Registers a worker. The argument is its server's name.
        fn register(String) -> ();
    }
}

labrpc::service! {
    /// A worker, as the master sees it.
    pub(crate) service Worker {
        /// Runs a task. The reply comes when it is done.
        fn do_task(DoTaskArgs) -> ();

        /// Ends the worker. The reply is the number of tasks that it did.
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

/// Creates a client end from one server to another.
pub(super) fn connect(network: &Network, from: &str, to: &str) -> ClientEnd {
    let name = format!("{from} to {to}");
    let end = network.make_end(name.as_str());
    network.connect(name.as_str(), to);
    network.enable(name.as_str(), true);
    end
}
