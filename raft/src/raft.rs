//! One Raft server: what the service calls, what the peers call, and its
//! threads.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use labrpc::ClientEnd;
use labrt::channel::{self, Sender};
use labrt::storage::Persister;
use labrt::sync::{Condvar, Mutex, MutexGuard};
use labrt::thread;
use labrt::time::Instant;

use crate::apply;
use crate::apply_msg::{ApplyMsg, Command};
use crate::calls;
use crate::messages::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RaftService,
    RequestVoteArgs, RequestVoteReply,
};
use crate::persist::Durable;
use crate::state::State;

/// One server of a Raft cluster. See the [crate's front page](crate).
pub struct Raft {
    /// The peers' ends, this server's own included.
    peers: Vec<ClientEnd>,
    /// Where the persistent state is saved.
    persister: Arc<Persister>,
    /// All that changes. No lock is held over a call, a send or a callback.
    state: Mutex<State>,
    /// Wakes the ticker when its deadline has moved forward.
    ticker: Condvar,
    /// Wakes the applier when there is something to tell.
    applier: Condvar,
    /// Takes the applier out of a send that nobody receives.
    stop: Sender<()>,
    /// Itself, for the jobs that must not keep it alive.
    weak: Weak<Raft>,
}

/// What the service calls.
impl Raft {
    /// Starts a server from what `persister` holds. `peers[me]` is itself.
    /// Committed commands and snapshots go to `apply_tx` in order. Returns at
    /// once.
    pub fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        apply_tx: Sender<ApplyMsg>,
    ) -> Arc<Raft> {
        let durable = Durable::restore(&persister);
        let state = State::new(me, peers.len(), durable, Instant::now());
        let number = state.tag();
        log::debug!(target: "PERS", "S{number} is restored: {state}");
        // One place: kill() never waits, and the applier needs to hear it only once.
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
        spawn(format!("S{number} ticker"), move || ticker.run_ticker());
        let applier = Arc::clone(&raft);
        spawn(format!("S{number} applier"), move || apply::run(&applier, &apply_tx, &stopped));
        raft
    }

    /// Proposes a command. A leader returns the index that the command will
    /// have if it is ever committed, and the term; all others return nothing.
    /// Does not wait.
    pub fn start(&self, command: impl Into<Command>) -> Option<(u64, u64)> {
        let command = command.into();
        self.step(|state| state.propose(command)).flatten()
    }

    /// The current term, and whether this server believes to be its leader.
    pub fn state(&self) -> (u64, bool) {
        let state = self.state.lock();
        (state.term(), state.is_leader() && !state.killed)
    }

    /// The service has saved its state up to and including `index`, so that the
    /// log up to there is no longer needed. Must have been told of that
    /// command.
    pub fn snapshot(&self, index: u64, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        self.step(|state| state.take_snapshot(index, bytes));
    }

    /// Ends this server's work. Returns at once; its threads leave soon.
    pub fn kill(&self) {
        let mut state = self.state.lock();
        state.killed = true;
        log::debug!(target: "DROP", "S{} is killed", state.tag());
        drop(state);
        self.ticker.notify_all();
        self.applier.notify_all();
        // Full means that somebody has killed it before.
        let _ = self.stop.try_send(());
    }

    /// A line of `key=value` about the state, for reports. It never waits, so it
    /// may be asked for when a simulation has failed; it may find the lock held.
    pub fn describe(&self) -> String {
        let line = self.state.peek(ToString::to_string);
        let line = line.as_deref().and_then(|line| line.split_once(' '));
        line.map_or("(its lock is held)", |(_, state)| state).to_owned()
    }

    /// Has it been killed?
    pub fn is_killed(&self) -> bool {
        self.state.lock().killed
    }
}

/// What the peers call. A killed server refuses, with a term that nobody heeds.
impl RaftService for Raft {
    fn request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply {
        self.step(|state| state.handle_request_vote(&args)).unwrap_or_default()
    }

    fn append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply {
        self.step(|state| state.handle_append_entries(args)).unwrap_or_default()
    }

    fn install_snapshot(&self, args: InstallSnapshotArgs) -> InstallSnapshotReply {
        self.step(|state| state.handle_install_snapshot(args)).unwrap_or_default()
    }
}

/// How a step is taken.
impl Raft {
    /// Changes the state by one rule, then does what follows from it: saves
    /// first, wakes the threads that it concerns, and makes the calls when the
    /// lock is free. Does nothing once killed.
    pub(crate) fn step<R>(&self, rule: impl FnOnce(&mut State) -> R) -> Option<R> {
        let mut state = self.state.lock();
        if state.killed {
            return None;
        }
        state.now = Instant::now();
        let deadline = state.deadline();
        let result = rule(&mut state);
        self.finish_step(state, deadline);
        Some(result)
    }

    /// The second half of a step that began with this deadline.
    fn finish_step(&self, mut state: MutexGuard<'_, State>, deadline: Instant) {
        state.save(&self.persister);
        // A deadline that moves back needs no call: the ticker wakes in vain, once.
        if state.deadline() < deadline {
            self.ticker.notify_one();
        }
        if state.has_news() {
            self.applier.notify_one();
        }
        let outbox = std::mem::take(&mut state.outbox);
        outbox.iter().for_each(|outgoing| outgoing.tell(&state));
        drop(state);
        for outgoing in outbox {
            let (end, raft) = (self.peers[outgoing.peer].clone(), Weak::clone(&self.weak));
            thread::go("raft call", move || calls::run(end, &raft, outgoing));
        }
    }

    /// The ticker's life: sleeps until the deadline, which may have moved by
    /// then.
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

    /// Waits until there is something to tell the service, and takes it; `None`
    /// when Raft has been killed.
    pub(crate) fn wait_for_news(&self) -> Option<Vec<ApplyMsg>> {
        let mut state = self.state.lock();
        while !state.killed {
            if state.has_news() {
                return Some(state.take_news());
            }
            self.applier.wait(&mut state);
        }
        None
    }
}

/// Starts a named thread of this server.
fn spawn(name: String, body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name).spawn(body).expect("the system can start a thread");
}
