//! Hands out the tasks of one phase (parts III and IV).

use labrt::channel::{self, Receiver};
use labrt::thread;

use super::protocol::{DoTaskArgs, WorkerClient};

/// Runs all tasks on the workers whose clients come through `workers`. Each worker
/// gets one task at a time. Returns when the last task is done.
///
/// A call that fails means that its worker is lost: the worker gets no more
/// tasks, and another one gets its task. The task may have been done, with the
/// reply lost; doing it twice does no harm.
pub(super) fn schedule(tasks: Vec<DoTaskArgs>, workers: &Receiver<WorkerClient>) {
    let mut left = tasks.len();
    let mut waiting = tasks;
    waiting.reverse();
    let mut idle: Vec<WorkerClient> = Vec::new();
    let (ended, endings) = channel::unbounded();
    while left > 0 {
        while let Some((task, worker)) = pop_both(&mut waiting, &mut idle) {
            let ended = ended.clone();
            thread::go("do_task", move || {
                let done = worker.do_task(&task).is_some();
                // An error means that the phase has ended.
                let _ = ended.send((task, worker, done));
            });
        }
        labrt::select! {
            recv(workers) -> worker => idle.push(worker.expect("the master registers workers")),
            recv(endings) -> ending => {
                let (task, worker, done) = ending.expect("this function holds a sender");
                if done {
                    left -= 1;
                    idle.push(worker);
                } else {
                    waiting.push(task);
                }
            }
        }
    }
}

/// Removes a task and a worker for it, if there is one of each.
fn pop_both<T, W>(tasks: &mut Vec<T>, workers: &mut Vec<W>) -> Option<(T, W)> {
    if tasks.is_empty() || workers.is_empty() {
        return None;
    }
    tasks.pop().zip(workers.pop())
}
