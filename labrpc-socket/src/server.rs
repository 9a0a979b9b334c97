//! The serving side.

use std::sync::Arc;

use labrpc::Server;
use labrt::thread;
use labrt::time::Duration;
use socket2::{Socket, Type};

use crate::address::Address;
use crate::assert_real_clock;
use crate::bind::{self, BindError, SocketFile};
use crate::connections::Connections;
use crate::conversation::accept;
use crate::options::Options;
use crate::peer::Peer;

/// An address that is taken, and not yet served.
#[derive(Debug)]
#[must_use = "nobody is answered until it serves"]
pub struct Listener {
    socket: Socket,
    address: Address,
    options: Options,
    file: Option<SocketFile>,
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
        let (socket, address) = bind::bind(address, &options)?;
        let file = SocketFile::at(&address);
        Ok(Listener { socket, address, options, file })
    }

    /// Answers calls, on threads of its own, until the returned handle is
    /// closed or dropped. `welcome` is asked at each new connection for the
    /// server that answers it; it may well be another one each time.
    pub fn serve(self, welcome: impl Fn(&Peer) -> Server + Send + Sync + 'static) -> Serving {
        let Listener { socket, address, options, file } = self;
        let connections = Arc::new(Connections::new(options, Box::new(welcome)));
        let accepting = Arc::clone(&connections);
        thread::go("socket listener", move || accept(&accepting, &socket));
        Serving { address, connections, _file: file }
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
        // A last visitor, at whom the accepting thread sees that it is over. If
        // he does not get through, the thread sees it at the next one.
        let _ = self
            .address
            .to_system()
            .and_then(|(domain, system)| Socket::new(domain, Type::STREAM, None)?.connect(&system));
    }
}
