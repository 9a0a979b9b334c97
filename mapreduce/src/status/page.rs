//! The status page of `mrcoordinator`: a page, and the same as JSON.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Duration;

use super::audience::Audience;
use super::http::{self, Response};
use super::ledger::Ledger;
use super::snapshot::Phase;

/// So many visitors are served at once; the next ones are turned away, so that
/// nobody can take the coordinator's memory.
const VISITORS: usize = 16;

/// How long the accepting thread waits when the system has no room for one more
/// connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// The page: one file without anything to fetch but `/status.json`.
const PAGE: &str = include_str!("page.html");

/// An address that is taken, and not yet served.
pub(crate) struct StatusPage {
    listener: TcpListener,
    address: SocketAddr,
    audience: Arc<Audience>,
}

impl StatusPage {
    /// Takes an address `HOST:PORT` of this machine alone: whoever sees the page
    /// sees names of files.
    pub(crate) fn bind(text: &str) -> Result<Self, String> {
        let addresses: Vec<SocketAddr> = text
            .to_socket_addrs()
            .map_err(|_| format!("--status {text}: expected HOST:PORT, such as 127.0.0.1:0"))?
            .collect();
        if !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(format!(
                "--status {text}: the page is for this machine alone: take 127.0.0.1, and reach \
                 it from others through ssh -L"
            ));
        }
        let bound = TcpListener::bind(&*addresses)
            .and_then(|listener| Ok((listener.local_addr()?, listener)));
        match bound {
            Ok((address, listener)) => {
                Ok(StatusPage { listener, address, audience: Arc::default() })
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(format!(
                "--status {text} is in use by another program: take another port, or 0 for a free one"
            )),
            Err(error) => Err(format!("--status {text}: {error}")),
        }
    }

    /// What to type into a browser.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves the page on threads of its own until the process ends. Tells who
    /// looks at it.
    pub(crate) fn serve(self, ledger: Arc<Mutex<Ledger>>) -> Arc<Audience> {
        let StatusPage { listener, audience, .. } = self;
        let watched = Arc::clone(&audience);
        thread::go("status listener", move || accept(&listener, &ledger, &watched));
        audience
    }
}

fn accept(listener: &TcpListener, ledger: &Arc<Mutex<Ledger>>, audience: &Arc<Audience>) {
    let visitors = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(NO_ROOM);
            continue;
        };
        let visit = Visit::begin(&visitors);
        if visit.number > VISITORS {
            continue;
        }
        let (ledger, audience) = (Arc::clone(ledger), Arc::clone(audience));
        thread::go("status visitor", move || {
            let mut ended = false;
            // Whatever goes wrong between a visitor and us is nobody else's
            // business.
            let heard = http::converse(stream, |path| answer(path, &ledger, &mut ended));
            audience.looked(heard.is_ok() && ended);
            drop(visit);
        });
    }
}

/// What there is at a path. Notes whether it tells how the job ended.
fn answer(path: &str, ledger: &Mutex<Ledger>, ended: &mut bool) -> Option<Response> {
    match path {
        "/" => Some(Response { kind: "text/html; charset=utf-8", body: PAGE.into() }),
        "/status.json" => {
            let status = ledger.lock().status();
            *ended = matches!(status.phase, Phase::Done | Phase::Failed);
            let body = serde_json::to_vec(&status).expect("a status is plain data");
            Some(Response { kind: "application/json", body })
        }
        _ => None,
    }
}

/// A visitor counts until this is dropped.
struct Visit {
    visitors: Arc<AtomicUsize>,
    /// How many there are with this one.
    number: usize,
}

impl Visit {
    fn begin(visitors: &Arc<AtomicUsize>) -> Self {
        let number = visitors.fetch_add(1, Relaxed) + 1;
        Visit { visitors: Arc::clone(visitors), number }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.visitors.fetch_sub(1, Relaxed);
    }
}
