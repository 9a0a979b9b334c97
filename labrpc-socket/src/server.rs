//! The serving side.

use std::io;
use std::sync::Arc;

use labrpc::Server;
use labrt::thread;
use labrt::time::Duration;

use crate::address::Address;
use crate::assert_real_clock;
use crate::bind::{self, BindError, Bound};
use crate::connect::connect;
use crate::connections::Connections;
use crate::conversation::converse;
use crate::limits::Limits;
use crate::options::Options;
use crate::peer::Peer;
use crate::socket_file::SocketFile;

/// How long the end of a service waits for its accepting thread.
const LAST_VISIT: Duration = Duration::from_millis(100);

/// An address that is taken, and not yet served.
#[derive(Debug)]
#[must_use = "nobody is answered until it serves"]
pub struct Listener {
    bound: Bound,
    options: Options,
    limits: Limits,
}

impl Listener {
    /// Takes an address. The file of a Unix socket whose server has died is
    /// replaced.
    ///
    /// # Errors
    ///
    /// The address is in use, or the system refuses it, or it can be reached
    /// from other machines and there is no token.
    ///
    /// # Panics
    ///
    /// Under the virtual clock.
    #[track_caller]
    pub fn bind(address: &Address, options: Options) -> Result<Self, BindError> {
        assert_real_clock();
        let bound = bind::bind(address, &options)?;
        let limits = Limits::of(&options);
        Ok(Listener { bound, options, limits })
    }

    /// The same service with other bounds.
    #[cfg(test)]
    pub(crate) fn with_limits(mut self, limits: impl FnOnce(&mut Limits)) -> Self {
        limits(&mut self.limits);
        self
    }

    /// Answers calls, on threads of its own, until the returned handle is
    /// closed or dropped. `welcome` is asked at each new connection for the
    /// server that answers it; it may well be another one each time.
    ///
    /// # Errors
    ///
    /// The system has no thread for it.
    pub fn serve(
        self,
        welcome: impl Fn(&Peer) -> Server + Send + Sync + 'static,
    ) -> io::Result<Serving> {
        let Listener { bound: Bound { socket, address, file }, options, limits } = self;
        let connections = Arc::new(Connections::new(options, limits, Box::new(welcome)));
        let accepting = Arc::clone(&connections);
        thread::try_go("socket listener", move || {
            let visited = Arc::clone(&accepting);
            accepting.acceptor.accept_all(&socket, move |pending| converse(&visited, pending));
        })?;
        Ok(Serving { address, connections, _file: file })
    }
}

/// An address that is being served.
#[derive(Debug)]
#[must_use = "dropping it ends the service"]
pub struct Serving {
    address: Address,
    connections: Arc<Connections>,
    /// Removed with this.
    _file: Option<SocketFile>,
}

impl Serving {
    /// Where clients find it; with the port that the system chose, if it did.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Ends the service, but lets calls in flight be answered, for at most
    /// `grace`.
    pub fn close(self, grace: Duration) {
        self.connections.await_answers(grace);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.connections.close();
        // A last visit, at which the accepting thread sees that it is over. If it
        // fails, the thread sees it at the next one.
        let _ = connect(&self.address, LAST_VISIT);
    }
}
