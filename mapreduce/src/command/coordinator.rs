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

/// How long it may take to send the workers home.
const GRACE: Duration = Duration::from_millis(500);

/// How long it may take to tell a page how the job ended, which asks twice a
/// second.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Hands out a MapReduce job to workers, and ends when all mr-out files are
/// there.
#[derive(Debug, Parser)]
#[command(name = "mrcoordinator")]
struct CoordinatorOptions {
    #[command(flatten)]
    connection: Connection,
    /// How many reduce tasks, and so mr-out files
    #[arg(long, value_name = "N", default_value_t = REDUCES,
          value_parser = clap::value_parser!(u32).range(1..=MAX_REDUCES))]
    reduces: u32,
    /// Give no slow task to a second worker
    #[arg(long)]
    no_backups: bool,
    /// Leave out a line, or a key in a reduce task, that two workers have died or
    /// panicked of, and say so
    #[arg(long)]
    skip_bad_records: bool,
    /// Fail when so many workers have ended in the same task without a report
    #[arg(long, value_name = "N", default_value_t = WORKER_LOSSES,
          value_parser = clap::value_parser!(u32).range(1..))]
    worker_losses: u32,
    /// Print the counters at the end, as name=value
    #[arg(long)]
    counters: bool,
    /// Serves a page about the job at this address of this machine; port 0 lets
    /// the system choose
    #[arg(long, value_name = "HOST:PORT")]
    status: Option<String>,
    /// The input files, as the workers find them. A first argument that looks like
    /// a socket is the socket, as in the course's form of 2026
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
}

/// The program `mrcoordinator`.
pub fn coordinator() -> ExitCode {
    finish("mrcoordinator", run(parse()))
}

fn run(mut options: CoordinatorOptions) -> End {
    // The order of the course in 2026: the socket, then the inputs.
    if options.inputs.len() > 1 && options.connection.take_socket(&options.inputs[0]) {
        options.inputs.remove(0);
    }
    let warnings = inputs::check(&options.inputs)?;
    let status = options.status.as_deref().map(StatusPage::bind).transpose()?;
    let address = options.connection.address()?;
    let listener = Listener::bind(&address, options.connection.options()?)
        .map_err(|error| error.to_string())?;
    warnings.iter().for_each(|warning| printing::error_line!("mrcoordinator: {warning}"));
    let mut folder = JobFolder::new(address.to_string());
    match folder.take(Path::new(".")) {
        // Workers may run elsewhere: then this folder need not be one for files.
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
        audience.dismiss(LAST_LOOK);
    }
    serving.close(GRACE);
    if options.counters {
        print_counts(&counts)?;
    }
    end
}

/// The events of a job, for another thread: printing may take its time.
fn receive(observers: &mut Observers) -> Receiver<Event> {
    let (sender, receiver) = channel::unbounded();
    // Without a receiver the program is at its end.
    observers.add(move |_, event| _ = sender.send(event.clone()));
    receiver
}

/// Shows how the job goes on, until it ends. Returns its end, and what it has
/// counted.
fn follow(events: &Receiver<Event>) -> (End, Counts) {
    // On anything but a terminal it shows nothing.
    let bar = ProgressBar::new(1);
    let style = ProgressStyle::with_template("{msg:>20} {wide_bar} {pos}/{len} tasks {elapsed}");
    bar.set_style(style.expect("the template is right"));
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
