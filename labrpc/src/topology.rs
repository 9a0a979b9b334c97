//! The wiring: which end leads to which server.
//!
//! Plain data without locks or time. Only changes of the wiring look up names;
//! a call uses ids. Ids are assigned in order of creation, so they mean the
//! same in every run of a seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrt::trace::{Form, Traced};

use crate::name::Name;
use crate::server::Server;

/// The number of a client end, in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndId(usize);

impl Traced for EndId {
    const FORM: Form = Form::Number;

    fn number(self) -> u64 {
        self.0.number()
    }
}

/// The number of a server name, in order of first mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerId(usize);

impl Traced for ServerId {
    const FORM: Form = Form::Number;

    fn number(self) -> u64 {
        self.0.number()
    }
}

/// A client end, and the server that it leads to.
#[derive(Debug, Default)]
struct End {
    enabled: bool,
    server: Option<ServerId>,
}

/// A server name and its current server.
#[derive(Debug)]
struct ServerSlot {
    name: Name,
    server: Option<Arc<Server>>,
}

/// The route of a request: the server object that the sender's end led to when
/// the request was sent.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The end that sent the request.
    pub(crate) end: EndId,
    /// The number of the server's name.
    pub(crate) id: ServerId,
    /// The server's name.
    pub(crate) name: Name,
    /// The server object, which ends with a crash of the server.
    pub(crate) server: Arc<Server>,
}

/// All ends and servers of a network.
#[derive(Debug, Default)]
pub(crate) struct Topology {
    end_ids: BTreeMap<Name, EndId>,
    /// Indexed by id. A deleted end remains as a disabled one.
    ends: Vec<End>,
    server_ids: BTreeMap<Name, ServerId>,
    /// Indexed by id.
    slots: Vec<ServerSlot>,
}

impl Topology {
    /// Creates an end, disabled and unconnected.
    #[track_caller]
    pub(crate) fn make_end(&mut self, name: Name) -> EndId {
        let id = EndId(self.ends.len());
        let previous = self.end_ids.insert(name.clone(), id);
        assert!(previous.is_none(), "the network already has an end named {name}");
        self.ends.push(End::default());
        id
    }

    /// Deletes an end. Its handle then behaves as a disabled end forever,
    /// because a new end of the same name gets another id.
    #[track_caller]
    pub(crate) fn delete_end(&mut self, name: &Name) -> EndId {
        let id = self.end_id(name);
        self.end_ids.remove(name);
        self.ends[id.0] = End::default();
        id
    }

    /// Connects an end to a server, which may be added later.
    #[track_caller]
    pub(crate) fn connect(&mut self, end: &Name, server: Name) -> (EndId, ServerId) {
        let (end, server) = (self.end_id(end), self.server_id(server));
        self.ends[end.0].server = Some(server);
        (end, server)
    }

    /// Enables or disables an end.
    #[track_caller]
    pub(crate) fn enable(&mut self, end: &Name, enabled: bool) -> EndId {
        let end = self.end_id(end);
        self.ends[end.0].enabled = enabled;
        end
    }

    /// Sets or removes the server of a name, and returns the previous one.
    pub(crate) fn set_server(
        &mut self,
        name: Name,
        server: Option<Arc<Server>>,
    ) -> (ServerId, Option<Arc<Server>>) {
        let id = self.server_id(name);
        (id, std::mem::replace(&mut self.slots[id.0].server, server))
    }

    /// Returns the server of that name.
    pub(crate) fn server(&self, name: &Name) -> Option<&Arc<Server>> {
        self.slots[self.server_ids.get(name)?.0].server.as_ref()
    }

    /// Returns the route from an end to its current server, if there is one.
    pub(crate) fn route(&self, end: EndId) -> Option<Route> {
        let End { enabled: true, server: Some(id) } = self.ends[end.0] else { return None };
        let slot = &self.slots[id.0];
        let server = Arc::clone(slot.server.as_ref().filter(|server| server.is_open())?);
        Some(Route { end, id, name: slot.name.clone(), server })
    }

    /// Returns whether a route is still valid: its end is enabled, and its
    /// server object is still the one of that name, not one added after a
    /// crash.
    pub(crate) fn is_alive(&self, route: &Route) -> bool {
        let now = self.slots[route.id.0].server.as_ref();
        self.ends[route.end.0].enabled && now.is_some_and(|s| Arc::ptr_eq(s, &route.server))
    }

    #[track_caller]
    fn end_id(&self, name: &Name) -> EndId {
        match self.end_ids.get(name) {
            Some(id) => *id,
            None => panic!("the network has no end named {name}"),
        }
    }

    /// Returns the id of a server name, a new one at its first mention.
    fn server_id(&mut self, name: Name) -> ServerId {
        let slots = &mut self.slots;
        *self.server_ids.entry(name).or_insert_with_key(|name| {
            slots.push(ServerSlot { name: name.clone(), server: None });
            ServerId(slots.len() - 1)
        })
    }
}
