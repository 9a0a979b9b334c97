//! Names of threads.

use std::sync::Arc;

/// The name of a thread, for reports. Cloning it is cheap.
#[derive(Clone, Debug)]
pub enum ThreadName {
    /// A name from the source code.
    Static(&'static str),
    /// A name created at run time.
    Shared(Arc<str>),
}

impl ThreadName {
    /// Returns the name; empty if the thread has none.
    pub fn as_str(&self) -> &str {
        match self {
            ThreadName::Static(text) => text,
            ThreadName::Shared(text) => text,
        }
    }
}

impl From<&'static str> for ThreadName {
    fn from(text: &'static str) -> Self {
        ThreadName::Static(text)
    }
}

impl From<String> for ThreadName {
    fn from(text: String) -> Self {
        ThreadName::Shared(text.into())
    }
}
