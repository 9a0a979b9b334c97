//! The thread that takes a group from one configuration to the next.
//!
//! Every server has one, and only the leader's does anything. It decides
//! nothing: it looks at the state machine, makes the calls that are due, and
//! submits what comes of them. A leader that crashes half-way leaves nothing
//! behind that its successor would have to know.

use std::collections::BTreeSet;
use std::sync::Arc;

use labrt::channel::Receiver;
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Duration;
use rsm::{NotLeader, Servers};
use shardctrler::{Clerk, Gid};

use crate::group::{Agenda, Group, Machine, Op};
use crate::replica::Replica;
use crate::service::{MakeEnd, Parcel, ShardKvClient};

/// How often a group asks for the next configuration, and looks whether its
/// server leads now (R8 of the course: about every 100 ms).
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How long a parcel waits after every server of the receiver has been tried in
/// vain. A receiver that hears of a later configuration asks for it at once, and
/// has it a few milliseconds later.
const HANDOVER_PAUSE: Duration = Duration::from_millis(20);

/// The mover of one server.
pub(crate) struct Mover<M: Machine> {
    courier: Arc<Courier<M>>,
    ctrler: Clerk,
}

/// What a mover and its deliveries share.
struct Courier<M: Machine> {
    replica: Arc<Replica<M>>,
    make_end: MakeEnd,
    /// The receivers that a delivery is under way to.
    busy: Mutex<BTreeSet<Gid>>,
}

impl<M: Machine> Mover<M> {
    /// The mover of a replica.
    pub(crate) fn new(replica: Arc<Replica<M>>, ctrler: Clerk, make_end: MakeEnd) -> Self {
        let courier = Arc::new(Courier { replica, make_end, busy: Mutex::default() });
        Mover { courier, ctrler }
    }

    /// Its life: until the server is killed.
    pub(crate) fn run(self, nudges: &Receiver<()>) {
        let replica = &self.courier.replica;
        while !replica.is_killed() {
            if replica.is_leader() {
                self.look();
            }
            // A nudge or not: it is time to look again.
            let _ = nudges.recv_timeout(POLL_INTERVAL);
        }
    }

    /// Does what is to be done now.
    fn look(&self) {
        let replica = &self.courier.replica;
        loop {
            match replica.query(Group::agenda) {
                Agenda::Wait => return,
                Agenda::HandOver(receivers) => {
                    receivers.into_iter().for_each(|to| self.courier.send(to));
                    return;
                }
                Agenda::GoOn(num) => {
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

impl<M: Machine> Courier<M> {
    /// Starts a delivery, unless one is under way. Each has a thread of its
    /// own: a receiver that is down must not hold up another.
    fn send(self: &Arc<Self>, to: Gid) {
        if self.busy.lock().insert(to) {
            let courier = Arc::clone(self);
            thread::go(format!("{} to G{to}", self.replica.name()), move || {
                courier.deliver(to);
                courier.busy.lock().remove(&to);
                courier.replica.nudge();
            });
        }
    }

    /// Hands over what is another group's, and then forgets it.
    fn deliver(&self, to: Gid) {
        let Some((names, parcel)) = self.replica.query(|group| group.parcel(to)) else { return };
        let ends = names.iter().map(|name| (self.make_end)(name));
        let servers = Servers::new(ends.map(ShardKvClient::new).collect());
        while !self.is_taken(&servers, &parcel) {
            thread::sleep(HANDOVER_PAUSE);
            // A killed server leads no more.
            if !self.replica.is_leader() {
                return;
            }
        }
        let shards = parcel.shards.keys();
        log::debug!(target: "INFO", "{} has handed {shards:?} to G{to}", self.replica.name());
        // Should this server lead no longer, the next leader asks again and is
        // told that the parcel is known.
        let _ = self.replica.submit(&Op::Forget { num: parcel.num, to });
    }

    /// Tries all servers of the receiver once.
    fn is_taken(&self, servers: &Servers<ShardKvClient>, parcel: &Parcel) -> bool {
        let taken = servers.ask_once(|server| {
            // A server that is not ready may be one that does not lead, and is behind.
            server.install(parcel).map(|reply| reply.map_err(|_| NotLeader))
        });
        taken.is_some()
    }
}
