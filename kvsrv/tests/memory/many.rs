//! Many clients, or many calls: little may be left of each.

use labrpc::Latency;
use labrt::thread::sleep;
use labrt::time::Duration;
use tester::kv::{Clerk as _, Client, Harness};
use tester::{Context, Net, Node, rand_value};

use crate::harness::{KvClerk, MakeServer, harness, reference};
use crate::values::settled_bytes;

/// How many clients there are.
const CLIENTS: usize = 100_000;

/// How many bytes may be left of a client that has put a value.
const PER_PUT: usize = 200;

/// How many bytes are too many to be left of a client that has got a value.
const PER_GET: usize = 10;

/// How many bytes a value has.
const SHORT: usize = 1000;

/// How often a value is appended.
const APPENDS: usize = 1000;

/// How long it is waited for what should go away by itself.
const REST: Duration = Duration::from_secs(1);

/// A server on a network that is fast enough for 100,000 calls in a row.
fn fast(ctx: &Context, make: MakeServer) -> Harness<Box<dyn Node>, KvClerk> {
    let h = harness(ctx, make, Net::Reliable);
    if labrt::clock() == labrt::Clock::Virtual {
        let [min, max] = [100, 300].map(Duration::from_micros);
        h.cluster().network().set_latency(Latency::round_trip(min, max));
    }
    h
}

/// As many clients as there are to be.
fn crowd(h: &Harness<Box<dyn Node>, KvClerk>) -> Vec<Client<KvClerk>> {
    let clients = (0..CLIENTS).map(|_| h.make_clerk([0])).collect();
    sleep(REST);
    clients
}

/// Bytes left over by each of the clients on average, for the message of a failure.
fn per_client(before: usize, after: usize) -> f64 {
    (after as f64 - before as f64) / CLIENTS as f64
}

fn mem_put_many_clients(ctx: &Context, make: MakeServer) {
    let h = fast(ctx, make);
    let value = rand_value(SHORT);
    let clients = crowd(&h);
    ctx.count_from_here();

    let before = settled_bytes();
    for client in &clients {
        client.clerk().put("k", &value);
    }
    sleep(REST);
    let after = settled_bytes();

    let each = per_client(before, after);
    assert!(
        after <= before + CLIENTS * PER_PUT,
        "the server uses too much memory: {before} -> {after} bytes ({each:.2} per client)"
    );
    clients.into_iter().for_each(Client::delete);
}

fn mem_get_many_clients(ctx: &Context, make: MakeServer) {
    let h = fast(ctx, make);
    let first = h.make_clerk([0]);
    first.clerk().put("0", "");
    first.delete();
    let clients = crowd(&h);

    let before = settled_bytes();
    for client in &clients {
        client.clerk().get("0");
    }
    sleep(REST);
    let after = settled_bytes();

    let each = per_client(before, after);
    assert!(
        after < before + CLIENTS * PER_GET,
        "the server uses too much memory: {before} -> {after} bytes ({each:.2} per client)"
    );
    clients.into_iter().for_each(Client::delete);
}

pub(crate) fn mem_many_appends(ctx: &Context, make: MakeServer) {
    let h = harness(ctx, make, Net::Reliable);
    let value = rand_value(SHORT);
    let client = h.make_clerk([0]);

    let before = settled_bytes();
    for _ in 0..APPENDS {
        client.clerk().append("k", &value);
    }
    sleep(REST);
    let after = settled_bytes();

    // The value itself takes a third of the limit.
    let limit = 3 * SHORT * APPENDS;
    assert!(after < limit, "the server uses too much memory: {before} -> {after} bytes");
    client.delete();
}

tester::lab_test!(
    mem_put_many_clients_2,
    "Test: memory use many put clients",
    mem_put_many_clients,
    reference(),
    tester::test_alone
);
tester::lab_test!(
    mem_get_many_clients_2,
    "Test: memory use many get client",
    mem_get_many_clients,
    reference(),
    tester::test_alone
);
tester::lab_test!(
    mem_many_appends_2,
    "Test: memory use many appends",
    mem_many_appends,
    reference(),
    tester::test_alone
);
