//! One call in the simulated network, from request to reply.
//!
//! The course has a dispatcher thread and a worker thread per request. Here the
//! caller waits once, for the outcome. The handler has its own thread, because
//! the caller must be able to give up on a handler whose server has died. That
//! thread starts when the request arrives, and sends the outcome with the delay
//! of the reply.

use std::fmt;
use std::sync::Arc;

use labrt::channel::{OneshotReceiver, RecvTimeoutError, oneshot};
use labrt::thread;
use labrt::time::Duration;
use labrt::trace;

use crate::end::Transport;
use crate::error::CallError;
use crate::events;
use crate::fault_plan::{self, FaultPlan};
use crate::network::core::{Core, WeakCore};
use crate::payload::Payload;
use crate::topology::{EndId, Route};

/// How often a caller checks whether the server that it waits for is dead.
const DEAD_CHECK: Duration = Duration::from_millis(100);

/// An end of the simulated network.
pub(crate) struct SimulatedEnd {
    network: WeakCore,
    id: EndId,
}

impl SimulatedEnd {
    /// Creates the end with that id.
    pub(crate) fn new(network: WeakCore, id: EndId) -> Self {
        Self { network, id }
    }
}

impl Transport for SimulatedEnd {
    fn call(&self, method: &str, argument: Payload) -> Result<Option<Payload>, CallError> {
        // A network without handles is closed, as after its cleanup.
        let Some(network) = self.network.upgrade() else { thread::exit() };
        let bytes = argument.len();
        let Some(accepted) = network.accept(self.id, bytes) else { thread::exit() };
        let number = accepted.number;
        let to = accepted.route.as_ref().map(|route| route.id);
        trace::event(events::Send { end: self.id, call: number, bytes, to });

        let mut rng = labrt::network_rng();
        let Some(route) = accepted.route else {
            trace::event(events::Unreachable { end: self.id, call: number });
            log::trace!(target: "DROP", "{} reaches no server with {method}", caller());
            pause(fault_plan::fail_delay(&accepted.conditions, &mut rng));
            return Ok(None);
        };
        let plan = FaultPlan::draw(&accepted.conditions, &mut rng);
        Call { network: &network, number, method, route, plan }.run(&self.network, argument)
    }
}

/// A call that has a route to a server.
struct Call<'a> {
    network: &'a Core,
    /// The call's number in the network.
    number: u64,
    /// The full name of the method.
    method: &'a str,
    route: Route,
    plan: FaultPlan,
}

/// The outcome of a request that reaches its server.
enum CallOutcome {
    /// The reply arrives, or an error that reports a mistake.
    Reply(Result<Payload, CallError>),
    /// The network loses the reply, which has this many bytes.
    Lost(u64),
    /// The server died before its handler returned.
    Dead,
}

impl Call<'_> {
    /// Runs the call: the request, the handler and the reply.
    fn run(&self, network: &WeakCore, argument: Payload) -> Result<Option<Payload>, CallError> {
        log::trace!(target: "TRCE", "{} calls {self}", caller());
        let (end, call, to) = (self.route.end, self.number, Some(self.route.id));
        if self.plan.request.lost {
            pause(self.plan.request.delay);
            trace::event(events::DropRequest { end, call, bytes: argument.len(), to });
            log::debug!(target: "DROP", "{} loses its request for {self}", caller());
            return Ok(None);
        }
        let outcome = self.start_handler(network, argument)?;
        match self.wait_for(&outcome) {
            CallOutcome::Reply(reply) => {
                let reply = reply?;
                self.network.count_reply(reply.len());
                trace::event(events::Reply { end, call, bytes: reply.len(), to });
                log::trace!(target: "TRCE", "{} gets the reply to {self}", caller());
                Ok(Some(reply))
            }
            CallOutcome::Lost(bytes) => {
                trace::event(events::DropReply { end, call, bytes, to });
                log::debug!(target: "DROP", "{} loses the reply to {self}", caller());
                Ok(None)
            }
            CallOutcome::Dead => {
                trace::event(events::Dead { end, call, bytes: 0, to });
                log::debug!(target: "DROP", "{} gives up on {self}: the server is dead", caller());
                Ok(None)
            }
        }
    }

    /// Starts the handler on its own thread, when the request arrives.
    fn start_handler(
        &self,
        network: &WeakCore,
        argument: Payload,
    ) -> Result<OneshotReceiver<CallOutcome>, CallError> {
        let method = self.route.server.method(self.method)?;
        let handler = Arc::clone(method.handler());
        let (network, call, route) = (WeakCore::clone(network), self.number, self.route.clone());
        let FaultPlan { request, reply: back } = self.plan;
        let (done, outcome) = oneshot();
        let job = move || {
            trace::event(events::Deliver { to: route.id, call, bytes: argument.len() });
            route.server.count_request();
            let reply = handler(argument);
            match reply {
                // The network is gone, or its route to this server is.
                _ if !network.upgrade().is_some_and(|network| network.is_alive(&route)) => {
                    done.send_after(Duration::ZERO, CallOutcome::Dead);
                }
                Ok(reply) if back.lost => {
                    done.send_after(Duration::ZERO, CallOutcome::Lost(reply.len()));
                }
                // From here the reply is on the wire: it arrives whatever happens
                // to the server, the end or the network.
                reply => done.send_after(back.delay, CallOutcome::Reply(reply)),
            }
        };
        let thread = method.thread(&self.route.name, self.method);
        let owner = self.route.server.owner();
        thread::on_behalf_of(owner, || thread::go_after(request.delay, thread, job));
        Ok(outcome)
    }

    /// Waits for the outcome for as long as the server is alive. The handler of
    /// a dead server continues without its caller.
    fn wait_for(&self, outcome: &OneshotReceiver<CallOutcome>) -> CallOutcome {
        let mut timeout = self.plan.request.delay + DEAD_CHECK;
        loop {
            match outcome.recv_timeout(timeout) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Timeout) if self.network.is_alive(&self.route) => {}
                Err(RecvTimeoutError::Timeout) => return CallOutcome::Dead,
                // The handler panicked, which fails the run, or called into a closed
                // network, which ended its thread. No reply will come.
                Err(RecvTimeoutError::Disconnected) => thread::exit(),
            }
            timeout = DEAD_CHECK;
        }
    }
}

/// For log lines: the method and the server.
impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.route.server.owner() {
            Some(server) => write!(f, "{} of S{server}", self.method),
            None => write!(f, "{} of {}", self.method, self.route.name),
        }
    }
}

/// For log lines: the server that calls, or else the thread.
fn caller() -> String {
    thread::server().map_or_else(thread::label, |server| format!("S{server}"))
}

/// Sleeps, unless the delay is zero.
fn pause(delay: Duration) {
    if !delay.is_zero() {
        thread::sleep(delay);
    }
}
