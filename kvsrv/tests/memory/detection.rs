//! The tests detect servers that keep too much, each in its own process.

use tester::caught;

use crate::broken::{Keeps, hoarder};
use crate::many::mem_many_appends;
use crate::values::{mem_get, mem_put};

/// The number of seeds within which a test must fail.
const SEEDS: u64 = 1;

caught!(
    keeps_get_replies,
    mem_get,
    hoarder(Keeps::GetReplies),
    SEEDS,
    "the server uses too much memory: "
);
caught!(
    keeps_put_arguments,
    mem_put,
    hoarder(Keeps::PutArguments),
    SEEDS,
    "the server uses too much memory: "
);
caught!(
    keeps_append_replies,
    mem_many_appends,
    hoarder(Keeps::AppendReplies),
    SEEDS,
    "the server uses too much memory: "
);
