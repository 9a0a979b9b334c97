//! The status page of `mrcoordinator`, in HTML and as JSON.

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

/// The most connections at a time, which bounds the coordinator's memory. Another
/// one closes the oldest.
const VISITORS: usize = 16;

/// The page: one file that fetches nothing but `/status.json`.
const PAGE: &str = include_str!("page.html");

/// A status page whose address is bound, and that is not yet served.
pub(crate) struct StatusPage {
    listener: TcpListener,
    address: SocketAddr,
    audience: Arc<Audience>,
}

impl StatusPage {
    /// Binds an address `HOST:PORT`. It must be a loopback address, since the page
    /// shows names of files.
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

    /// Returns the URL for a browser.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves the page on its own threads until the process ends. Returns the
    /// browsers that show it.
    pub(crate) fn serve(self, ledger: Arc<Mutex<Ledger>>) -> Result<Arc<Audience>, String> {
        let url = self.url();
        let StatusPage { listener, audience, .. } = self;
        let watched = Arc::clone(&audience);
        let accept = move || {
            Acceptor::new(VISITORS).accept_all(&listener.into(), move |connection| {
                let mut ended = false;
                // A failed connection affects only its visitor.
                let sent = http::converse(connection, |path| answer(path, &ledger, &mut ended));
                watched.looked(sent.is_ok() && ended);
            });
        };
        thread::try_go("status listener", accept)
            .map_err(|error| format!("cannot serve {url}: {error}"))?;
        Ok(audience)
    }
}

/// Returns the response for a path. Sets `ended` if it says how the job ended.
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
