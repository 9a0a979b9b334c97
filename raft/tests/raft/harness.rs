//! The harness of the Raft tests: what the cluster of the tester does not know.
//!
//! Ported from `config.go` of MIT 6.824 (2020 to 2023) and 6.5840 (2024), with the
//! parts of `raft1/test.go` (2025) that behave in another way. What differs:
//!
//! 1. The Raft under test is given as a function that makes one.
//! 2. Each start of a server is an incarnation. What a dead one still applies is
//!    drained and ignored; it cannot be credited to the new one.
//! 3. An error in an applier is noted and fails the test at its next step, instead
//!    of ending the process. The applier goes on draining, so nobody hangs.
//! 4. Servers that are absent are skipped wherever servers are asked.
//! 5. `wait` tells by an enum that the term has moved on, not by -1.
//! 6. No lock is held while a Raft is called.
//! 7. Commands are compared as the bytes that Raft was given.
//! 8. Threads of a test are joined, and a failure in one fails the test; so there
//!    is no flag that lets stragglers go.
//! 9. What `Start` and `GetState` return must agree with what they returned before,
//!    on all servers: see `claims`.

mod claims;
mod ledger;
mod node;
mod proposal;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use labrt::thread::sleep;
use labrt::time::{Duration, Instant};
use tester::{Cluster, Context, Net, Site};

pub(crate) use claims::Life;
pub(crate) use ledger::Ledger;
pub(crate) use node::{MakeRaft, Peer, RaftNode, reference};
pub(crate) use proposal::{Proposal, random, show};

/// The course's idea of how long an election takes.
pub(crate) const RAFT_ELECTION_TIMEOUT: Duration = ms(1000);

/// How long `one` tries to reach agreement, over all attempts.
const AGREEMENT_LIMIT: Duration = Duration::from_secs(10);

/// How long `one` waits for a command that a leader has taken.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);

/// How many times `check_one_leader` looks, about half a second apart.
const LEADER_CHECKS: usize = 10;

/// How many times `wait` looks.
const WAIT_CHECKS: usize = 30;

/// A duration in milliseconds.
pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The year of the course whose test runs. The years differ in this and in nothing
/// else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edition {
    /// A server that is taken away is cut off, and crashes when it is started again.
    /// What it applied before the crash still counts. It is connected alone.
    Y2024,
    /// A server that is taken away crashes at once. What it applied counts until
    /// then. When it is started again, all living servers are connected. The network
    /// is reliable while it is built.
    Y2025,
}

/// What the servers' appliers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshots {
    /// They only record commands.
    Off,
    /// They also take a snapshot every ten entries.
    On,
}

/// What waiting for an index has led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// Enough servers applied this command.
    Applied(Bytes),
    /// A server is in a later term than the one given, so the command may be lost.
    MovedOn,
}

/// A cluster of Rafts and the record of what each of them applied.
pub(crate) struct Harness {
    cluster: Cluster<RaftNode>,
    ledger: Arc<Ledger>,
    edition: Edition,
    context: Context,
}

impl Harness {
    /// Starts and connects `n` Rafts without snapshots, as the course did in 2024.
    pub(crate) fn new(context: &Context, make: MakeRaft, n: usize, net: Net) -> Self {
        Self::with(context, make, n, net, Snapshots::Off, Edition::Y2024)
    }

    /// Starts and connects `n` Rafts.
    pub(crate) fn with(
        context: &Context,
        make: MakeRaft,
        n: usize,
        net: Net,
        snapshots: Snapshots,
        edition: Edition,
    ) -> Self {
        let ledger = Arc::new(Ledger::new(context, n, snapshots, edition));
        let kept = Arc::clone(&ledger);
        let at_first = if edition == Edition::Y2025 { Net::Reliable } else { net };
        let site = Site::new(context, at_first);
        // Of the course's labs only this one asks for them.
        site.network().set_long_delays(true);
        let cluster = Cluster::on(&site, "", n, move |setup| node::start(&make, &kept, setup));
        cluster.set_reliable(net == Net::Reliable);
        Harness { cluster, ledger, edition, context: context.clone() }
    }

    /// The servers, to start, crash, cut off and connect.
    pub(crate) fn cluster(&self) -> &Cluster<RaftNode> {
        &self.cluster
    }

    /// Takes server `i` away from the others, until [`bring_back`](Self::bring_back)
    /// or [`revive`](Self::revive).
    pub(crate) fn take_away(&self, i: usize) {
        match self.edition {
            Edition::Y2024 => self.cluster.disconnect(i),
            Edition::Y2025 => self.cluster.shutdown(i),
        }
    }

    /// Brings server `i` back as it was taken away.
    pub(crate) fn bring_back(&self, i: usize) {
        match self.edition {
            Edition::Y2024 => self.cluster.connect(i),
            Edition::Y2025 => self.cluster.restart(i),
        }
    }

    /// Starts these servers from what they have saved, and connects them.
    pub(crate) fn revive(&self, servers: &[usize]) {
        match self.edition {
            Edition::Y2024 => {
                servers.iter().for_each(|&i| self.cluster.start(i));
                servers.iter().for_each(|&i| self.cluster.connect(i));
            }
            Edition::Y2025 => servers.iter().for_each(|&i| self.cluster.restart(i)),
        }
    }

    /// Crashes all servers, and starts and connects them again.
    pub(crate) fn restart_all(&self) {
        let all = 0..self.cluster.n();
        match self.edition {
            Edition::Y2024 => {
                all.clone().for_each(|i| self.cluster.start(i));
                for i in all {
                    self.cluster.disconnect(i);
                    self.cluster.connect(i);
                }
            }
            Edition::Y2025 => {
                all.clone().for_each(|i| self.cluster.shutdown(i));
                all.for_each(|i| self.cluster.start(i));
                self.cluster.connect_living();
            }
        }
    }

    /// Offers a command to server `i`. Its index and term, if `i` took it.
    #[track_caller]
    pub(crate) fn submit(&self, i: usize, command: &Proposal) -> Option<(u64, u64)> {
        self.cluster.node(i)?.start(command.to_bytes())
    }

    /// Offers every living server, in order, a command of its own. Those that took
    /// theirs.
    pub(crate) fn submit_to_all(&self, mut command: impl FnMut() -> Proposal) -> Vec<usize> {
        let mut takers = Vec::new();
        for i in 0..self.cluster.n() {
            if self.cluster.is_alive(i) && self.submit(i, &command()).is_some() {
                takers.push(i);
            }
        }
        takers
    }

    /// The term of server `i` and whether it leads, if it is alive.
    #[track_caller]
    pub(crate) fn state(&self, i: usize) -> Option<(u64, bool)> {
        Some(self.cluster.node(i)?.state())
    }

    /// Whether every server is in this term. Absent ones do not matter.
    pub(crate) fn all_in_term(&self, term: u64) -> bool {
        (0..self.cluster.n()).all(|i| self.state(i).is_none_or(|(its, _)| its == term))
    }

    /// Waits until exactly one connected server leads, and names it.
    #[track_caller]
    pub(crate) fn check_one_leader(&self) -> usize {
        for _ in 0..LEADER_CHECKS {
            sleep(ms(450 + labrt::rng().below(100)));
            self.context.check();
            let mut leaders: BTreeMap<u64, Vec<Life>> = BTreeMap::new();
            for node in self.cluster.connected().into_iter().filter_map(|i| self.cluster.node(i)) {
                if let (term, true) = node.state() {
                    leaders.entry(term).or_default().push(node.life());
                }
            }
            if let Some((term, many)) = leaders.iter().find(|(_, leaders)| leaders.len() > 1) {
                let count = many.len();
                self.context.fatal(format!("term {term} has {count} (>1) leaders"));
            }
            for (&term, leaders) in &leaders {
                self.ledger.leads(leaders[0], term);
            }
            if let Some((_, leaders)) = leaders.last_key_value() {
                return leaders[0].server;
            }
        }
        self.context.fatal("expected one leader, got none")
    }

    /// The term that all connected servers agree on now.
    #[track_caller]
    pub(crate) fn check_terms(&self) -> u64 {
        self.context.check();
        let mut terms = Vec::new();
        for i in self.cluster.connected() {
            terms.extend(self.state(i).map(|(term, _)| term));
        }
        if terms.windows(2).any(|pair| pair[0] != pair[1]) {
            self.context.fatal(format!("servers disagree on term: {terms:?}"));
        }
        terms.first().copied().unwrap_or(0)
    }

    /// No connected server may lead now.
    #[track_caller]
    pub(crate) fn check_no_leader(&self) {
        self.context.check();
        for i in self.cluster.connected() {
            if let Some((_, true)) = self.state(i) {
                self.context.fatal(format!(
                    "expected no leader among connected servers, but {i} claims to be leader"
                ));
            }
        }
    }

    /// How many servers have applied this index, and which command.
    #[track_caller]
    pub(crate) fn n_committed(&self, index: u64) -> (usize, Option<Bytes>) {
        self.context.check();
        match self.ledger.committed(index) {
            Ok(committed) => committed,
            Err(error) => self.context.fatal(error),
        }
    }

    /// No server may have applied this index.
    #[track_caller]
    pub(crate) fn check_no_agreement(&self, index: u64) {
        let (count, _) = self.n_committed(index);
        if count > 0 {
            self.context.fatal(format!("{count} committed but no majority"));
        }
    }

    /// Waits until at least `n` servers have applied this index. If a term is
    /// given, gives up when a server is in a later one.
    #[track_caller]
    pub(crate) fn wait(&self, index: u64, n: usize, start_term: Option<u64>) -> Waited {
        let mut pause = ms(10);
        for _ in 0..WAIT_CHECKS {
            if self.n_committed(index).0 >= n {
                break;
            }
            sleep(pause);
            if pause < Duration::from_secs(1) {
                pause *= 2;
            }
            if let Some(start) = start_term {
                for i in 0..self.cluster.n() {
                    if self.state(i).is_some_and(|(term, _)| term > start) {
                        return Waited::MovedOn;
                    }
                }
            }
        }
        match self.n_committed(index) {
            (count, Some(command)) if count >= n => Waited::Applied(command),
            (count, _) => {
                self.context.fatal(format!("only {count} decided for index {index}; wanted {n}"))
            }
        }
    }

    /// Has a command agreed on by at least `expected` servers, and gives its index.
    ///
    /// The leader may be the wrong one at first, and may fail after it took the
    /// command; with `retry` the command is then offered again, and so may be
    /// committed twice.
    #[track_caller]
    pub(crate) fn one(&self, command: impl Into<Proposal>, expected: usize, retry: bool) -> u64 {
        let command = command.into();
        let bytes = command.to_bytes();
        let begin = Instant::now();
        let mut server = 0;
        while begin.elapsed() < AGREEMENT_LIMIT {
            self.context.check();
            let Some(index) = self.offer_around(&mut server, &bytes) else {
                sleep(ms(50));
                continue;
            };
            let taken = Instant::now();
            while taken.elapsed() < ATTEMPT_LIMIT {
                let (count, applied) = self.n_committed(index);
                if count > 0 && count >= expected && applied.as_ref() == Some(&bytes) {
                    return index;
                }
                sleep(ms(20));
            }
            if !retry {
                break;
            }
        }
        self.context.fatal(format!("one({command}) failed to reach agreement"))
    }

    /// Offers a command to each connected server once, beginning after `server`,
    /// until one takes it. Leaves the last server asked in `server`.
    #[track_caller]
    fn offer_around(&self, server: &mut usize, bytes: &Bytes) -> Option<u64> {
        for _ in 0..self.cluster.n() {
            *server = (*server + 1) % self.cluster.n();
            if self.cluster.is_connected(*server)
                && let Some(node) = self.cluster.node(*server)
                && let Some((index, _)) = node.start(bytes.clone())
            {
                return Some(index);
            }
        }
        None
    }
}
