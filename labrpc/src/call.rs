//! The life of one call in the simulated network.
//!
//! The course has a dispatcher thread and a worker thread per request. Here
//! the caller's own thread does the worker's part, since it would only wait:
//! it takes the delays, gives the request up for lost, and looks after the
//! handler. The handler alone has a thread of its own, because a caller must
//! be able to give up on a handler whose server has died.

use std::fmt;

use labrt::channel::{self, Receiver, RecvTimeoutError};
use labrt::thread;
use labrt::time::Duration;
use labrt::trace;

use crate::end::Transport;
use crate::error::CallError;
use crate::events;
use crate::fate::{self, Fate};
use crate::network::core::{Core, WeakCore};
use crate::payload::Payload;
use crate::topology::{EndId, Route};

/// How often a caller looks whether the server that it waits for is dead.
const DEAD_CHECK: Duration = Duration::from_millis(100);

/// An end of the simulated network.
pub(crate) struct SimulatedEnd {
    network: WeakCore,
    id: EndId,
}

impl SimulatedEnd {
    /// The end of that id.
    pub(crate) fn new(network: WeakCore, id: EndId) -> Self {
        Self { network, id }
    }
}

impl Transport for SimulatedEnd {
    fn call(&self, method: &str, argument: Payload) -> Result<Option<Payload>, CallError> {
        // A network without a handle is as closed as one after its cleanup.
        let Some(network) = self.network.upgrade() else { thread::exit() };
        let bytes = argument.len();
        let Some(accepted) = network.accept(self.id, bytes) else { thread::exit() };
        let number = accepted.number;
        let to = accepted.route.as_ref().map(|route| route.id);
        trace::event(events::Send { end: self.id, call: number, bytes, to });

        let mut rng = labrt::network_rng();
        let Some(route) = accepted.route else {
            trace::event(events::Unreachable { end: self.id, call: number });
            log::trace!(target: "DROP", "{} cannot reach anybody with {method}", caller());
            pause(fate::fail_delay(&accepted.conditions, &mut rng));
            return Ok(None);
        };
        let fate = Fate::draw(&accepted.conditions, &mut rng);
        Call { network: &network, number, method, route, fate }.run(argument)
    }
}

/// A call that has a server to go to.
struct Call<'a> {
    network: &'a Core,
    /// The call's number in the network.
    number: u64,
    /// What is called.
    method: &'a str,
    route: Route,
    fate: Fate,
}

impl Call<'_> {
    /// There, through the handler, and back.
    fn run(&self, argument: Payload) -> Result<Option<Payload>, CallError> {
        log::trace!(target: "TRCE", "{} calls {self}", caller());
        let (end, call, to) = (self.route.end, self.number, Some(self.route.id));
        pause(self.fate.request.delay);
        if self.fate.request.lost {
            trace::event(events::DropRequest { end, call, bytes: argument.len(), to });
            log::debug!(target: "DROP", "{} loses its request {self}", caller());
            return Ok(None);
        }

        let handling = self.start_handler(argument)?;
        let Some(reply) = self.await_handler(&handling) else {
            trace::event(events::Dead { end, call, bytes: 0, to });
            log::debug!(target: "DROP", "{} gives up {self}, which is dead", caller());
            return Ok(None);
        };
        let reply = reply?;
        if self.fate.reply.lost {
            trace::event(events::DropReply { end, call, bytes: reply.len(), to });
            log::debug!(target: "DROP", "{} loses the reply to {self}", caller());
            return Ok(None);
        }

        // From here on the reply is on the wire: it arrives whatever happens
        // to the server, the end or the network.
        pause(self.fate.reply.delay);
        self.network.count_reply(reply.len());
        trace::event(events::Reply { end, call, bytes: reply.len(), to });
        log::trace!(target: "TRCE", "{} hears back from {self}", caller());
        Ok(Some(reply))
    }

    /// Starts the handler on a thread of its own.
    fn start_handler(&self, argument: Payload) -> Result<Handling, CallError> {
        let (to, call, bytes) = (self.route.id, self.number, argument.len());
        trace::event(events::Deliver { to, call, bytes });
        let (server, method) = (&self.route.server, self.method);
        let handler = server.receive(method)?;
        // Room for one: a handler that nobody waits for any more ends as well.
        let (done, handling) = channel::bounded(1);
        let job = move || {
            let reply = handler(&argument);
            // An error means that the caller has given up: the reply is lost.
            let _ = done.send(reply);
        };
        let name = [self.route.name.as_str(), method].join("/");
        thread::on_behalf_of(server.home(), || thread::go(name, job));
        Ok(handling)
    }

    /// Waits for the handler for as long as its server lives. `None` when the
    /// server died first: a handler that still runs goes on, unheard.
    fn await_handler(&self, handling: &Handling) -> Option<Result<Payload, CallError>> {
        loop {
            match handling.recv_timeout(DEAD_CHECK) {
                Ok(reply) => return self.network.is_alive(&self.route).then_some(reply),
                Err(RecvTimeoutError::Timeout) if self.network.is_alive(&self.route) => {}
                Err(RecvTimeoutError::Timeout) => return None,
                // The handler unwound: by a panic, which fails the run, or
                // because it called into a closed network. No reply will come.
                Err(RecvTimeoutError::Disconnected) => thread::exit(),
            }
        }
    }
}

/// For log lines: what is called, of whom.
impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.route.server.home() {
            Some(server) => write!(f, "{} of S{server}", self.method),
            None => write!(f, "{} of {}", self.method, self.route.name),
        }
    }
}

/// For log lines: who calls.
fn caller() -> String {
    thread::server().map_or_else(thread::label, |server| format!("S{server}"))
}

/// Where a handler's reply comes out.
type Handling = Receiver<Result<Payload, CallError>>;

/// Sleeps, unless there is nothing to sleep.
fn pause(delay: Duration) {
    if !delay.is_zero() {
        thread::sleep(delay);
    }
}
