//! Rafts with a planted mistake, to check that the tests catch them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use labrpc::Service;
use labrt::channel::{Sender, bounded};
use labrt::storage::Persister;
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Duration;
use raft::{
    AppendEntriesArgs, AppendEntriesReply, ApplyMsg, InstallSnapshotArgs, InstallSnapshotReply,
    Raft, RaftService, RequestVoteArgs, RequestVoteReply,
};
use tester::{Factory, Setup};

use crate::harness::{MakeRaft, Peer};

/// The mistake in a broken Raft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It loses its saved state in every crash.
    ForgetsItsState,
    /// It does not trim its log.
    NeverTrims,
    /// It applies every command twice.
    AppliesTwice,
    /// It does not apply the command at index 2.
    SkipsACommand,
    /// One server applies different commands.
    AppliesOthers,
    /// It always reports that it leads term 1.
    AlwaysLeads,
    /// It returns the same index for two commands.
    ReusesIndexes,
    /// It reports its term, and then the previous one.
    TermGoesBack,
    /// One of its threads survives `kill`.
    LeaksAThread,
    /// It locks a mutex that it already holds.
    Deadlocks,
    /// It waits in a busy loop.
    Spins,
    /// It sleeps on the real clock.
    SleepsOnRealClock,
    /// One of its handlers panics.
    Panics,
}

/// The reference Raft with a mistake.
pub(crate) struct Broken {
    mistake: Mistake,
    raft: Arc<Raft>,
    lock: Mutex<()>,
    never: AtomicBool,
    went_back: AtomicBool,
}

/// Rafts with a mistake.
pub(crate) fn broken(mistake: Mistake) -> MakeRaft {
    Factory::new(move |setup, apply_tx| Broken::make(mistake, setup, apply_tx))
}

impl Broken {
    fn make(mistake: Mistake, setup: Setup, apply_tx: Sender<ApplyMsg>) -> Arc<dyn Peer> {
        let Setup { ends, me, persister, .. } = setup;
        let persister = match mistake {
            Mistake::ForgetsItsState => Arc::new(Persister::new()),
            _ => persister,
        };
        let raft = Raft::make(ends, me, persister, intercept(mistake, me, apply_tx));
        let (lock, never, went_back) =
            (Mutex::new(()), AtomicBool::default(), AtomicBool::default());
        let broken = Arc::new(Broken { mistake, raft, lock, never, went_back });
        if mistake == Mistake::LeaksAThread {
            let broken = Arc::clone(&broken);
            thread::go(format!("S{me} zombie"), move || broken.run_until_stopped());
        }
        broken
    }

    fn run_until_stopped(&self) {
        while !self.never.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Forwards messages from Raft to the service, and alters them.
fn intercept(mistake: Mistake, me: usize, apply_tx: Sender<ApplyMsg>) -> Sender<ApplyMsg> {
    let (raft_tx, raft_rx) = bounded(0);
    thread::go(format!("S{me} interceptor"), move || {
        while let Ok(message) = raft_rx.recv() {
            for message in altered(mistake, me, message) {
                if apply_tx.send(message).is_err() {
                    return;
                }
            }
        }
    });
    raft_tx
}

fn altered(mistake: Mistake, me: usize, message: ApplyMsg) -> Vec<ApplyMsg> {
    match (mistake, message) {
        (Mistake::AppliesTwice, message @ ApplyMsg::Command { .. }) => {
            vec![message.clone(), message]
        }
        (Mistake::SkipsACommand, ApplyMsg::Command { index: 2, .. }) => Vec::new(),
        (Mistake::AppliesOthers, ApplyMsg::Command { index, term, .. }) if me == 1 => {
            vec![ApplyMsg::Command { index, term, command: Bytes::from_static(b"garbled") }]
        }
        (_, message) => vec![message],
    }
}

impl Peer for Broken {
    fn start(&self, command: Bytes) -> Option<(u64, u64)> {
        match self.mistake {
            Mistake::Deadlocks => {
                let _held = self.lock.lock();
                let _again = self.lock.lock();
            }
            Mistake::Spins => {
                while !self.never.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            }
            Mistake::SleepsOnRealClock => {
                #[expect(clippy::disallowed_methods, reason = "the mistake itself")]
                std::thread::sleep(Duration::from_secs(3600));
            }
            _ => {}
        }
        let (index, term) = self.raft.start(command)?;
        match self.mistake {
            Mistake::ReusesIndexes => Some((index.min(2), term)),
            _ => Some((index, term)),
        }
    }

    fn state(&self) -> (u64, bool) {
        match self.mistake {
            Mistake::AlwaysLeads => (1, true),
            Mistake::TermGoesBack => {
                let back = self.went_back.fetch_xor(true, Ordering::Relaxed);
                let (term, leads) = self.raft.state();
                (term.saturating_sub(back.into()), leads)
            }
            _ => self.raft.state(),
        }
    }

    fn snapshot(&self, index: u64, snapshot: Bytes) {
        if self.mistake != Mistake::NeverTrims {
            self.raft.snapshot(index, snapshot);
        }
    }

    fn kill(&self) {
        self.raft.kill();
    }

    fn describe(&self) -> Option<String> {
        Some(self.raft.describe())
    }

    fn service(self: Arc<Self>) -> Service {
        raft::raft_service(self)
    }
}

impl RaftService for Broken {
    fn request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply {
        assert!(self.mistake != Mistake::Panics, "a planted panic in a handler");
        self.raft.request_vote(args)
    }

    fn append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply {
        self.raft.append_entries(args)
    }

    fn install_snapshot(&self, args: InstallSnapshotArgs) -> InstallSnapshotReply {
        self.raft.install_snapshot(args)
    }
}
