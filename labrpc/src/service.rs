//! Services: named handlers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CallError;
use crate::method::{Handler, Method};
use crate::payload::Payload;

/// A set of named methods, for a [`Server`](crate::Server).
///
/// Protocols use [`service!`](crate::service!), which generates this code. By
/// hand:
///
/// ```
/// use labrpc::Service;
///
/// let service = Service::new("Greeter")
///     .method("Hello", |name: String| format!("hello {name}"))
///     .method("Length", |name: String| name.len() as u64);
/// assert_eq!(service.name(), "Greeter");
/// ```
#[must_use = "a service does nothing until it is added to a server"]
pub struct Service {
    name: String,
    methods: BTreeMap<String, Method>,
}

impl Service {
    /// Creates a service without methods.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), methods: BTreeMap::new() }
    }

    /// Adds a method, and returns the service. Many calls of a method may run
    /// at the same time.
    ///
    /// # Panics
    ///
    /// If the service already has a method of this name.
    pub fn method<A, R>(
        mut self,
        name: impl Into<String>,
        handler: impl Fn(A) -> R + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
    {
        let name = name.into();
        let handler: Handler =
            Arc::new(move |argument: Payload| Ok(Payload::encode(&handler(argument.decode()?))));
        let previous = self.methods.insert(name.clone(), Method::new(handler));
        assert!(previous.is_none(), "service {} already has a method named {name}", self.name);
        self
    }

    /// Returns the service's name: the part before the dot in a call.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Finds a method by its name without the service.
    pub(crate) fn find(&self, method: &str) -> Result<&Method, CallError> {
        self.methods.get(method).ok_or_else(|| CallError::UnknownMethod {
            method: method.to_string(),
            known: self.methods.keys().cloned().collect(),
        })
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.methods.keys().collect();
        f.debug_struct("Service").field("name", &self.name).field("methods", &methods).finish()
    }
}
