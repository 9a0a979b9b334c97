//! The state machine: the list of all configurations.

use rsm::{RequestId, Sessions, StateMachine};
use serde::{Deserialize, Serialize};

use crate::config::{Config, Groups, Refusal};
use crate::owners::Gid;

/// A request for the next configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Adds groups.
    Join(Groups),
    /// Removes groups.
    Leave(Vec<Gid>),
    /// Gives a shard to a group.
    Move {
        /// The shard.
        shard: u64,
        /// The group.
        gid: Gid,
    },
}

/// An operation in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Creates the next configuration, once per request.
    Change(Change, RequestId),
    /// Reads the configuration of this number, or the newest one if there is no
    /// such number, or none is given. It may be executed twice, because each
    /// execution lies within the call.
    Query(Option<u64>),
}

/// The result of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The result of a change.
    Changed(Result<(), Refusal>),
    /// The result of a query.
    Config(Config),
}

/// The first byte of a snapshot. Increment it with every change of the format.
const VERSION: u8 = 1;

/// The state that is the same on every server of the controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controller {
    /// The format of the snapshot, see [`VERSION`].
    version: u8,
    /// All configurations; the index is the number.
    configs: Vec<Config>,
    /// The last change of each client, and its result.
    sessions: Sessions<Result<(), Refusal>>,
}

impl Controller {
    /// A controller without groups. It has configuration 0 only.
    pub fn new() -> Self {
        let (configs, sessions) = (vec![Config::default()], Sessions::new());
        Controller { version: VERSION, configs, sessions }
    }

    /// The configuration of this number, if it exists.
    pub fn config(&self, num: u64) -> Option<&Config> {
        usize::try_from(num).ok().and_then(|num| self.configs.get(num))
    }

    /// The newest configuration.
    pub fn newest(&self) -> &Config {
        self.configs.last().expect("configuration 0 always exists")
    }

    /// Appends the next configuration, or returns why it is refused.
    fn change(configs: &mut Vec<Config>, change: &Change) -> Result<(), Refusal> {
        let newest = configs.last().expect("configuration 0 always exists");
        let next = match change {
            Change::Join(groups) => newest.join(groups)?,
            Change::Leave(gids) => newest.leave(gids)?,
            Change::Move { shard, gid } => newest.move_shard(*shard, *gid)?,
        };
        assert_eq!(next.num, configs.len() as u64, "configurations are numbered one by one");
        configs.push(next);
        Ok(())
    }
}

impl Default for Controller {
    fn default() -> Self {
        Self::new()
    }
}

impl StateMachine for Controller {
    type Op = Op;
    type Reply = Reply;

    fn apply(&mut self, op: Op) -> Reply {
        match op {
            Op::Change(change, request) => {
                let configs = &mut self.configs;
                let outcome = self.sessions.once(request, || Self::change(configs, &change));
                // `None` is a late duplicate: its client has already received the reply.
                Reply::Changed(outcome.unwrap_or(Ok(())))
            }
            Op::Query(num) => {
                let config = num.and_then(|num| self.config(num));
                Reply::Config(config.unwrap_or_else(|| self.newest()).clone())
            }
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        labrpc::codec::encode(self)
    }

    fn restore(&mut self, snapshot: &[u8]) {
        *self = labrpc::codec::decode(snapshot).unwrap_or_else(|error| {
            panic!("cannot decode the snapshot of the controller: {error}")
        });
        assert_eq!(self.version, VERSION, "unknown format of the controller's snapshot");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(sequence: u64) -> RequestId {
        RequestId { client: 1, sequence }
    }

    fn join(gid: Gid) -> Change {
        Change::Join(Groups::from([(gid, vec!["x".into()])]))
    }

    #[test]
    fn retry_does_not_apply_twice() {
        let mut controller = Controller::new();
        let twice = Op::Change(join(1), request(1));
        assert_eq!(controller.apply(twice.clone()), Reply::Changed(Ok(())));
        assert_eq!(
            controller.apply(twice),
            Reply::Changed(Ok(())),
            "the retry gets the first reply, not GidInUse"
        );
        assert_eq!(controller.newest().num, 1);
        let refused = Reply::Changed(Err(Refusal::GidInUse(1)));
        let again = Op::Change(join(1), request(2));
        assert_eq!(controller.apply(again.clone()), refused);
        assert_eq!(controller.newest().num, 1);
        let leave = Op::Change(Change::Leave(vec![1]), RequestId { client: 2, sequence: 1 });
        assert_eq!(controller.apply(leave), Reply::Changed(Ok(())));
        assert_eq!(
            controller.apply(again),
            refused,
            "a retry of a refused request is refused again"
        );
        assert_eq!(controller.newest().num, 2);
    }

    #[test]
    fn old_configurations_survive_a_snapshot() {
        let mut controller = Controller::new();
        for gid in 1..=3 {
            controller.apply(Op::Change(join(gid), request(gid)));
        }
        let mut restored = Controller::new();
        restored.restore(&controller.snapshot());
        assert_eq!(restored, controller);
        for (asked, expected) in [(Some(0), 0), (Some(2), 2), (Some(3), 3), (Some(4), 3), (None, 3)]
        {
            let Reply::Config(config) = restored.apply(Op::Query(asked)) else {
                panic!("a config")
            };
            assert_eq!(
                (config.num, config.groups.len()),
                (expected, expected as usize),
                "{asked:?}"
            );
        }
    }
}
