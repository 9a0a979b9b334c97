//! The master: from the first map task to the merged output.

use std::sync::Arc;

use labrpc::{Network, Server};
use labrt::channel::{self, Receiver, Sender};
use labrt::sync::{Condvar, Mutex};
use labrt::thread;

use super::protocol::{
    DoTaskArgs, JobPhase, JobSpec, MapFunction, MasterService, ReduceFunction, WorkerClient,
    connect, master_service,
};
use super::schedule::schedule;
use super::tasks::{do_map, do_reduce, merge};
use crate::protocol::assert_job;

/// A running job.
#[derive(Debug)]
pub struct Master {
    job: JobSpec,
    /// The number of tasks of each worker that answered `shutdown`, once the output
    /// is complete.
    stats: Mutex<Option<Vec<u64>>>,
    finished: Condvar,
}

impl Master {
    /// Runs a job in one thread, all its map tasks and then all its reduce
    /// tasks, in the background.
    pub fn sequential(job: JobSpec, map: MapFunction, reduce: ReduceFunction) -> Arc<Master> {
        Master::start(job, move |job| {
            let JobSpec { name, folder, files, n_reduce } = job;
            for (task, file) in files.iter().enumerate() {
                do_map(folder, name, task, file, *n_reduce, map);
            }
            for task in 0..*n_reduce {
                do_reduce(folder, name, task, files.len(), reduce);
            }
            vec![(files.len() + n_reduce) as u64]
        })
    }

    /// Runs a job with the workers that register at the server `me`, in the
    /// background.
    pub fn distributed(network: &Network, me: &str, job: JobSpec) -> Arc<Master> {
        let registry = Arc::new(Registry::new(network, me));
        let service = master_service(Arc::clone(&registry));
        network.add_server(me, Server::new().with_service(service));
        let (network, me) = (network.clone(), me.to_owned());
        Master::start(job, move |job| {
            for phase in [JobPhase::Map, JobPhase::Reduce] {
                schedule(tasks_of(job, phase), &registry.subscribe());
            }
            let stats = registry.shut_workers_down();
            network.delete_server(me.as_str());
            stats
        })
    }

    /// Starts a job. `run` does its tasks and returns the number of tasks per
    /// worker.
    fn start(job: JobSpec, run: impl FnOnce(&JobSpec) -> Vec<u64> + Send + 'static) -> Arc<Master> {
        assert_job(&job.files, job.n_reduce);
        let master = Arc::new(Master { job, stats: Mutex::new(None), finished: Condvar::new() });
        let background = Arc::clone(&master);
        thread::go("master", move || {
            let JobSpec { name, folder, n_reduce, .. } = &background.job;
            let stats = run(&background.job);
            merge(folder, name, *n_reduce);
            *background.stats.lock() = Some(stats);
            background.finished.notify_all();
        });
        master
    }

    /// Waits for the end of the job. Returns the number of tasks of each worker
    /// that answered `shutdown`.
    pub fn wait(&self) -> Vec<u64> {
        let mut stats = self.stats.lock();
        loop {
            if let Some(stats) = &*stats {
                return stats.clone();
            }
            self.finished.wait(&mut stats);
        }
    }

    /// Whether the job has ended.
    pub fn is_done(&self) -> bool {
        self.stats.lock().is_some()
    }
}

/// Returns the tasks of a phase, in order.
fn tasks_of(job: &JobSpec, phase: JobPhase) -> Vec<DoTaskArgs> {
    let task = |task: usize, file: &str, n_other: usize| DoTaskArgs {
        job: job.name.clone(),
        file: file.to_owned(),
        phase,
        task: task as u64,
        n_other: n_other as u64,
    };
    match phase {
        JobPhase::Map => {
            let files = job.files.iter().enumerate();
            files.map(|(number, file)| task(number, file, job.n_reduce)).collect()
        }
        JobPhase::Reduce => {
            (0..job.n_reduce).map(|number| task(number, "", job.files.len())).collect()
        }
    }
}

/// All workers that have registered, including dead ones.
#[derive(Debug)]
struct Registry {
    network: Network,
    me: String,
    state: Mutex<Registered>,
}

#[derive(Debug, Default)]
struct Registered {
    workers: Vec<WorkerClient>,
    /// Passes new workers to the current phase.
    subscriber: Option<Sender<WorkerClient>>,
}

impl Registry {
    fn new(network: &Network, me: &str) -> Self {
        Registry { network: network.clone(), me: me.to_owned(), state: Mutex::default() }
    }

    /// Returns a channel with all workers so far, and all that register until
    /// the next subscription.
    fn subscribe(&self) -> Receiver<WorkerClient> {
        let (sender, receiver) = channel::unbounded();
        let mut state = self.state.lock();
        for worker in &state.workers {
            sender.send(worker.clone()).expect("the receiver exists");
        }
        state.subscriber = Some(sender);
        receiver
    }

    /// Shuts all workers down. Returns the replies of those that still answer.
    fn shut_workers_down(&self) -> Vec<u64> {
        let workers = std::mem::take(&mut self.state.lock().workers);
        workers.iter().filter_map(|worker| worker.shutdown(&())).collect()
    }
}

impl MasterService for Registry {
    fn register(&self, worker: String) {
        let end = connect(&self.network, &self.me, &worker);
        let client = WorkerClient::new(end);
        let mut state = self.state.lock();
        state.workers.push(client.clone());
        if let Some(subscriber) = &state.subscriber {
            // Between two phases there is no receiver. The next phase gets all
            // workers.
            let _ = subscriber.send(client);
        }
    }
}
