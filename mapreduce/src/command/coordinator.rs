//! `mrcoordinator`.

use std::fs::{self, File};
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use labrpc::Server;
use labrpc_socket::Listener;
use labrt::time::Duration;

use super::connection::{Connection, is_address};
use super::status::StatusPage;
use super::{REDUCES, finish, parse, print_counts};
use crate::coordinator::{Coordinator, JobOptions};
use crate::job::Progress;
use crate::protocol::{End, coordinator_service};

/// How long it may take to send the workers home.
const GRACE: Duration = Duration::from_millis(500);

/// How long it may take to tell a page how the job ended, which asks twice a
/// second.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Hands out a MapReduce job to workers, and ends when all mr-out files are
/// there.
#[derive(Debug, Parser)]
#[command(name = "mrcoordinator")]
struct Options {
    #[command(flatten)]
    connection: Connection,
    /// How many reduce tasks, and so mr-out files
    #[arg(long, value_name = "N", default_value_t = REDUCES,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    reduces: u32,
    /// Give no slow task to a second worker
    #[arg(long)]
    no_backups: bool,
    /// Leave out a line, or a key in a reduce task, that two workers have died or
    /// panicked of, and say so
    #[arg(long)]
    skip_bad_records: bool,
    /// Print the counters at the end, as name=value
    #[arg(long)]
    counters: bool,
    /// Serves a page about the job at this address of this machine; port 0 lets
    /// the system choose
    #[arg(long, value_name = "HOST:PORT")]
    status: Option<String>,
    /// The input files, as the workers find them. A first argument called
    /// 5840-mr..., 824-mr..., unix:... or tcp:... is the socket
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
}

/// The program `mrcoordinator`.
pub fn coordinator() -> ExitCode {
    finish("mrcoordinator", run(parse()))
}

fn run(mut options: Options) -> End {
    // The form of 2026 puts the socket first.
    if options.connection.socket.is_none() && is_address(&options.inputs[0]) {
        options.connection.socket = Some(options.inputs.remove(0));
    }
    if options.inputs.is_empty() {
        return Err("there are no input files".into());
    }
    let status = options.status.as_deref().map(StatusPage::bind).transpose()?;
    let address = options.connection.address()?;
    let listener = Listener::bind(&address, options.connection.options()?)
        .map_err(|error| error.to_string())?;
    warn_of_missing(&options.inputs);
    let how =
        JobOptions { backups: !options.no_backups, skip_bad_records: options.skip_bad_records };
    let coordinator = Coordinator::with_options(options.inputs, options.reduces as usize, how);
    let sessions = Arc::clone(&coordinator);
    let serving = listener.serve(move |peer| {
        let session = sessions.session();
        let closing = Arc::clone(&session);
        peer.at_close(move |_| closing.close());
        Server::new().with_service(coordinator_service(session))
    });
    if options.connection.is_open_port() {
        eprintln!("mrcoordinator: listening at {}", serving.address());
    }
    let audience = status.map(|page| {
        eprintln!("mrcoordinator: status page at {}", page.url());
        page.serve(Arc::clone(&coordinator))
    });
    let end = follow(&coordinator);
    coordinator.dismiss(GRACE);
    if let Some(audience) = audience {
        audience.dismiss(LAST_LOOK);
    }
    serving.close(GRACE);
    if options.counters {
        print_counts(&coordinator.news(0).counts)?;
    }
    end
}

/// Tells of inputs that are not here. That is no error: only workers read them, and
/// may run on other machines.
fn warn_of_missing(inputs: &[String]) {
    for input in inputs {
        if let Err(error) = open(input) {
            eprintln!(
                "mrcoordinator: warning: {input} cannot be opened here: {error}; workers may see it"
            );
        }
    }
}

/// Opens a file and closes it. A pipe is left alone: it would have to wait for its
/// writer.
fn open(input: &str) -> io::Result<()> {
    if fs::metadata(input)?.is_file() { File::open(input).map(drop) } else { Ok(()) }
}

/// Shows how the job gets on, until it ends.
fn follow(coordinator: &Coordinator) -> End {
    // On anything but a terminal it shows nothing.
    let bar = ProgressBar::new(1);
    let style = ProgressStyle::with_template("{msg:>20} {wide_bar} {pos}/{len} tasks {elapsed}");
    bar.set_style(style.expect("the template is right"));
    let mut version = 0;
    loop {
        let news = coordinator.news(version);
        version = news.version;
        for line in &news.complaints {
            bar.suspend(|| eprintln!("mrcoordinator: {line}"));
        }
        show(&bar, news.progress);
        if let Some(end) = news.end {
            bar.finish_and_clear();
            return end;
        }
    }
}

fn show(bar: &ProgressBar, progress: Progress) {
    let Progress { maps_done, maps, reduces_done, reduces } = progress;
    let phase = if maps_done < maps { "map" } else { "reduce" };
    bar.set_message(phase);
    bar.set_length((maps + reduces) as u64);
    bar.set_position((maps_done + reduces_done) as u64);
}
