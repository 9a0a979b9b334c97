//! Sends and receives frames on a connection after the greeting.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use labrt::sync::Mutex;
use labrt::time::Instant;
use socket2::Socket;

use crate::broken::Broken;
use crate::frame::{Frame, PREFIX};
use crate::options::Options;

/// The most bytes of one read.
const CHUNK: usize = 1 << 16;

/// The sending half. Many threads may send; frames do not mix.
#[derive(Debug)]
pub(crate) struct FrameSender {
    socket: Arc<Socket>,
    /// Held while one frame is sent.
    turn: Mutex<()>,
    max_frame: usize,
}

/// Why a frame was not sent.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The frame is longer than the limit. The connection is still usable.
    TooLong {
        /// The length of the frame in bytes.
        length: usize,
        /// The most bytes that the other side accepts.
        limit: usize,
    },
    /// The connection is broken.
    Broken,
}

impl FrameSender {
    /// Sends a frame. A system error closes the connection for both halves.
    pub(crate) fn send(&self, frame: &Frame) -> Result<(), SendError> {
        let (length, limit) = (frame.length(), self.max_frame);
        if length > limit {
            return Err(SendError::TooLong { length, limit });
        }
        let bytes = frame.encode();
        let _turn = self.turn.lock();
        let sent = (&*self.socket).write_all(&bytes);
        if sent.is_err() {
            // Part of the frame may be sent: no other frame can follow it.
            self.close();
        }
        sent.map_err(|_| SendError::Broken)
    }

    /// Closes the connection, which wakes the threads that read from it.
    pub(crate) fn close(&self) {
        // The other side may have closed it already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// The receiving half, for one thread.
#[derive(Debug)]
pub(crate) struct FrameReceiver {
    socket: Arc<Socket>,
    /// The buffer of one read.
    chunk: Box<[u8]>,
    /// Bytes that were read and not yet decoded.
    buffer: Vec<u8>,
    /// When the last of them arrived.
    heard: Instant,
    max_frame: usize,
    silence: Duration,
}

/// Splits a connection after its greeting into its two halves.
pub(crate) fn split(
    socket: Arc<Socket>,
    options: &Options,
) -> io::Result<(FrameSender, FrameReceiver)> {
    socket.set_read_timeout(Some(options.ping_period()))?;
    socket.set_write_timeout(Some(options.silence))?;
    let sender = FrameSender {
        socket: Arc::clone(&socket),
        turn: Mutex::new(()),
        max_frame: options.max_frame,
    };
    let receiver = FrameReceiver {
        socket,
        chunk: vec![0; CHUNK].into(),
        buffer: Vec::new(),
        heard: Instant::now(),
        max_frame: options.max_frame,
        silence: options.silence,
    };
    Ok((sender, receiver))
}

impl FrameReceiver {
    /// Returns the next frame, or `None` if none arrived within a ping period and
    /// the connection is not broken.
    pub(crate) fn receive(&mut self) -> Result<Option<Frame>, Broken> {
        loop {
            if let Some(frame) = self.take_frame()? {
                return Ok(Some(frame));
            }
            if !self.read()? {
                return Ok(None);
            }
        }
    }

    /// Removes a complete frame from the buffer, if there is one.
    fn take_frame(&mut self) -> Result<Option<Frame>, Broken> {
        let Some(length) = self.buffer.first_chunk() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if length > self.max_frame {
            return Err(Broken::TooLong { length, limit: self.max_frame });
        }
        let end = PREFIX + length;
        let Some(bytes) = self.buffer.get(PREFIX..end) else { return Ok(None) };
        let frame = Frame::decode(bytes).ok_or(Broken::Malformed)?;
        self.buffer.drain(..end);
        // Free the memory of a large frame.
        self.buffer.shrink_to(CHUNK.max(self.buffer.len()));
        Ok(Some(frame))
    }

    /// Reads available bytes. Returns false if none arrived within a ping period.
    fn read(&mut self) -> Result<bool, Broken> {
        match (&*self.socket).read(&mut self.chunk) {
            Ok(0) if self.buffer.is_empty() => Err(Broken::Closed),
            Ok(0) => Err(Broken::Cut),
            Ok(length) => {
                self.buffer.extend_from_slice(&self.chunk[..length]);
                self.heard = Instant::now();
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) if is_timeout(&error) && self.heard.elapsed() < self.silence => Ok(false),
            Err(error) if is_timeout(&error) => Err(Broken::Silent(self.silence)),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Err(Broken::Closed),
            Err(error) => Err(Broken::Io(error)),
        }
    }
}

/// Returns whether an error is a timeout: systems use different kinds.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
