//! Servers: what a name in the network stands for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::door::Door;
use crate::error::CallError;
use crate::method::Method;
use crate::payload::Payload;
use crate::service::Service;

/// A bundle of services that live and die together, such as a Raft peer and
/// the key/value service on top of it.
///
/// A server object stands for one life: a crashed server that comes back is a
/// new object under the old name, and its counter starts from zero.
#[must_use = "a server is reached only once it is added to a network"]
pub struct Server {
    services: BTreeMap<String, Service>,
    count: AtomicU64,
    /// The server, as the tests count them, for whom it was made: its handlers work
    /// for that one.
    home: Option<usize>,
    door: Door,
}

impl Server {
    /// A server without services.
    pub fn new() -> Self {
        let home = labrt::thread::server();
        Server { services: BTreeMap::new(), count: AtomicU64::new(0), home, door: Door::new() }
    }

    /// The server with one more service.
    ///
    /// # Panics
    ///
    /// As [`add_service`](Self::add_service).
    pub fn with_service(mut self, service: Service) -> Self {
        self.add_service(service);
        self
    }

    /// The server behind a door that may close.
    pub fn with_door(mut self, door: Door) -> Self {
        self.door = door;
        self
    }

    /// Adds a service.
    ///
    /// # Panics
    ///
    /// When the server has a service of this name.
    pub fn add_service(&mut self, service: Service) {
        let name = service.name().to_string();
        let previous = self.services.insert(name.clone(), service);
        assert!(previous.is_none(), "a server has two services {name}");
    }

    /// The number of requests that have reached this server.
    pub fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// For whom its handlers work.
    pub(crate) fn home(&self) -> Option<usize> {
        self.home
    }

    /// Whether a request that is sent now comes in.
    pub(crate) fn is_open(&self) -> bool {
        self.door.is_open()
    }

    /// Counts a request that arrives from another process, runs its handler and
    /// returns the reply.
    ///
    /// # Errors
    ///
    /// The server has no such method, or the argument is no value of its type.
    pub fn answer(&self, method: &str, argument: Payload) -> Result<Payload, CallError> {
        self.count_request();
        self.method(method)?.handler()(argument)
    }

    /// Counts a request that has arrived.
    pub(crate) fn count_request(&self) {
        self.count.fetch_add(1, Relaxed);
        self.door.enter();
    }

    /// Finds a method by its full name.
    pub(crate) fn method(&self, method: &str) -> Result<&Method, CallError> {
        let (service, method) = split_method(method)?;
        let service = self.services.get(service).ok_or_else(|| CallError::UnknownService {
            service: service.to_string(),
            known: self.services.keys().cloned().collect(),
        })?;
        service.find(method)
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services: Vec<_> = self.services.values().collect();
        f.debug_struct("Server").field("services", &services).field("count", &self.count()).finish()
    }
}

/// Splits `"Service.Method"` at its last dot.
pub(crate) fn split_method(method: &str) -> Result<(&str, &str), CallError> {
    method.rsplit_once('.').ok_or_else(|| CallError::NoDot { method: method.to_string() })
}
