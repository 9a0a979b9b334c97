//! Controllers with a planted mistake are caught.

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

/// What is wrong with a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// It tells what this server has, which may be old.
    ReadsItsOwn,
    /// It executes a request as often as it arrives.
    Repeats,
    /// It deals all shards out anew with every configuration.
    Reshuffles,
}

/// The controller of this crate behind a mistake.
struct Broken {
    mistake: Mistake,
    server: Arc<ShardCtrler>,
    /// The number of the latest request, where requests are not recognised.
    latest: Mutex<u64>,
}

/// Controllers with a mistake.
fn broken(mistake: Mistake) -> MakeServer {
    behind(move |server| {
        let latest = Mutex::new(0);
        shardctrler::shard_ctrler_service(Arc::new(Broken { mistake, server, latest }))
    })
}

impl Broken {
    /// The mark of a request as the server below sees it.
    fn mark(&self, request: RequestId) -> RequestId {
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
        self.server.join(JoinArgs { request: self.mark(args.request), ..args })
    }

    fn leave(&self, args: LeaveArgs) -> Result<(), KvError> {
        self.server.leave(LeaveArgs { request: self.mark(args.request), ..args })
    }

    fn move_shard(&self, args: MoveArgs) -> Result<(), KvError> {
        self.server.move_shard(MoveArgs { request: self.mark(args.request), ..args })
    }

    fn query(&self, args: QueryArgs) -> Result<Config, KvError> {
        if self.mistake == Mistake::ReadsItsOwn {
            let peek = |num| self.server.peek(PeekArgs { num });
            let own = args.num.and_then(peek).or_else(|| (0..).map_while(peek).last());
            return Ok(own.expect("configuration 0 is always there"));
        }
        self.server.query(args).map(|config| self.spoil(config))
    }

    fn peek(&self, args: PeekArgs) -> Option<Config> {
        self.server.peek(args)
    }
}

/// Within how many seeds a mistake is caught.
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
