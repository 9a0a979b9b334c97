//! The simulated network: its settings and its wiring.

pub(crate) mod core;

use std::fmt;
use std::sync::Arc;

use labrt::trace;

use self::core::Core;
use crate::call::SimulatedEnd;
use crate::end::ClientEnd;
use crate::events;
use crate::latency::Latency;
use crate::name::Name;
use crate::server::Server;
use crate::topology::ServerId;

/// A network of client ends and servers inside this process.
///
/// A clone is another handle to the same network. Ends do not keep their
/// network alive: a network owns its servers, and servers usually own ends, so
/// this would be a cycle that is never freed. Keep a handle for as long as the
/// network is in use.
///
/// A new network is reliable, without long delays and without reordering.
#[derive(Clone)]
pub struct Network {
    core: Arc<Core>,
}

impl Network {
    /// Creates a reliable network without ends and servers.
    pub fn new() -> Self {
        Self { core: Arc::new(Core::new()) }
    }

    /// Makes the network reliable or unreliable from now on. An unreliable
    /// network delays requests by up to 26 ms, and loses one request in ten and
    /// one reply in ten.
    pub fn set_reliable(&self, reliable: bool) {
        trace::event(events::Reliable { on: reliable });
        self.core.state.lock().conditions.reliable = reliable;
    }

    /// Switches long delays on or off. With them, calls that reach no server
    /// take up to 7 s to fail instead of up to 100 ms.
    pub fn set_long_delays(&self, long: bool) {
        trace::event(events::LongDelays { on: long });
        self.core.state.lock().conditions.long_delays = long;
    }

    /// Switches long reordering on or off. With it, the network delays two
    /// thirds of the replies by 0.2 to 2.2 s.
    pub fn set_long_reordering(&self, reordering: bool) {
        trace::event(events::LongReordering { on: reordering });
        self.core.state.lock().conditions.long_reordering = reordering;
    }

    /// Sets the time on the wire for later calls.
    pub fn set_latency(&self, latency: Latency) {
        let [min, max] = latency.range();
        trace::event(events::SetLatency { min, max });
        self.core.state.lock().conditions.latency = latency;
    }

    /// Returns whether the network is reliable.
    pub fn is_reliable(&self) -> bool {
        self.core.state.lock().conditions.reliable
    }

    /// Returns whether long delays are on.
    pub fn is_long_delays(&self) -> bool {
        self.core.state.lock().conditions.long_delays
    }

    /// Creates a client end, disabled and unconnected.
    ///
    /// # Panics
    ///
    /// If there already is an end of this name.
    #[track_caller]
    pub fn make_end(&self, name: impl Into<Name>) -> ClientEnd {
        let id = self.core.state.lock().topology.make_end(name.into());
        trace::event(events::MakeEnd { end: id });
        ClientEnd::new(SimulatedEnd::new(Arc::downgrade(&self.core), id))
    }

    /// Deletes an end. Later calls on it behave as on a disabled end, even
    /// after a new end gets its name.
    ///
    /// # Panics
    ///
    /// If there is no end of this name.
    #[track_caller]
    pub fn delete_end(&self, name: impl Into<Name>) {
        let id = self.core.state.lock().topology.delete_end(&name.into());
        trace::event(events::DeleteEnd { end: id });
    }

    /// Connects an end to a server, which may be added later. Calls also need
    /// the end to be enabled.
    ///
    /// # Panics
    ///
    /// If there is no end of this name.
    #[track_caller]
    pub fn connect(&self, end: impl Into<Name>, server: impl Into<Name>) {
        let (end, server) = self.core.state.lock().topology.connect(&end.into(), server.into());
        trace::event(events::Connect { end, to: server });
    }

    /// Enables or disables an end.
    ///
    /// # Panics
    ///
    /// If there is no end of this name.
    #[track_caller]
    pub fn enable(&self, end: impl Into<Name>, enabled: bool) {
        let end = self.core.state.lock().topology.enable(&end.into(), enabled);
        trace::event(events::Enable { end, on: enabled });
    }

    /// Adds a server under a name, in place of an earlier one. Calls that the
    /// earlier one is still working on fail.
    pub fn add_server(&self, name: impl Into<Name>, server: impl Into<Arc<Server>>) {
        let (id, previous) = self.set_server(name.into(), Some(server.into()));
        trace::event(events::AddServer { peer: id });
        drop(previous);
    }

    /// Deletes the server of that name. Calls that it is still working on fail.
    pub fn delete_server(&self, name: impl Into<Name>) {
        let (id, previous) = self.set_server(name.into(), None);
        trace::event(events::DeleteServer { peer: id });
        drop(previous);
    }

    /// Sets or removes the server of a name. Returns the previous one, so that
    /// its destructor, which is the user's code, runs without the lock.
    fn set_server(
        &self,
        name: Name,
        server: Option<Arc<Server>>,
    ) -> (ServerId, Option<Arc<Server>>) {
        self.core.state.lock().topology.set_server(name, server)
    }

    /// Returns the number of requests that reached the current server of this
    /// name, if there is one.
    pub fn count(&self, server: impl Into<Name>) -> Option<u64> {
        self.core.state.lock().topology.server(&server.into()).map(|server| server.count())
    }

    /// Returns the number of calls since the network was created, lost ones
    /// included.
    pub fn total_count(&self) -> u64 {
        self.core.call_count()
    }

    /// Returns the payload bytes of all arguments sent and all replies
    /// delivered since the network was created.
    pub fn total_bytes(&self) -> u64 {
        self.core.byte_count()
    }

    /// Closes the network at the end of a test.
    ///
    /// From now on a call does not return: it ends its thread by a silent
    /// unwind that does not count as a failure. (In Go it returns false
    /// immediately, and a leftover clerk keeps retrying into the next test.)
    /// Calls already accepted run to their end. The servers stay for these
    /// calls; delete them to free them.
    pub fn cleanup(&self) {
        trace::event(events::Cleanup {});
        self.core.state.lock().closed = true;
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("total_count", &self.total_count())
            .field("total_bytes", &self.total_bytes())
            .finish_non_exhaustive()
    }
}
