//! Services at an address.

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

/// How long a closing service tries to wake its accepting thread.
const LAST_VISIT: Duration = Duration::from_millis(100);

/// A bound address that is not yet served.
#[derive(Debug)]
#[must_use = "call `serve` to answer clients"]
pub struct Listener {
    bound: Bound,
    options: Options,
    limits: Limits,
}

impl Listener {
    /// Binds an address. Replaces the file of a Unix socket whose server has
    /// crashed.
    ///
    /// # Errors
    ///
    /// The address is in use, or the system refuses it, or other machines can
    /// reach it and there is no token.
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

    /// Changes the limits of the service.
    #[cfg(test)]
    pub(crate) fn with_limits(mut self, limits: impl FnOnce(&mut Limits)) -> Self {
        limits(&mut self.limits);
        self
    }

    /// Answers calls, on its own threads, until the returned handle is closed or
    /// dropped. Calls `welcome` at each new connection for the server that answers
    /// it, which may be a different one each time.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
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
#[must_use = "dropping this closes the service"]
pub struct Serving {
    address: Address,
    connections: Arc<Connections>,
    /// Dropping this removes the file.
    _file: Option<SocketFile>,
}

impl Serving {
    /// Returns the address for clients, with the port that the system chose for
    /// port 0.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Closes the service, but first waits for the running calls, for at most
    /// `grace`.
    pub fn close(self, grace: Duration) {
        self.connections.await_answers(grace);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.connections.close();
        // A last connection, which wakes the accepting thread to see that the
        // service is closed. If it fails, the next connection does that.
        let _ = connect(&self.address, LAST_VISIT);
    }
}
