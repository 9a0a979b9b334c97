//! One Raft server: its methods, its RPC handlers and its threads.
//!
//! Every call to a peer runs in its own job, so that no peer waits for another.
//! A call to an unreachable peer takes up to seven seconds. Meanwhile the job
//! holds only a weak reference to Raft, so that it does not keep a killed one
//! alive.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use labrpc::ClientEnd;
use labrt::channel::{self, Receiver, Sender, TrySendError};
use labrt::storage::Persister;
use labrt::sync::{Condvar, Mutex};
use labrt::thread;
use labrt::time::Instant;

use crate::apply_msg::{ApplyMsg, Command};
use crate::calls::Request;
use crate::messages::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RaftClient,
    RaftService, RequestVoteArgs, RequestVoteReply,
};
use crate::persist::Durable;
use crate::state::State;

/// One server of a Raft cluster. See the [crate's front page](crate).
pub struct Raft {
    /// The peers' ends, this server's own included.
    peers: Vec<ClientEnd>,
    /// Where the persistent state is saved.
    persister: Arc<Persister>,
    /// Everything that changes. Never locked during a call, a send or a
    /// callback.
    state: Mutex<State>,
    /// Wakes the ticker when its deadline has moved forward.
    ticker: Condvar,
    /// Wakes the applier when there is something to send to the service.
    applier: Condvar,
    /// Interrupts a send of the applier that the service does not receive.
    stop: Sender<()>,
    /// A reference to itself, for jobs that must not keep it alive.
    weak: Weak<Raft>,
}

/// The methods for the service.
impl Raft {
    /// Starts a server from the state that `persister` holds. `peers[me]` is
    /// this server. It sends committed commands and snapshots to `apply_tx` in
    /// order. Returns immediately.
    pub fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        apply_tx: Sender<ApplyMsg>,
    ) -> Arc<Raft> {
        let durable = Durable::restore(&persister);
        let state = State::new(me, peers.len(), durable, Instant::now());
        let id = state.my_id();
        log::debug!(target: "PERS", "S{id} is restored: {state}");
        // Capacity 1: kill() never waits, and one message stops the applier.
        let (stop, stopped) = channel::bounded(1);
        let raft = Arc::new_cyclic(|weak| Raft {
            peers,
            persister,
            state: Mutex::new(state),
            ticker: Condvar::new(),
            applier: Condvar::new(),
            stop,
            weak: Weak::clone(weak),
        });
        let ticker = Arc::clone(&raft);
        spawn(format!("S{id} ticker"), move || ticker.run_ticker());
        let applier = Arc::clone(&raft);
        spawn(format!("S{id} applier"), move || applier.run_applier(&apply_tx, &stopped));
        raft
    }

    /// Proposes a command. The leader returns the index that the command will
    /// have if it is ever committed, and the term; every other server returns
    /// `None`. Does not wait.
    pub fn start(&self, command: impl Into<Command>) -> Option<(u64, u64)> {
        let command = command.into();
        self.step(|state| state.propose(command)).flatten()
    }

    /// Returns the current term, and whether this server believes that it is
    /// the leader.
    pub fn state(&self) -> (u64, bool) {
        let state = self.state.lock();
        (state.term(), state.is_leader() && !state.killed)
    }

    /// Takes a snapshot of the service's state up to and including `index`, and
    /// drops the log up to there.
    ///
    /// # Panics
    ///
    /// If the service has not received the command at `index` yet.
    pub fn snapshot(&self, index: u64, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        self.step(|state| state.take_snapshot(index, bytes));
    }

    /// Stops this server. Returns immediately; its threads end soon after.
    pub fn kill(&self) {
        let mut state = self.state.lock();
        state.killed = true;
        log::debug!(target: "DROP", "S{} is killed", state.my_id());
        drop(state);
        self.ticker.notify_all();
        self.applier.notify_all();
        // The channel is full if the server was killed before.
        let _ = self.stop.try_send(());
    }

    /// Returns the state as one line of `key=value` pairs, for reports. Never
    /// waits, so that it works after a simulation has failed; if the lock is
    /// held, it says only that.
    pub fn describe(&self) -> String {
        let line = self.state.peek(ToString::to_string);
        let line = line.as_deref().and_then(|line| line.split_once(' '));
        line.map_or("(its lock is held)", |(_, state)| state).to_owned()
    }
}

/// The RPC handlers for the peers. A killed server refuses with term 0, which
/// callers ignore.
impl RaftService for Raft {
    fn request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply {
        self.step(|state| state.handle_request_vote(&args)).unwrap_or_default()
    }

    fn append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply {
        self.step(|state| state.handle_append_entries(args)).unwrap_or_default()
    }

    fn install_snapshot(&self, args: InstallSnapshotArgs) -> InstallSnapshotReply {
        self.step(|state| state.handle_snapshot(args)).unwrap_or_default()
    }
}

/// Steps and threads.
impl Raft {
    /// Runs one rule on the state, then does what follows from it: saves first,
    /// wakes the threads concerned, and makes the calls after it has released
    /// the lock. Does nothing after `kill`.
    fn step<R>(&self, rule: impl FnOnce(&mut State) -> R) -> Option<R> {
        let mut state = self.state.lock();
        if state.killed {
            return None;
        }
        state.now = Instant::now();
        let deadline = state.deadline();
        let result = rule(&mut state);
        state.send_due();
        state.durable.save(&self.persister);
        // A later deadline needs no notification: the ticker wakes up once too early.
        if state.deadline() < deadline {
            self.ticker.notify_one();
        }
        if state.has_messages() {
            self.applier.notify_one();
        }
        let outbox = std::mem::take(&mut state.outbox);
        for (peer, request) in &outbox {
            request.trace(state.my_id(), state.server_id(*peer));
        }
        drop(state);
        for (peer, request) in outbox {
            let (end, raft) = (self.peers[peer].clone(), Weak::clone(&self.weak));
            thread::go("raft call", move || run_call(end, &raft, peer, request));
        }
        Some(result)
    }

    /// Runs the ticker: sleeps until the deadline, which may have moved by
    /// then, and calls `State::tick`.
    fn run_ticker(&self) {
        let mut state = self.state.lock();
        while !state.killed {
            let (now, deadline) = (Instant::now(), state.deadline());
            if now < deadline {
                self.ticker.wait_for(&mut state, deadline - now);
                continue;
            }
            drop(state);
            self.step(State::tick);
            state = self.state.lock();
        }
    }

    /// Runs the applier: sends committed commands and snapshots to the service,
    /// until Raft is killed or the service stops receiving. Its end drops the
    /// last sender, which closes the channel.
    fn run_applier(&self, apply_tx: &Sender<ApplyMsg>, stop: &Receiver<()>) {
        let mut messages = Vec::new();
        let mut state = self.state.lock();
        while !state.killed {
            if !state.has_messages() {
                self.applier.wait(&mut state);
                continue;
            }
            state.take_messages(&mut messages);
            drop(state);
            for message in messages.drain(..) {
                if !send(apply_tx, message, stop) {
                    return self.kill();
                }
            }
            state = self.state.lock();
        }
    }
}

/// Makes a call and passes the reply to Raft, if it is still alive.
fn run_call(end: ClientEnd, raft: &Weak<Raft>, peer: usize, request: Request) {
    let client = RaftClient::new(end);
    match request {
        Request::Vote(args) => {
            if let Some(reply) = client.request_vote(&args) {
                with(raft, |state| state.handle_vote_reply(peer, args.term, &reply));
            }
        }
        Request::Append(args, call) => {
            let reply = client.append_entries(&args);
            with(raft, |state| state.end_append(&call, reply));
        }
        Request::Snapshot(args, call) => {
            let reply = client.install_snapshot(&args);
            with(raft, |state| state.end_snapshot(&call, reply));
        }
    }
}

/// Runs a step, unless Raft is gone.
fn with(raft: &Weak<Raft>, rule: impl FnOnce(&mut State)) {
    if let Some(raft) = raft.upgrade() {
        raft.step(rule);
    }
}

/// Waits until the service takes a message. Returns false if it no longer
/// receives, or Raft has been killed.
fn send(apply_tx: &Sender<ApplyMsg>, message: ApplyMsg, stop: &Receiver<()>) -> bool {
    // There is usually room, and a select costs more to set up.
    match apply_tx.try_send(message) {
        Ok(()) => true,
        Err(TrySendError::Disconnected(_)) => false,
        Err(TrySendError::Full(message)) => labrt::select! {
            send(apply_tx, message) -> sent => sent.is_ok(),
            recv(stop) -> _ => false,
        },
    }
}

/// Starts a named thread of this server.
fn spawn(name: String, body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name).spawn(body).expect("the system can start a thread");
}
