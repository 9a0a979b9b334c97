//! `mrcoordinator`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use labrpc::Server;
use labrpc_socket::Listener;
use labrt::channel::{self, Receiver};
use labrt::time::Duration;
use mrapps::Counts;

use super::connection::Connection;
use super::inputs;
use super::program::{MAX_REDUCES, REDUCES, finish, parse, print_counts};
use crate::bad_records::BadRecords;
use crate::coordinator::{Coordinator, JobOptions, WORKER_LOSSES};
use crate::counters;
use crate::event::{Event, Observers};
use crate::folder::{FolderError, JobFolder};
use crate::protocol::{End, coordinator_service};
use crate::status::{Ledger, StatusPage};

/// How long the coordinator waits for the workers to exit.
const GRACE: Duration = Duration::from_millis(500);

/// How long the coordinator waits for an open page to fetch the end of the job. A
/// page asks twice a second.
const PAGE_GRACE: Duration = Duration::from_secs(1);

/// Coordinates a MapReduce job: hands out its tasks to workers, and exits when
/// all mr-out files are complete.
#[derive(Debug, Parser)]
#[command(name = "mrcoordinator")]
struct CoordinatorOptions {
    #[command(flatten)]
    connection: Connection,
    /// Number of reduce tasks, and so of mr-out files
    #[arg(long, value_name = "N", default_value_t = REDUCES,
          value_parser = clap::value_parser!(u32).range(1..=MAX_REDUCES))]
    reduces: u32,
    /// Do not give slow tasks to a second worker
    #[arg(long)]
    no_backups: bool,
    /// Skip a line, or a key in a reduce task, on which two workers have crashed or
    /// panicked, and report it
    #[arg(long)]
    skip_bad_records: bool,
    /// Fail when N workers have ended in the same task without a report
    #[arg(long, value_name = "N", default_value_t = WORKER_LOSSES,
          value_parser = clap::value_parser!(u32).range(1..))]
    worker_losses: u32,
    /// Print the counters at the end, as name=value
    #[arg(long)]
    counters: bool,
    /// Serve a status page at this address of this machine; port 0 lets the system
    /// choose the port
    #[arg(long, value_name = "HOST:PORT")]
    status: Option<String>,
    /// The input files, by names under which the workers find them. If the first of
    /// several arguments looks like a socket, it is the socket, as in the course of
    /// 2026
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
}

/// The program `mrcoordinator`.
pub fn coordinator() -> ExitCode {
    finish("mrcoordinator", run(parse()))
}

fn run(mut options: CoordinatorOptions) -> End {
    // The order of the course in 2026: the socket, then the inputs.
    if options.inputs.len() > 1 {
        options.connection.take_socket(&mut options.inputs);
    }
    let warnings = inputs::check(&options.inputs)?;
    let status = options.status.as_deref().map(StatusPage::bind).transpose()?;
    let address = options.connection.address()?;
    let listener = Listener::bind(&address, options.connection.options()?)
        .map_err(|error| error.to_string())?;
    warnings.iter().for_each(|warning| printing::error_line!("mrcoordinator: {warning}"));
    let mut folder = JobFolder::new(address.to_string());
    match folder.take(Path::new(".")) {
        // Workers may run in another folder. Then this one need not be writable.
        Ok(()) | Err(FolderError::Io { .. }) => {}
        Err(error @ FolderError::InUse { .. }) => return Err(error.to_string()),
    }
    let mut how = JobOptions {
        backups: !options.no_backups,
        worker_losses: options.worker_losses,
        folder,
        ..JobOptions::default()
    };
    if options.skip_bad_records {
        how.failure_policy = Box::new(BadRecords::default());
    }
    let status = status.map(|page| (page, Ledger::observe(&mut how.observers)));
    let events = receive(&mut how.observers);
    let coordinator = Coordinator::with_options(options.inputs, options.reduces as usize, how);
    let sessions = Arc::clone(&coordinator);
    let serving = listener.serve(move |peer| {
        let session = sessions.session();
        let closing = Arc::clone(&session);
        peer.at_close(move |_| closing.close());
        Server::new().with_service(coordinator_service(session))
    });
    let serving = serving.map_err(|error| format!("cannot serve {address}: {error}"))?;
    if let Some(warning) = options.connection.warning(serving.address()) {
        printing::error_line!("mrcoordinator: {warning}");
    }
    if options.connection.is_open_port() {
        printing::error_line!("mrcoordinator: listening at {}", serving.address());
    }
    let audience = status.map(|(page, ledger)| {
        printing::error_line!("mrcoordinator: status page at {}", page.url());
        page.serve(ledger)
    });
    let audience = audience.transpose()?;
    let (end, counts) = follow(&events);
    coordinator.dismiss(GRACE);
    if let Some(audience) = audience {
        audience.dismiss(PAGE_GRACE);
    }
    serving.close(GRACE);
    if options.counters {
        print_counts(&counts)?;
    }
    end
}

/// Sends the events of a job to a channel: printing may be slow, and an observer
/// must be quick.
fn receive(observers: &mut Observers) -> Receiver<Event> {
    let (sender, receiver) = channel::unbounded();
    // Without a receiver the program is ending.
    observers.add(move |_, event| _ = sender.send(event.clone()));
    receiver
}

/// Shows the progress of the job until it ends. Returns how it ended, and its
/// counters.
fn follow(events: &Receiver<Event>) -> (End, Counts) {
    // The bar draws nothing unless the standard error is a terminal.
    let bar = ProgressBar::new(1);
    let style = ProgressStyle::with_template("{msg:>20} {wide_bar} {pos}/{len} tasks {elapsed}");
    bar.set_style(style.expect("the template is valid"));
    let mut counts = Counts::new();
    loop {
        let event = events.recv().expect("the coordinator sends until the job ends");
        counters::apply(&mut counts, &event);
        for line in event.messages() {
            bar.suspend(|| printing::error_line!("mrcoordinator: {line}"));
        }
        match event {
            Event::JobStarted { inputs, n_reduce } => {
                bar.set_length((inputs.len() + n_reduce) as u64);
                bar.set_message("map");
            }
            Event::ReducePhaseStarted => bar.set_message("reduce"),
            Event::TaskDone { .. } => bar.inc(1),
            Event::JobEnded { end } => {
                bar.finish_and_clear();
                return (end, counts);
            }
            _ => {}
        }
    }
}
