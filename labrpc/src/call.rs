//! The life of one call in the simulated network.
//!
//! The course has a dispatcher thread and a worker thread per request. Here the
//! caller waits once, for the outcome. The handler has a thread of its own,
//! because a caller must be able to give up on a handler whose server has died.
//! That thread starts when the request arrives, and sends the outcome off with
//! the delay of the reply.

use std::fmt;
use std::sync::Arc;

use labrt::channel::{OneshotReceiver, RecvTimeoutError, oneshot};
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
        Call { network: &network, number, method, route, fate }.run(&self.network, argument)
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

/// The result of a request that arrives.
enum CallOutcome {
    /// The reply arrives, or the report of a mistake.
    Reply(Result<Payload, CallError>),
    /// The network loses the reply, which has this many bytes.
    Lost(u64),
    /// The server died before its handler returned.
    Dead,
}

impl Call<'_> {
    /// There, through the handler, and back.
    fn run(&self, network: &WeakCore, argument: Payload) -> Result<Option<Payload>, CallError> {
        log::trace!(target: "TRCE", "{} calls {self}", caller());
        let (end, call, to) = (self.route.end, self.number, Some(self.route.id));
        if self.fate.request.lost {
            pause(self.fate.request.delay);
            trace::event(events::DropRequest { end, call, bytes: argument.len(), to });
            log::debug!(target: "DROP", "{} loses its request {self}", caller());
            return Ok(None);
        }
        let outcome = self.start_handler(network, argument)?;
        match self.wait_for(&outcome) {
            CallOutcome::Reply(reply) => {
                let reply = reply?;
                self.network.count_reply(reply.len());
                trace::event(events::Reply { end, call, bytes: reply.len(), to });
                log::trace!(target: "TRCE", "{} hears back from {self}", caller());
                Ok(Some(reply))
            }
            CallOutcome::Lost(bytes) => {
                trace::event(events::DropReply { end, call, bytes, to });
                log::debug!(target: "DROP", "{} loses the reply to {self}", caller());
                Ok(None)
            }
            CallOutcome::Dead => {
                trace::event(events::Dead { end, call, bytes: 0, to });
                log::debug!(target: "DROP", "{} gives up {self}, which is dead", caller());
                Ok(None)
            }
        }
    }

    /// Starts the handler on a thread of its own, when the request arrives.
    fn start_handler(
        &self,
        network: &WeakCore,
        argument: Payload,
    ) -> Result<OneshotReceiver<CallOutcome>, CallError> {
        let method = self.route.server.method(self.method)?;
        let handler = Arc::clone(method.handler());
        let (network, call, route) = (WeakCore::clone(network), self.number, self.route.clone());
        let Fate { request, reply: back } = self.fate;
        let (done, outcome) = oneshot();
        let job = move || {
            trace::event(events::Deliver { to: route.id, call, bytes: argument.len() });
            route.server.count_request();
            let reply = handler(argument);
            match reply {
                // The network is gone with its server, or has another one there.
                _ if !network.upgrade().is_some_and(|network| network.is_alive(&route)) => {
                    done.send_after(Duration::ZERO, CallOutcome::Dead);
                }
                Ok(reply) if back.lost => {
                    done.send_after(Duration::ZERO, CallOutcome::Lost(reply.len()));
                }
                // From here on the reply is on the wire: it arrives whatever
                // happens to the server, the end or the network.
                reply => done.send_after(back.delay, CallOutcome::Reply(reply)),
            }
        };
        let thread = method.thread(&self.route.name, self.method);
        let home = self.route.server.home();
        thread::on_behalf_of(home, || thread::go_after(request.delay, thread, job));
        Ok(outcome)
    }

    /// Waits for the outcome for as long as the server lives. A handler whose
    /// server died goes on without its caller.
    fn wait_for(&self, outcome: &OneshotReceiver<CallOutcome>) -> CallOutcome {
        let mut patience = self.fate.request.delay + DEAD_CHECK;
        loop {
            match outcome.recv_timeout(patience) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Timeout) if self.network.is_alive(&self.route) => {}
                Err(RecvTimeoutError::Timeout) => return CallOutcome::Dead,
                // The handler unwound: by a panic, which fails the run, or
                // because it called into a closed network. No reply will come.
                Err(RecvTimeoutError::Disconnected) => thread::exit(),
            }
            patience = DEAD_CHECK;
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

/// Sleeps, unless there is nothing to sleep.
fn pause(delay: Duration) {
    if !delay.is_zero() {
        thread::sleep(delay);
    }
}
