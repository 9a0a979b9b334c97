//! A connection that has been greeted: frames in, frames out.

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

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

/// The sending half. Many threads may send; frames do not mix.
#[derive(Debug)]
pub(crate) struct FrameSender {
    socket: Arc<Socket>,
    /// Held for the length of one frame.
    turn: Mutex<()>,
    max_frame: usize,
}

/// Why a frame was not sent.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The frame is longer than the limit. The connection is as it was.
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The most that the other side takes.
        limit: usize,
    },
    /// The connection is broken.
    Broken,
}

impl FrameSender {
    /// Sends a frame. An error of the system ends the connection for both halves.
    pub(crate) fn send(&self, frame: &Frame) -> Result<(), SendError> {
        let (length, limit) = (frame.length(), self.max_frame);
        if length > limit {
            return Err(SendError::TooLong { length, limit });
        }
        let bytes = frame.encode();
        let _turn = self.turn.lock();
        let sent = (&*self.socket).write_all(&bytes);
        if sent.is_err() {
            // Half a frame may be out: nothing can follow it.
            self.close();
        }
        sent.map_err(|_| SendError::Broken)
    }

    /// Ends the connection. Whoever reads from it is told.
    pub(crate) fn close(&self) {
        // It may be closed from the other side already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// The receiving half, for one thread.
#[derive(Debug)]
pub(crate) struct FrameReceiver {
    socket: Arc<Socket>,
    /// Where reads go.
    chunk: Box<[u8]>,
    /// Bytes that were read and not yet used.
    buffer: Vec<u8>,
    /// When the last of them came.
    heard: Instant,
    max_frame: usize,
    silence: Duration,
}

/// The halves of a greeted connection.
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
    /// The next frame, or `None` when none has come for a while and all is well.
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

    /// Takes a whole frame off the buffer, if there is one.
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
        // The room for a large frame is not kept for small ones.
        self.buffer.shrink_to(CHUNK.max(self.buffer.len()));
        Ok(Some(frame))
    }

    /// Reads what there is. False when nothing came for a while.
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

/// Systems differ in what they call it.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
