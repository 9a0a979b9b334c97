//! Records what each server applied, and checks it.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};
use labrt::storage::Persister;
use labrt::sync::Mutex;
use tester::Context;

use super::claims::Claims;
use super::{Edition, Life, Snapshots, show};

/// A snapshot is taken after the entry before each multiple of this.
const SNAPSHOT_INTERVAL: u64 = 10;

/// The bytes before each command in a snapshot, which hold its length.
const LENGTH_BYTES: usize = size_of::<u32>();

/// The commands that one server applied.
#[derive(Clone, Default)]
struct ServerLog {
    /// The incarnation that may add to this log.
    incarnation: u64,
    /// The last index that this incarnation applied.
    last_applied: u64,
    /// The command at each index. Slot 0 is always empty.
    commands: Vec<Option<Bytes>>,
}

impl ServerLog {
    fn at(&self, index: u64) -> Option<&Bytes> {
        self.commands.get(slot(index))?.as_ref()
    }

    fn put(&mut self, index: u64, command: Bytes) {
        let slot = slot(index);
        if slot >= self.commands.len() {
            self.commands.resize(slot + 1, None);
        }
        self.commands[slot] = Some(command);
    }

    /// Encodes all commands up to `index`: the index, then the length and the
    /// bytes of each command. Length 0 means that there is no command.
    fn encode(&self, index: u64) -> Bytes {
        let commands = &self.commands[..=slot(index)];
        let bytes = commands.iter().flatten().map(Bytes::len).sum::<usize>();
        let mut out = Vec::with_capacity(8 + commands.len() * LENGTH_BYTES + bytes);
        out.put_u64_le(index);
        for command in commands {
            let command = command.as_deref().unwrap_or_default();
            out.put_u32_le(u32::try_from(command.len()).expect("commands are short"));
            out.put_slice(command);
        }
        out.into()
    }

    /// Restores the commands from an [encoded](Self::encode) snapshot, and
    /// returns its index. The commands share its bytes.
    fn decode(&mut self, mut snapshot: Bytes) -> Option<u64> {
        let index = snapshot.try_get_u64_le().ok()?;
        let mut commands = Vec::with_capacity(slot(index) + 1);
        while snapshot.has_remaining() {
            let length = snapshot.try_get_u32_le().ok()? as usize;
            if length > snapshot.remaining() {
                return None;
            }
            let command = snapshot.split_to(length);
            commands.push((length > 0).then_some(command));
        }
        if commands.len() != slot(index) + 1 {
            return None;
        }
        self.commands = commands;
        self.last_applied = index;
        Some(index)
    }
}

/// Returns the slot of an index in the list of commands.
fn slot(index: u64) -> usize {
    usize::try_from(index).expect("an index fits into memory")
}

/// The logs of all servers.
struct Logs {
    servers: Vec<ServerLog>,
    max_index: u64,
}

impl Logs {
    /// Returns whether this is the server's current life. Only that one may add
    /// to its log.
    fn is_current(&self, life: Life) -> bool {
        self.servers[life.server].incarnation == life.incarnation
    }

    /// Records that server `i` applied a command. Another server's command at
    /// the same index must be the same. Returns whether `i` has applied the
    /// previous index.
    fn check(&mut self, i: usize, index: u64, command: Bytes) -> Result<bool, String> {
        for (j, other) in self.servers.iter().enumerate() {
            if let Some(old) = other.at(index)
                && *old != command
            {
                let (new, old) = (show(&command), show(old));
                return Err(format!("commit index={index} server={i} {new} != server={j} {old}"));
            }
        }
        self.max_index = self.max_index.max(index);
        let log = &mut self.servers[i];
        log.put(index, command);
        Ok(index > 1 && log.at(index - 1).is_some())
    }

    /// Checks and records that server `i` applied a command.
    fn apply(&mut self, i: usize, index: u64, command: Bytes, strict: bool) -> Result<(), String> {
        let expected = self.servers[i].last_applied + 1;
        if strict && index != expected {
            return Err(format!("server {i} apply error, expected index {expected}, got {index}"));
        }
        let had_previous = self.check(i, index, command)?;
        if index > 1 && !had_previous {
            return Err(format!("server {i} apply out of order {index}"));
        }
        self.servers[i].last_applied = index;
        Ok(())
    }

    /// Restores server `i` from a snapshot, which must be of entry `expected`
    /// if that is given.
    fn ingest(&mut self, i: usize, snapshot: Bytes, expected: Option<u64>) -> Result<(), String> {
        let Some(index) = self.servers[i].decode(snapshot) else {
            return Err(format!("server {i} snapshot decode error"));
        };
        if expected.is_some_and(|expected| expected != index) {
            return Err(format!("server {i} snapshot doesn't match its index"));
        }
        Ok(())
    }
}

/// The record of a test, written by appliers and read by the test.
pub(crate) struct Ledger {
    logs: Mutex<Logs>,
    claims: Mutex<Claims>,
    snapshots: Snapshots,
    edition: Edition,
    context: Context,
}

impl Ledger {
    /// Empty logs of `n` servers.
    pub(super) fn new(context: &Context, n: usize, snapshots: Snapshots, edition: Edition) -> Self {
        let logs = Logs { servers: vec![ServerLog::default(); n], max_index: 0 };
        let (logs, claims) = (Mutex::new(logs), Mutex::default());
        Ledger { logs, claims, snapshots, edition, context: context.clone() }
    }

    /// Records that a server was seen to lead a term.
    #[track_caller]
    pub(super) fn leads(&self, life: Life, term: u64) {
        let result = self.claims.lock().leads(life, term);
        self.fatal_on_error(result);
    }

    /// Records that a leader has accepted a command.
    #[track_caller]
    pub(super) fn takes(&self, life: Life, index: u64, term: u64) {
        let result = self.claims.lock().takes(life, index, term);
        self.fatal_on_error(result);
    }

    /// Returns the earliest term that this life of a server may report from now
    /// on.
    pub(super) fn earliest_term(&self, life: Life) -> u64 {
        self.claims.lock().earliest_term(life)
    }

    /// Records the term that a server reports. `earliest` was determined before
    /// the server was asked.
    #[track_caller]
    pub(super) fn reports(&self, life: Life, term: u64, earliest: u64) {
        let result = self.claims.lock().reports(life, term, earliest);
        self.fatal_on_error(result);
    }

    #[track_caller]
    fn fatal_on_error(&self, result: Result<(), String>) {
        if let Err(error) = result {
            self.context.fatal(error);
        }
    }

    /// Begins a new life of a server with this storage.
    pub(super) fn begin(&self, life: Life, persister: &Arc<Persister>) {
        let i = life.server;
        let snapshot = match self.snapshots {
            Snapshots::On => persister.snapshot(),
            Snapshots::Off => Bytes::new(),
        };
        let mut logs = self.logs.lock();
        let log = &mut logs.servers[i];
        log.incarnation = life.incarnation;
        log.last_applied = 0;
        if self.edition == Edition::Y2025 {
            log.commands.clear();
        }
        if !snapshot.is_empty()
            && let Err(error) = logs.ingest(i, snapshot, None)
        {
            drop(logs);
            self.fail(&error);
        }
    }

    /// Reports an error that an applier found in its Raft.
    #[track_caller]
    pub(super) fn fail(&self, error: &str) {
        self.context.fail(format!("apply error: {error}"));
    }

    /// Records that a server applied a command. Returns the snapshot that it
    /// should take now, if any.
    pub(super) fn apply(
        &self,
        life: Life,
        index: u64,
        command: Bytes,
    ) -> Result<Option<Bytes>, String> {
        let strict = self.snapshots == Snapshots::On;
        let mut logs = self.logs.lock();
        if !logs.is_current(life) {
            return Ok(None);
        }
        logs.apply(life.server, index, command, strict)?;
        self.context.raise_ops(logs.max_index);
        let due = strict && (index + 1).is_multiple_of(SNAPSHOT_INTERVAL);
        Ok(due.then(|| logs.servers[life.server].encode(index)))
    }

    /// Restores a server from a snapshot that it received from its Raft.
    pub(super) fn ingest(&self, life: Life, index: u64, snapshot: Bytes) -> Result<(), String> {
        let mut logs = self.logs.lock();
        if self.snapshots == Snapshots::Off || !logs.is_current(life) {
            return Ok(());
        }
        logs.ingest(life.server, snapshot, Some(index))
    }

    /// Records that a Raft reported to its service that it leads.
    pub(super) fn elected(&self, life: Life, term: u64) -> Result<(), String> {
        if !self.logs.lock().is_current(life) {
            return Ok(());
        }
        self.claims.lock().leads(life, term)
    }

    /// Returns how many servers have applied this index, and which command.
    pub(super) fn committed(&self, index: u64) -> Result<(usize, Option<Bytes>), String> {
        let logs = self.logs.lock();
        let mut found: Option<&Bytes> = None;
        let mut count = 0;
        for command in logs.servers.iter().filter_map(|log| log.at(index)) {
            if let Some(first) = found
                && first != command
            {
                let (first, other) = (show(first), show(command));
                return Err(format!(
                    "committed values do not match: index {index}, {first}, {other}"
                ));
            }
            found = Some(command);
            count += 1;
        }
        Ok((count, found.cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_carries_all_commands() {
        let mut log = ServerLog::default();
        for index in 1..=9u8 {
            log.put(index.into(), vec![index; index.into()].into());
        }
        let snapshot = log.encode(9);
        let mut other = ServerLog::default();
        assert_eq!(other.decode(snapshot.clone()), Some(9));
        assert_eq!(other.commands, log.commands);
        assert_eq!(other.last_applied, 9);
        for length in 0..snapshot.len() {
            assert_eq!(other.decode(snapshot.slice(..length)), None, "cut to {length}");
        }
    }

    #[test]
    fn different_commands_at_an_index_are_an_error() {
        let mut logs = Logs { servers: vec![ServerLog::default(); 2], max_index: 0 };
        assert_eq!(logs.apply(0, 1, Bytes::from_static(b"a"), false), Ok(()));
        let error = logs.apply(1, 1, Bytes::from_static(b"b"), false);
        assert_eq!(error, Err(r#"commit index=1 server=1 b"b" != server=0 b"a""#.to_owned()));
    }

    #[test]
    fn gaps_are_an_error() {
        let mut logs = Logs { servers: vec![ServerLog::default(); 2], max_index: 0 };
        let error = logs.apply(0, 2, Bytes::from_static(b"a"), false);
        assert_eq!(error, Err("server 0 apply out of order 2".to_owned()));
        let error = logs.apply(1, 2, Bytes::from_static(b"a"), true);
        assert_eq!(error, Err("server 1 apply error, expected index 1, got 2".to_owned()));
    }
}
