//! Rafts with a planted mistake, to see that the tests catch them.

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

/// What is wrong with a Raft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It never finds what it has saved.
    Forgets,
    /// It does not trim its log.
    KeepsItsLog,
    /// It applies every command twice.
    Repeats,
    /// It leaves out a command now and then.
    Skips,
    /// One server applies other commands than the rest.
    Garbles,
    /// It always takes itself for the leader of term 1.
    Boasts,
    /// It tells two clients that their commands have the same place.
    Overbooks,
    /// It tells its term, and then the one before.
    Wavers,
    /// A thread of it goes on after its kill.
    LivesOn,
    /// It locks a lock that it holds.
    Deadlocks,
    /// It waits in a loop without any operation.
    Spins,
    /// It sleeps on the clock on the wall.
    SleepsForReal,
    /// One of its handlers panics.
    Panics,
}

/// The reference Raft behind a mistake.
pub(crate) struct Broken {
    mistake: Mistake,
    raft: Arc<Raft>,
    lock: Mutex<()>,
    never: AtomicBool,
    wavering: AtomicBool,
}

/// Rafts with a mistake.
pub(crate) fn broken(mistake: Mistake) -> MakeRaft {
    Factory::new(move |setup, apply_tx| Broken::make(mistake, setup, apply_tx))
}

impl Broken {
    fn make(mistake: Mistake, setup: Setup, apply_tx: Sender<ApplyMsg>) -> Arc<dyn Peer> {
        let Setup { ends, me, persister, .. } = setup;
        let persister = match mistake {
            Mistake::Forgets => Arc::new(Persister::new()),
            _ => persister,
        };
        let raft = Raft::make(ends, me, persister, between(mistake, me, apply_tx));
        let (lock, never, wavering) =
            (Mutex::new(()), AtomicBool::default(), AtomicBool::default());
        let broken = Arc::new(Broken { mistake, raft, lock, never, wavering });
        if mistake == Mistake::LivesOn {
            let broken = Arc::clone(&broken);
            thread::go(format!("S{me} zombie"), move || broken.live_on());
        }
        broken
    }

    fn live_on(&self) {
        while !self.never.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Stands between Raft and the service, and alters what is applied.
fn between(mistake: Mistake, me: usize, apply_tx: Sender<ApplyMsg>) -> Sender<ApplyMsg> {
    let (raft_tx, raft_rx) = bounded(0);
    thread::go(format!("S{me} go-between"), move || {
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
        (Mistake::Repeats, message @ ApplyMsg::Command { .. }) => vec![message.clone(), message],
        (Mistake::Skips, ApplyMsg::Command { index: 2, .. }) => Vec::new(),
        (Mistake::Garbles, ApplyMsg::Command { index, term, .. }) if me == 1 => {
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
            Mistake::SleepsForReal => {
                #[expect(clippy::disallowed_methods, reason = "the mistake itself")]
                std::thread::sleep(Duration::from_secs(3600));
            }
            _ => {}
        }
        let (index, term) = self.raft.start(command)?;
        match self.mistake {
            Mistake::Overbooks => Some((index.min(2), term)),
            _ => Some((index, term)),
        }
    }

    fn state(&self) -> (u64, bool) {
        match self.mistake {
            Mistake::Boasts => (1, true),
            Mistake::Wavers => {
                let back = self.wavering.fetch_xor(true, Ordering::Relaxed);
                let (term, leads) = self.raft.state();
                (term.saturating_sub(back.into()), leads)
            }
            _ => self.raft.state(),
        }
    }

    fn snapshot(&self, index: u64, snapshot: Bytes) {
        if self.mistake != Mistake::KeepsItsLog {
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
        assert!(self.mistake != Mistake::Panics, "a handler went wrong");
        self.raft.request_vote(args)
    }

    fn append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply {
        self.raft.append_entries(args)
    }

    fn install_snapshot(&self, args: InstallSnapshotArgs) -> InstallSnapshotReply {
        self.raft.install_snapshot(args)
    }
}
