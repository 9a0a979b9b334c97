//! Servers that keep too much are caught, each in a process of its own.

use tester::caught;

use crate::broken::{Keeps, hoarder};
use crate::many::mem_many_appends;
use crate::values::{mem_get, mem_put};

/// Within how many seeds.
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
