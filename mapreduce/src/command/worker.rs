//! `mrworker`, and the `main` of workers that bring their own application.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use clap::Parser;
use labrpc_socket::dial;
use labrt::thread;
use labrt::time::Duration;
use mrapps::App;

use super::connection::{Connection, socket_advice};
use super::process_env::ProcessEnv;
use super::program::{REDUCES, find_app, finish, parse, run_here};
use crate::error::WorkerError;
use crate::over::Over;
use crate::protocol::{CoordinatorClient, Member};
use crate::work::{Parts, work_as};
use crate::worker::{join, retry_until_dead};

/// How long the worker waits for its watch thread to print an error and end the
/// process.
const PAUSE: Duration = Duration::from_millis(400);

/// Works for a MapReduce coordinator until its job is done.
#[derive(Debug, Parser)]
#[command(name = "mrworker")]
struct WorkerOptions {
    #[command(flatten)]
    connection: Connection,
    /// The application: wc, or a path that ends in wc.so
    app: String,
    /// Unexpected arguments, kept for a clear error
    #[arg(hide = true)]
    surplus: Vec<String>,
}

/// Works for a MapReduce coordinator until its job is done.
#[derive(Debug, Parser)]
struct OwnWorkerOptions {
    #[command(flatten)]
    connection: Connection,
    /// Run a whole job in this process and thread, without a coordinator, for
    /// debugging
    #[arg(long, value_name = "INPUT", num_args = 1.., conflicts_with_all = ["socket", "surplus"])]
    local: Vec<String>,
    /// Unexpected arguments, kept for a clear error
    #[arg(hide = true)]
    surplus: Vec<String>,
}

/// The program `mrworker`.
pub fn worker() -> ExitCode {
    let WorkerOptions { mut connection, app, mut surplus } = parse();
    // The order of the course in 2026: the application, then the socket.
    connection.take_socket(&mut surplus);
    let run = || {
        let mut arguments = [&app].into_iter().chain(&surplus);
        let wrong = arguments.find(|&argument| mrapps::lookup(argument).is_none());
        refuse(wrong.filter(|_| !surplus.is_empty()).or(surplus.first()))?;
        run("mrworker", find_app(&app)?, &connection)
    };
    finish("mrworker", run())
}

/// The `main` of a worker that brings its own application. Its command line is
/// `mrworker`'s without the name of the application. With `--local INPUT...` it
/// runs a whole job in one thread, without a coordinator.
///
/// ```no_run
/// # use mrapps::{App, Env, Sink, Values};
/// # struct Initials;
/// # impl App for Initials {
/// #     fn name(&self) -> &str { "initials" }
/// #     fn map(&self, _: &dyn Env, _: &str, _: &str, _: &mut dyn Sink) {}
/// #     fn reduce(&self, _: &dyn Env, _: &str, _: Values<'_>) -> String { String::new() }
/// # }
/// fn main() -> std::process::ExitCode {
///     mapreduce::worker_main(&Initials)
/// }
/// ```
pub fn worker_main(app: &dyn App) -> ExitCode {
    let OwnWorkerOptions { mut connection, mut surplus, local } = parse();
    if !local.is_empty() {
        return finish(app.name(), run_here(app, &local, REDUCES, false));
    }
    connection.take_socket(&mut surplus);
    let run = || {
        refuse(surplus.first())?;
        run(app.name(), app, &connection)
    };
    finish(app.name(), run())
}

/// Returns an error if there is an unexpected argument.
fn refuse(surplus: Option<&String>) -> Result<(), String> {
    surplus.map_or(Ok(()), |argument| {
        Err(format!("unexpected argument {argument}; {}", socket_advice(argument)))
    })
}

fn run(program: &str, app: &dyn App, connection: &Connection) -> Result<(), String> {
    let end = dial(&connection.address()?, connection.options()?);
    let client = CoordinatorClient::new(end.map_err(|error| error.to_string())?);
    let here = Path::new(".");
    let member = join(&client, app, here).map_err(|error| error.to_string())?;
    let leaving = Arc::new(AtomicBool::new(false));
    let over = Arc::new(Over::default());
    watch(member, client.clone(), Arc::clone(&leaving), Arc::clone(&over), program.to_owned())
        .map_err(|error| format!("cannot watch the coordinator: {error}"))?;
    let env = ProcessEnv::new(here);
    let result =
        work_as(member, client, &Parts { app, env: &env, folder: here, over: Some(&over) });
    if leaving.swap(true, Relaxed) {
        // The watch thread has noticed, too. It prints the error and ends the
        // process.
        thread::sleep(PAUSE);
    }
    result.map_err(|error| error.to_string())
}

/// Pings the coordinator while the worker runs a task, which may take long. Sets
/// `over` when the job is over, and ends the process when the coordinator dies.
fn watch(
    member: Member,
    client: CoordinatorClient,
    leaving: Arc<AtomicBool>,
    over: Arc<Over>,
    program: String,
) -> io::Result<()> {
    thread::try_go("watch", move || {
        // The coordinator delays its reply, so the loop needs no pause.
        while let Ok(reply) = retry_until_dead(|| client.ping(&member)) {
            match reply {
                Ok(None) => {}
                Ok(Some(end)) => return over.set(end.map_err(WorkerError::JobFailed)),
                Err(refusal) => return over.set(Err(refusal.into())),
            }
        }
        // Otherwise the worker itself has noticed, and reports it.
        if !leaving.swap(true, Relaxed) {
            printing::error_line!("{program}: {}", WorkerError::CoordinatorGone);
            std::process::exit(1);
        }
    })
}
