//! Who is connected to whom.
//!
//! Plain data without locks or time. Names are looked up when the wiring
//! changes; a call only uses ids, which are given in order of creation, so
//! that they mean the same in every run of a seed.

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

/// Where an end leads to.
#[derive(Debug, Default)]
struct End {
    enabled: bool,
    server: Option<ServerId>,
}

/// A server name, and the server that it stands for at the moment.
#[derive(Debug)]
struct ServerSlot {
    name: Name,
    server: Option<Arc<Server>>,
}

/// Where a request goes: the server object that the sender's end led to when
/// it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The end that the request came from.
    pub(crate) end: EndId,
    /// The number of the server's name.
    pub(crate) id: ServerId,
    /// The server's name.
    pub(crate) name: Name,
    /// The server itself, this life of it.
    pub(crate) server: Arc<Server>,
}

/// All ends and servers of a network.
#[derive(Debug, Default)]
pub(crate) struct Topology {
    end_ids: BTreeMap<Name, EndId>,
    /// Indexed by id. A deleted end stays as a disabled one.
    ends: Vec<End>,
    server_ids: BTreeMap<Name, ServerId>,
    /// Indexed by id.
    slots: Vec<ServerSlot>,
}

impl Topology {
    /// Makes an end: disabled, and connected to nothing.
    #[track_caller]
    pub(crate) fn make_end(&mut self, name: Name) -> EndId {
        let id = EndId(self.ends.len());
        let previous = self.end_ids.insert(name.clone(), id);
        assert!(previous.is_none(), "the network has an end {name} already");
        self.ends.push(End::default());
        id
    }

    /// Forgets an end. Its handle then behaves as one that is disabled, for
    /// ever: a new end of the same name is another one.
    #[track_caller]
    pub(crate) fn delete_end(&mut self, name: &Name) -> EndId {
        let id = self.end_id(name);
        self.end_ids.remove(name);
        self.ends[id.0] = End::default();
        id
    }

    /// Lets an end lead to a server, which need not be there yet.
    #[track_caller]
    pub(crate) fn connect(&mut self, end: &Name, server: Name) -> (EndId, ServerId) {
        let (end, server) = (self.end_id(end), self.server_id(server));
        self.ends[end.0].server = Some(server);
        (end, server)
    }

    /// Switches an end on or off.
    #[track_caller]
    pub(crate) fn enable(&mut self, end: &Name, enabled: bool) -> EndId {
        let end = self.end_id(end);
        self.ends[end.0].enabled = enabled;
        end
    }

    /// Puts a server under a name, in place of the one that was there.
    pub(crate) fn set_server(
        &mut self,
        name: Name,
        server: Option<Arc<Server>>,
    ) -> (ServerId, Option<Arc<Server>>) {
        let id = self.server_id(name);
        (id, std::mem::replace(&mut self.slots[id.0].server, server))
    }

    /// The server of that name.
    pub(crate) fn server(&self, name: &Name) -> Option<&Arc<Server>> {
        self.slots[self.server_ids.get(name)?.0].server.as_ref()
    }

    /// Where an end leads to at the moment, if it leads anywhere.
    pub(crate) fn route(&self, end: EndId) -> Option<Route> {
        let End { enabled: true, server: Some(id) } = self.ends[end.0] else { return None };
        let slot = &self.slots[id.0];
        let server = Arc::clone(slot.server.as_ref().filter(|server| server.is_open())?);
        Some(Route { end, id, name: slot.name.clone(), server })
    }

    /// Whether a route is still good: its end is enabled, and its server is
    /// the one under that name, not a later life of it.
    pub(crate) fn is_alive(&self, route: &Route) -> bool {
        let now = self.slots[route.id.0].server.as_ref();
        self.ends[route.end.0].enabled && now.is_some_and(|s| Arc::ptr_eq(s, &route.server))
    }

    #[track_caller]
    fn end_id(&self, name: &Name) -> EndId {
        match self.end_ids.get(name) {
            Some(id) => *id,
            None => panic!("the network has no end {name}"),
        }
    }

    /// The id of a server name, a new one at its first mention.
    fn server_id(&mut self, name: Name) -> ServerId {
        let slots = &mut self.slots;
        *self.server_ids.entry(name).or_insert_with_key(|name| {
            slots.push(ServerSlot { name: name.clone(), server: None });
            ServerId(slots.len() - 1)
        })
    }
}
