//! What threads are called.

use std::sync::Arc;

/// The name of a thread, for reports. A clone is cheap.
#[derive(Clone, Debug)]
pub enum ThreadName {
    /// A name in the source.
    Static(&'static str),
    /// A name made at run time.
    Shared(Arc<str>),
}

impl ThreadName {
    /// The name as text; empty if the thread has none.
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
