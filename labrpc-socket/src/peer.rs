//! A client's connection, as the server sees it.

use std::fmt;

use labrt::sync::Mutex;

use crate::broken::Broken;
use crate::frame::Frame;
use crate::wire::{FrameSender, SendError};

/// A function to call when a connection ends.
type Farewell = Box<dyn FnOnce(&Broken) + Send>;

/// A client's connection, as the server sees it.
pub struct Peer {
    number: u64,
    sender: FrameSender,
    farewells: Mutex<Vec<Farewell>>,
}

impl Peer {
    /// Returns the client with this number. `sender` sends its replies.
    pub(crate) fn new(number: u64, sender: FrameSender) -> Self {
        Peer { number, sender, farewells: Mutex::default() }
    }

    /// Returns its number. Numbers increase in the order in which clients connect.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Registers a function that is called once, as soon as the connection ends for
    /// any reason. Handlers may still be running then.
    pub fn at_close(&self, farewell: impl FnOnce(&Broken) + Send + 'static) {
        self.farewells.lock().push(Box::new(farewell));
    }

    /// Sends a frame.
    pub(crate) fn send(&self, frame: &Frame) -> Result<(), SendError> {
        self.sender.send(frame)
    }

    /// Calls the functions that [`at_close`](Self::at_close) registered.
    pub(crate) fn say_farewell(&self, why: &Broken) {
        for farewell in std::mem::take(&mut *self.farewells.lock()) {
            farewell(why);
        }
    }

    /// Ends the connection.
    pub(crate) fn close(&self) {
        self.sender.close();
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("number", &self.number).finish_non_exhaustive()
    }
}
