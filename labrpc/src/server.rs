//! Servers: the objects that requests reach.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::error::CallError;
use crate::method::Method;
use crate::payload::Payload;
use crate::request_limit::RequestLimit;
use crate::service::Service;

/// A set of services that start and crash together, such as a Raft peer and
/// the key/value service on top of it.
///
/// A server object ends with a crash. A restarted server is a new object under
/// the old name, and its counter starts from zero.
#[must_use = "a server is reached only once it is added to a network"]
pub struct Server {
    services: BTreeMap<String, Service>,
    count: AtomicU64,
    /// The tester's number of the server that this object belongs to. Its
    /// handlers run on behalf of that server.
    owner: Option<usize>,
    limit: RequestLimit,
}

impl Server {
    /// Creates a server without services.
    pub fn new() -> Self {
        let owner = labrt::thread::server();
        Server {
            services: BTreeMap::new(),
            count: AtomicU64::new(0),
            owner,
            limit: RequestLimit::new(),
        }
    }

    /// Adds a service, and returns the server.
    ///
    /// # Panics
    ///
    /// As [`add_service`](Self::add_service).
    pub fn with_service(mut self, service: Service) -> Self {
        self.add_service(service);
        self
    }

    /// Limits the requests that the server accepts, and returns the server.
    pub fn with_request_limit(mut self, limit: RequestLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Adds a service.
    ///
    /// # Panics
    ///
    /// If the server already has a service of this name.
    pub fn add_service(&mut self, service: Service) {
        let name = service.name().to_string();
        let previous = self.services.insert(name.clone(), service);
        assert!(previous.is_none(), "the server already has a service named {name}");
    }

    /// Returns the number of requests that have reached this server.
    pub fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// Returns the tester's number of the server that this object belongs to.
    pub(crate) fn owner(&self) -> Option<usize> {
        self.owner
    }

    /// Returns whether the server accepts a request now.
    pub(crate) fn is_open(&self) -> bool {
        self.limit.is_open()
    }

    /// Counts a request from another process, runs its handler and returns the
    /// reply.
    ///
    /// # Errors
    ///
    /// If the server has no such method, or the argument is not a value of the
    /// method's type.
    pub fn answer(&self, method: &str, argument: Payload) -> Result<Payload, CallError> {
        self.count_request();
        self.method(method)?.handler()(argument)
    }

    /// Counts a request that has arrived.
    pub(crate) fn count_request(&self) {
        self.count.fetch_add(1, Relaxed);
        self.limit.count_request();
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
