//! The one network behind all handles and ends: its state and its counters.

use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use labrt::sync::Mutex;

use crate::fate::Conditions;
use crate::latency::Latency;
use crate::topology::{EndId, Route, Topology};

/// The one network behind all handles and ends.
pub(crate) struct Core {
    pub(super) state: Mutex<NetworkState>,
    calls: AtomicU64,
    bytes: AtomicU64,
}

/// An end's way to its network.
pub(crate) type WeakCore = Weak<Core>;

/// What a lock guards of it.
pub(super) struct NetworkState {
    pub(super) conditions: Conditions,
    pub(super) topology: Topology,
    /// Set by cleanup, for good.
    pub(super) closed: bool,
}

/// A request that the network has taken.
pub(crate) struct Accepted {
    /// The call's number, from 1.
    pub(crate) number: u64,
    /// How the network behaves towards this call.
    pub(crate) conditions: Conditions,
    /// The server that the call goes to, if it has one to go to.
    pub(crate) route: Option<Route>,
}

impl Core {
    /// A reliable network without ends and servers.
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

    /// Takes a request: counts it, and looks at the network, once, for the
    /// whole call. `None` when the network is closed.
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

    /// Whether a reply that came by this route now would still count.
    pub(crate) fn is_alive(&self, route: &Route) -> bool {
        self.state.lock().topology.is_alive(route)
    }

    /// Counts the bytes of a reply at its delivery.
    pub(crate) fn count_reply(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// The number of calls, lost ones included.
    pub(super) fn call_count(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// The payload bytes of all arguments sent and of all replies delivered.
    pub(super) fn byte_count(&self) -> u64 {
        self.bytes.load(Relaxed)
    }
}
