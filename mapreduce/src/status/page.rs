//! The status page of `mrcoordinator`: a page, and the same as JSON.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;

use labrpc_socket::Acceptor;
use labrt::sync::Mutex;
use labrt::thread;

use super::audience::Audience;
use super::http::{self, Response};
use super::ledger::Ledger;
use super::snapshot::Phase;

/// So many visitors are served at once, so that nobody can take the coordinator's
/// memory. For one more the oldest has to leave.
const VISITORS: usize = 16;

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
    pub(crate) fn serve(self, ledger: Arc<Mutex<Ledger>>) -> Result<Arc<Audience>, String> {
        let url = self.url();
        let StatusPage { listener, audience, .. } = self;
        let watched = Arc::clone(&audience);
        let accept = move || {
            Acceptor::new(VISITORS).accept_all(&listener.into(), move |connection| {
                let mut ended = false;
                // What goes wrong between a visitor and the page concerns nobody else.
                let heard = http::converse(connection, |path| answer(path, &ledger, &mut ended));
                watched.looked(heard.is_ok() && ended);
            });
        };
        thread::try_go("status listener", accept)
            .map_err(|error| format!("cannot serve {url}: {error}"))?;
        Ok(audience)
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
