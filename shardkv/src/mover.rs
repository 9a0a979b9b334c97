//! The thread that takes a group from one configuration to the next.
//!
//! Every server has one, and only the leader's does anything. It makes no
//! decisions: it reads the state machine, makes the calls that are due, and
//! submits their results. So the successor of a leader that crashes half-way
//! needs no information from it.

use std::collections::BTreeSet;
use std::sync::Arc;

use labrt::channel::Receiver;
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Duration;
use rsm::{NotLeader, Servers};
use shardctrler::{Clerk, Gid};

use crate::group::{Group, Machine, NextStep, Op};
use crate::replica::Replica;
use crate::service::{MakeEnd, ShardBatch, ShardKvClient};

/// How often a mover checks whether its server leads, and if so asks for the
/// next configuration (R8 of the course: about every 100 ms).
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How long a sender waits after every server of the receiver has failed to
/// accept a batch. A receiver that learns of a later configuration asks for it
/// immediately, and has it a few milliseconds later.
const HANDOVER_PAUSE: Duration = Duration::from_millis(20);

/// The mover of one server.
pub(crate) struct Mover<M: Machine> {
    sender: Arc<ShardSender<M>>,
    ctrler: Clerk,
}

/// Hands shards to other groups. A mover and its deliveries share it.
struct ShardSender<M: Machine> {
    replica: Arc<Replica<M>>,
    make_end: MakeEnd,
    /// The receivers of the deliveries that are running.
    busy: Mutex<BTreeSet<Gid>>,
}

impl<M: Machine> Mover<M> {
    /// Creates the mover of a replica.
    pub(crate) fn new(replica: Arc<Replica<M>>, ctrler: Clerk, make_end: MakeEnd) -> Self {
        let sender = Arc::new(ShardSender { replica, make_end, busy: Mutex::default() });
        Mover { sender, ctrler }
    }

    /// Runs until the server is killed.
    pub(crate) fn run(self, nudges: &Receiver<()>) {
        let replica = &self.sender.replica;
        while !replica.is_killed() {
            if replica.is_leader() {
                self.do_what_is_due();
            }
            // Check again after a nudge or a timeout.
            let _ = nudges.recv_timeout(POLL_INTERVAL);
        }
    }

    /// Hands shards over, or moves to the next configurations, as the state
    /// demands.
    fn do_what_is_due(&self) {
        let replica = &self.sender.replica;
        loop {
            match replica.query(Group::next_step) {
                NextStep::Wait => return,
                NextStep::HandOver(receivers) => {
                    receivers.into_iter().for_each(|to| self.sender.send(to));
                    return;
                }
                NextStep::Advance(num) => {
                    let Some(next) = self.ctrler.peek(num) else { return };
                    log::debug!(target: "INFO", "{} begins config {num}", replica.name());
                    if replica.submit(&Op::Reconfigure(next)).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

impl<M: Machine> ShardSender<M> {
    /// Starts a delivery to a group, unless one is running. Each has its own
    /// thread: a receiver that is down must not delay another.
    fn send(self: &Arc<Self>, to: Gid) {
        if self.busy.lock().insert(to) {
            let sender = Arc::clone(self);
            thread::go(format!("{} to G{to}", self.replica.name()), move || {
                sender.deliver(to);
                sender.busy.lock().remove(&to);
                sender.replica.nudge();
            });
        }
    }

    /// Hands over the shards of another group, and then deletes them.
    fn deliver(&self, to: Gid) {
        let Some((names, batch)) = self.replica.query(|group| group.batch(to)) else { return };
        let ends = names.iter().map(|name| (self.make_end)(name));
        let servers = Servers::new(ends.map(ShardKvClient::new).collect());
        while !self.is_accepted(&servers, &batch) {
            thread::sleep(HANDOVER_PAUSE);
            // A killed server no longer leads.
            if !self.replica.is_leader() {
                return;
            }
        }
        let shards = batch.shards.keys();
        log::debug!(target: "INFO", "{} has handed {shards:?} to G{to}", self.replica.name());
        // If this server no longer leads, the next leader sends the batch again, and the
        // receiver replies that it has it.
        let _ = self.replica.submit(&Op::Forget { num: batch.num, to });
    }

    /// Sends a batch to the servers of the receiver in turn, until one accepts
    /// it.
    fn is_accepted(&self, servers: &Servers<ShardKvClient>, batch: &ShardBatch) -> bool {
        let taken = servers.ask_once(|server| {
            // A server that is not ready may be a follower that is behind, so try the
            // next one.
            server.install(batch).map(|reply| reply.map_err(|_| NotLeader))
        });
        taken.is_some()
    }
}
