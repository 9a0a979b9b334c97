//! A worker of the library lab: a server that runs the tasks that its master sends.

use std::path::PathBuf;
use std::sync::Arc;

use labrpc::{Network, RequestLimit, Server};
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Duration;

use super::protocol::{
    DoTaskArgs, JobPhase, MapFunction, MasterClient, ReduceFunction, WorkerService, connect,
    worker_service,
};
use super::tasks::{do_map, do_reduce};

/// How long a task waits for another one to run at the same time.
const PARALLEL_WAIT: Duration = Duration::from_secs(1);

/// How many tasks run at a time, over all workers that share this (2018).
#[derive(Debug, Default)]
pub struct Parallelism {
    state: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    now: u64,
    max: u64,
}

impl Parallelism {
    /// The most tasks that ran at a time.
    pub fn max(&self) -> u64 {
        self.state.lock().max
    }

    /// Starts a task. Until two tasks have run in parallel, it waits a second,
    /// to give another worker the chance.
    fn enter(&self) {
        let max = {
            let mut state = self.state.lock();
            state.now += 1;
            state.max = state.max.max(state.now);
            state.max
        };
        if max < 2 {
            thread::sleep(PARALLEL_WAIT);
        }
    }

    fn leave(&self) {
        self.state.lock().now -= 1;
    }
}

/// A worker, before it runs.
#[derive(Clone, Debug)]
pub struct WorkerSpec {
    /// Its Map.
    pub map: MapFunction,
    /// Its Reduce.
    pub reduce: ReduceFunction,
    /// The folder of the files.
    pub folder: PathBuf,
    /// How many requests it accepts; `None` for any number.
    pub budget: Option<u64>,
    /// Counts parallel tasks together with other workers.
    pub parallelism: Option<Arc<Parallelism>>,
}

impl WorkerSpec {
    /// Puts the worker on the network as the server `me`, and registers it with
    /// the master. It then runs tasks until it is shut down or its budget is
    /// spent.
    pub fn run(self, network: &Network, master: &str, me: &str) {
        let limit = RequestLimit::new();
        if let Some(requests) = self.budget {
            limit.close_after(requests);
        }
        let server = WorkerServer { worker: self, limit: limit.clone(), tasks: Mutex::default() };
        let service = worker_service(Arc::new(server));
        network.add_server(me, Server::new().with_service(service).with_request_limit(limit));
        // Without a reply the job is over, and this worker is not needed.
        let _ = MasterClient::new(connect(network, me, master)).register(&me.to_owned());
    }
}

/// The service of a worker, which the master calls.
struct WorkerServer {
    worker: WorkerSpec,
    limit: RequestLimit,
    tasks: Mutex<TaskCount>,
}

#[derive(Default)]
struct TaskCount {
    done: u64,
    running: bool,
}

impl WorkerService for WorkerServer {
    fn do_task(&self, args: DoTaskArgs) {
        {
            let mut tasks = self.tasks.lock();
            assert!(!tasks.running, "a worker was given two tasks at a time");
            tasks.running = true;
            tasks.done += 1;
        }
        let WorkerSpec { map, reduce, folder, parallelism, .. } = &self.worker;
        parallelism.iter().for_each(|parallelism| parallelism.enter());
        let (task, n_other) = (args.task as usize, args.n_other as usize);
        match args.phase {
            JobPhase::Map => do_map(folder, &args.job, task, &args.file, n_other, *map),
            JobPhase::Reduce => do_reduce(folder, &args.job, task, n_other, *reduce),
        }
        parallelism.iter().for_each(|parallelism| parallelism.leave());
        self.tasks.lock().running = false;
    }

    fn shutdown(&self, (): ()) -> u64 {
        // In Go the listener already waits for one more request.
        self.limit.close_after(1);
        self.tasks.lock().done
    }
}
