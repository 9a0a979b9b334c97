//! The simulated network: its switches and its wiring.

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

/// A network of client ends and servers that live in this process.
///
/// A clone is another handle on the same network. Ends do not keep their
/// network alive (a server usually owns ends, and the network its servers: a
/// circle that would never be freed), so whoever makes a network keeps a
/// handle for as long as it is used.
///
/// A new network is reliable, without long delays and without reordering.
#[derive(Clone)]
pub struct Network {
    core: Arc<Core>,
}

impl Network {
    /// A reliable network without ends and servers.
    pub fn new() -> Self {
        Self { core: Arc::new(Core::new()) }
    }

    /// False: from now on requests take up to 26 ms, a tenth of them is
    /// lost, and a tenth of the replies.
    pub fn set_reliable(&self, reliable: bool) {
        trace::event(events::Reliable { on: reliable });
        self.core.state.lock().conditions.reliable = reliable;
    }

    /// True: from now on calls that reach no server take up to 7 s to fail,
    /// instead of up to 100 ms.
    pub fn set_long_delays(&self, long: bool) {
        trace::event(events::LongDelays { on: long });
        self.core.state.lock().conditions.long_delays = long;
    }

    /// True: from now on two thirds of the replies are held back for 0.2 to
    /// 2.2 s.
    pub fn set_long_reordering(&self, reordering: bool) {
        trace::event(events::LongReordering { on: reordering });
        self.core.state.lock().conditions.long_reordering = reordering;
    }

    /// Sets the time on the wire for calls from now on.
    pub fn set_latency(&self, latency: Latency) {
        let [min, max] = latency.range();
        trace::event(events::SetLatency { min, max });
        self.core.state.lock().conditions.latency = latency;
    }

    /// Whether the network is reliable.
    pub fn is_reliable(&self) -> bool {
        self.core.state.lock().conditions.reliable
    }

    /// Whether the network has long delays.
    pub fn is_long_delays(&self) -> bool {
        self.core.state.lock().conditions.long_delays
    }

    /// Makes a client end. It is disabled, and connected to nothing.
    ///
    /// # Panics
    ///
    /// When there is an end of this name.
    #[track_caller]
    pub fn make_end(&self, name: impl Into<Name>) -> ClientEnd {
        let id = self.core.state.lock().topology.make_end(name.into());
        trace::event(events::MakeEnd { end: id });
        ClientEnd::new(SimulatedEnd::new(Arc::downgrade(&self.core), id))
    }

    /// Removes an end. Calls on it then behave as on a disabled end, also
    /// when a new end gets its name.
    ///
    /// # Panics
    ///
    /// When there is no end of this name.
    #[track_caller]
    pub fn delete_end(&self, name: impl Into<Name>) {
        let id = self.core.state.lock().topology.delete_end(&name.into());
        trace::event(events::DeleteEnd { end: id });
    }

    /// Lets an end lead to a server, which may be added later. The end must
    /// be enabled too.
    ///
    /// # Panics
    ///
    /// When there is no end of this name.
    #[track_caller]
    pub fn connect(&self, end: impl Into<Name>, server: impl Into<Name>) {
        let (end, server) = self.core.state.lock().topology.connect(&end.into(), server.into());
        trace::event(events::Connect { end, to: server });
    }

    /// Switches an end on or off.
    ///
    /// # Panics
    ///
    /// When there is no end of this name.
    #[track_caller]
    pub fn enable(&self, end: impl Into<Name>, enabled: bool) {
        let end = self.core.state.lock().topology.enable(&end.into(), enabled);
        trace::event(events::Enable { end, on: enabled });
    }

    /// Puts a server under a name. One that was there is gone: calls that it
    /// is still working on fail.
    pub fn add_server(&self, name: impl Into<Name>, server: impl Into<Arc<Server>>) {
        let (id, previous) = self.set_server(name.into(), Some(server.into()));
        trace::event(events::AddServer { peer: id });
        drop(previous);
    }

    /// Takes the server of that name away. Calls that it is still working on
    /// fail.
    pub fn delete_server(&self, name: impl Into<Name>) {
        let (id, previous) = self.set_server(name.into(), None);
        trace::event(events::DeleteServer { peer: id });
        drop(previous);
    }

    /// Puts a server under a name, or none. The caller drops the previous one: its
    /// destructor is the user's code and runs without the lock.
    fn set_server(
        &self,
        name: Name,
        server: Option<Arc<Server>>,
    ) -> (ServerId, Option<Arc<Server>>) {
        self.core.state.lock().topology.set_server(name, server)
    }

    /// The number of requests that reached the server that is under this
    /// name now, if there is one.
    pub fn count(&self, server: impl Into<Name>) -> Option<u64> {
        self.core.state.lock().topology.server(&server.into()).map(|server| server.count())
    }

    /// The number of calls since the network was made, lost ones included.
    pub fn total_count(&self) -> u64 {
        self.core.call_count()
    }

    /// The payload bytes of all arguments sent and of all replies delivered
    /// since the network was made.
    pub fn total_bytes(&self) -> u64 {
        self.core.byte_count()
    }

    /// Closes the network at the end of a test.
    ///
    /// From now on a call does not return: it ends its thread by a quiet
    /// unwind that counts as no failure. (In Go it returns false at once, and
    /// a clerk that was left over spins on it into the next test.) Calls
    /// already accepted run to their end. Servers stay where they are, for
    /// these calls; whoever wants them freed deletes them.
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
