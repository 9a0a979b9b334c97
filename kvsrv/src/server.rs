//! The server: executes each request once.

use std::sync::Arc;

use labrt::collections::HashMap;
use labrt::sync::Mutex;

use crate::messages::{GetArgs, KvError, KvServerService, PutAppendArgs, Value};
use crate::sessions::Sessions;

/// The key/value server.
#[derive(Default)]
pub struct KvServer {
    state: Mutex<State>,
}

/// All state, under one lock, so that a value and the session of the request
/// that wrote it change together.
#[derive(Default)]
struct State {
    values: HashMap<String, Value>,
    sessions: Sessions,
}

impl KvServer {
    /// Creates a server without keys.
    pub fn make() -> Arc<Self> {
        Arc::default()
    }
}

impl KvServerService for KvServer {
    fn get(&self, args: GetArgs) -> Result<Value, KvError> {
        self.state.lock().values.get(&args.key).cloned().ok_or(KvError::NoKey)
    }

    fn put(&self, args: PutAppendArgs) -> Result<(), KvError> {
        let PutAppendArgs { key, value, clerk, sequence } = args;
        let State { values, sessions } = &mut *self.state.lock();
        sessions.once(clerk, sequence, || {
            values.insert(key, value);
            None
        });
        Ok(())
    }

    fn append(&self, args: PutAppendArgs) -> Result<Value, KvError> {
        let PutAppendArgs { key, value, clerk, sequence } = args;
        let State { values, sessions } = &mut *self.state.lock();
        let before = sessions.once(clerk, sequence, || {
            let slot = values.entry(key).or_default();
            let after = [slot.as_str(), value.as_str()].concat();
            // The old string becomes the reply, without a copy.
            Some(std::mem::replace(slot, Arc::new(after)))
        });
        Ok(before.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A retry also keeps what another clerk has done in between.
    #[test]
    fn retry_does_not_apply_twice() {
        let server = KvServer::make();
        let args = |value: &str, clerk| {
            let value = Arc::new(value.to_owned());
            PutAppendArgs { key: "k".to_owned(), value, clerk, sequence: 1 }
        };
        let value = |text: &str| Ok(Arc::new(text.to_owned()));
        let get = || server.get(GetArgs { key: "k".to_owned() });
        assert_eq!(get(), Err(KvError::NoKey));
        assert_eq!(server.put(args("a", 1)), Ok(()));
        assert_eq!(server.append(args("b", 2)), value("a"));
        assert_eq!(server.put(args("a", 1)), Ok(()));
        assert_eq!(server.append(args("b", 2)), value("a"));
        assert_eq!(get(), value("ab"));
    }
}
