//! The harness of the Raft tests: what they need beyond the tester's cluster.
//!
//! Ported from `config.go` of MIT 6.824 (2020 to 2023) and 6.5840 (2024), with
//! the parts of `raft1/test.go` (2025) that behave differently. What differs
//! from Go:
//!
//! 1. The tests get the Raft under test as a factory.
//! 2. Each start of a server is an incarnation. The harness ignores what a dead
//!    incarnation still applies, so that it does not count for the new one.
//! 3. An error in an applier fails the test at its next step, instead of ending
//!    the process. The applier keeps receiving, so that Raft does not hang.
//! 4. Servers that are not running are skipped in every query.
//! 5. `wait` returns an enum, not -1, when the term has changed.
//! 6. The harness holds no lock while it calls a Raft.
//! 7. Commands are compared as the bytes that Raft received.
//! 8. A test joins its threads, and a failure in one fails the test. So it
//!    needs no flag that stops the remaining threads.
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
use tester::{Cluster, Context, Net, TestNetwork};

pub(crate) use claims::Life;
pub(crate) use ledger::Ledger;
pub(crate) use node::{MakeRaft, Peer, RaftNode, reference};
pub(crate) use proposal::{Proposal, random, show};

/// How long the course allows for an election.
pub(crate) const RAFT_ELECTION_TIMEOUT: Duration = ms(1000);

/// How long `one` tries to reach agreement, over all attempts.
const AGREEMENT_LIMIT: Duration = Duration::from_secs(10);

/// How long `one` waits for a command that a leader has taken.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);

/// How many times `check_one_leader` checks, about half a second apart.
const LEADER_CHECKS: usize = 10;

/// How many times `wait` checks.
const WAIT_CHECKS: usize = 30;

/// A duration in milliseconds.
pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The edition of the course whose test runs. The editions differ only in what
/// the variants say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edition {
    /// A server that is taken away is disconnected, and crashes when it is
    /// started again. What it applied before the crash still counts. A restart
    /// connects only this server.
    Y2024,
    /// A server that is taken away crashes immediately. What it applied counts
    /// only until then. A restart connects all running servers. The network is
    /// reliable while the cluster starts.
    Y2025,
}

/// Whether the servers' appliers take snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshots {
    /// They only record commands.
    Off,
    /// They also take a snapshot every ten entries.
    On,
}

/// The result of waiting for an index.
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
        let test_network = TestNetwork::new(context, at_first);
        // Only this one of the course's labs enables them.
        test_network.network().set_long_delays(true);
        let cluster =
            Cluster::on(&test_network, "", n, move |setup| node::start(&make, &kept, setup));
        cluster.set_reliable(net == Net::Reliable);
        Harness { cluster, ledger, edition, context: context.clone() }
    }

    /// The servers, to start, crash, disconnect and connect.
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

    /// Reverses [`take_away`](Self::take_away).
    pub(crate) fn bring_back(&self, i: usize) {
        match self.edition {
            Edition::Y2024 => self.cluster.connect(i),
            Edition::Y2025 => self.cluster.restart(i),
        }
    }

    /// Starts these servers from their saved state, and connects them.
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

    /// Offers a command to server `i`. Returns its index and term if `i`
    /// accepted it.
    #[track_caller]
    pub(crate) fn submit(&self, i: usize, command: &Proposal) -> Option<(u64, u64)> {
        self.cluster.node(i)?.start(command.to_bytes())
    }

    /// Offers every running server, in order, its own command. Returns the
    /// servers that accepted theirs.
    pub(crate) fn submit_to_all(&self, mut command: impl FnMut() -> Proposal) -> Vec<usize> {
        let mut accepted_by = Vec::new();
        for i in 0..self.cluster.n() {
            if self.cluster.is_alive(i) && self.submit(i, &command()).is_some() {
                accepted_by.push(i);
            }
        }
        accepted_by
    }

    /// Returns the term of server `i` and whether it leads, if it is running.
    #[track_caller]
    pub(crate) fn state(&self, i: usize) -> Option<(u64, bool)> {
        Some(self.cluster.node(i)?.state())
    }

    /// Returns whether every running server is in this term.
    pub(crate) fn all_in_term(&self, term: u64) -> bool {
        (0..self.cluster.n()).all(|i| self.state(i).is_none_or(|(its, _)| its == term))
    }

    /// Waits until exactly one connected server leads, and returns it.
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

    /// Returns the term that all connected servers agree on now.
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

    /// Fails if a connected server leads now.
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

    /// Returns how many servers have applied this index, and which command.
    #[track_caller]
    pub(crate) fn n_committed(&self, index: u64) -> (usize, Option<Bytes>) {
        self.context.check();
        match self.ledger.committed(index) {
            Ok(committed) => committed,
            Err(error) => self.context.fatal(error),
        }
    }

    /// Fails if a server has applied this index.
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

    /// Makes at least `expected` servers agree on a command, and returns its
    /// index.
    ///
    /// The server that accepts the command may have lost the leadership, or may
    /// fail afterwards. With `retry` the command is then offered again, and so
    /// may be committed twice.
    #[track_caller]
    pub(crate) fn one(&self, command: impl Into<Proposal>, expected: usize, retry: bool) -> u64 {
        let command = command.into();
        let bytes = command.to_bytes();
        let begin = Instant::now();
        let mut server = 0;
        while begin.elapsed() < AGREEMENT_LIMIT {
            self.context.check();
            let Some(index) = self.offer_to_each(&mut server, &bytes) else {
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

    /// Offers a command to each connected server once, beginning after
    /// `server`, until one accepts it. Leaves the last server asked in
    /// `server`.
    #[track_caller]
    fn offer_to_each(&self, server: &mut usize, bytes: &Bytes) -> Option<u64> {
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
