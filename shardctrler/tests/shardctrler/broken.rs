//! The tests detect controllers with a planted mistake.

use std::sync::Arc;

use labrt::sync::Mutex;
use rsm::RequestId;
use shardctrler::{
    Config, JoinArgs, KvError, LeaveArgs, MoveArgs, N_SHARDS, PeekArgs, QueryArgs, ShardCtrler,
    ShardCtrlerService,
};
use tester::caught;

use crate::basic::{basic, minimal_again};
use crate::harness::{MakeServer, behind};
use crate::strict::changes_happen_once;

/// The mistake of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// A server answers queries from its own state, which may be stale.
    ReadsItsOwn,
    /// The controller executes a request as often as it arrives.
    Repeats,
    /// Every configuration assigns all shards anew.
    Reshuffles,
}

/// The controller of this crate behind a front with the mistake.
struct Broken {
    mistake: Mistake,
    server: Arc<ShardCtrler>,
    /// The number of the latest request, for [`Mistake::Repeats`].
    latest: Mutex<u64>,
}

/// A factory of controllers with this mistake.
fn broken(mistake: Mistake) -> MakeServer {
    behind(move |server| {
        let latest = Mutex::new(0);
        shardctrler::shard_ctrler_service(Arc::new(Broken { mistake, server, latest }))
    })
}

impl Broken {
    /// The id under which the request is passed on to the server.
    fn forwarded_id(&self, request: RequestId) -> RequestId {
        if self.mistake != Mistake::Repeats {
            return request;
        }
        let mut latest = self.latest.lock();
        *latest += 1;
        RequestId { client: labrt::rng().next_u64(), sequence: *latest }
    }

    fn spoil(&self, mut config: Config) -> Config {
        let gids = Vec::from_iter(config.groups.keys().copied());
        if self.mistake == Mistake::Reshuffles && !gids.is_empty() {
            config.shards = std::array::from_fn::<_, N_SHARDS, _>(|shard| gids[shard % gids.len()]);
        }
        config
    }
}

impl ShardCtrlerService for Broken {
    fn join(&self, args: JoinArgs) -> Result<(), KvError> {
        self.server.join(JoinArgs { request: self.forwarded_id(args.request), ..args })
    }

    fn leave(&self, args: LeaveArgs) -> Result<(), KvError> {
        self.server.leave(LeaveArgs { request: self.forwarded_id(args.request), ..args })
    }

    fn move_shard(&self, args: MoveArgs) -> Result<(), KvError> {
        self.server.move_shard(MoveArgs { request: self.forwarded_id(args.request), ..args })
    }

    fn query(&self, args: QueryArgs) -> Result<Config, KvError> {
        if self.mistake == Mistake::ReadsItsOwn {
            let peek = |num| self.server.peek(PeekArgs { num });
            let own = args.num.and_then(peek).or_else(|| (0..).map_while(peek).last());
            return Ok(own.expect("configuration 0 always exists"));
        }
        self.server.query(args).map(|config| self.spoil(config))
    }

    fn peek(&self, args: PeekArgs) -> Option<Config> {
        self.server.peek(args)
    }
}

/// The number of seeds within which a test must fail.
const SEEDS: u64 = 1;

caught!(reads_its_own, basic, broken(Mistake::ReadsItsOwn), SEEDS, "groups");
caught!(
    repeats,
    changes_happen_once,
    broken(Mistake::Repeats),
    SEEDS,
    "a request was executed twice"
);
caught!(reshuffles, minimal_again, broken(Mistake::Reshuffles), SEEDS, "moved between old groups");
