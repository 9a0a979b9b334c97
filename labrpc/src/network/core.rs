//! The state and counters that all handles and ends of a network share.

use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use labrt::sync::Mutex;

use crate::fault_plan::Conditions;
use crate::latency::Latency;
use crate::topology::{EndId, Route, Topology};

/// The state that all handles and ends of a network share.
pub(crate) struct Core {
    pub(super) state: Mutex<NetworkState>,
    calls: AtomicU64,
    bytes: AtomicU64,
}

/// An end's reference to its network, which it does not keep alive.
pub(crate) type WeakCore = Weak<Core>;

/// The part of the state that a lock protects.
pub(super) struct NetworkState {
    pub(super) conditions: Conditions,
    pub(super) topology: Topology,
    /// Set by cleanup and never reset.
    pub(super) closed: bool,
}

/// A request that the network has accepted.
pub(crate) struct Accepted {
    /// The call's number, from 1.
    pub(crate) number: u64,
    /// The network's settings when it accepted the call.
    pub(crate) conditions: Conditions,
    /// The route to the call's server, if there is one.
    pub(crate) route: Option<Route>,
}

impl Core {
    /// Creates the state of a reliable network without ends and servers.
    pub(super) fn new() -> Self {
        let conditions = Conditions {
            reliable: true,
            long_delays: false,
            long_reordering: false,
            latency: Latency::default(),
        };
        let state = NetworkState { conditions, topology: Topology::default(), closed: false };
        Core { state: Mutex::new(state), calls: 0.into(), bytes: 0.into() }
    }

    /// Accepts a request: counts it, and reads the network's settings once for
    /// the whole call. Returns `None` if the network is closed.
    pub(crate) fn accept(&self, end: EndId, bytes: u64) -> Option<Accepted> {
        let state = self.state.lock();
        if state.closed {
            return None;
        }
        let number = self.calls.fetch_add(1, Relaxed) + 1;
        self.bytes.fetch_add(bytes, Relaxed);
        let route = state.topology.route(end);
        Some(Accepted { number, conditions: state.conditions, route })
    }

    /// Returns whether a reply on this route would still reach the caller.
    pub(crate) fn is_alive(&self, route: &Route) -> bool {
        self.state.lock().topology.is_alive(route)
    }

    /// Counts the bytes of a delivered reply.
    pub(crate) fn count_reply(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// Returns the number of calls, lost ones included.
    pub(super) fn call_count(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// Returns the payload bytes of all arguments sent and all replies
    /// delivered.
    pub(super) fn byte_count(&self) -> u64 {
        self.bytes.load(Relaxed)
    }
}
