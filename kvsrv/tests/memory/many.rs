//! Many clients or many calls: the server may keep only a little for each.

use labrpc::Latency;
use labrt::thread::sleep;
use labrt::time::Duration;
use tester::kv::{Clerk as _, Client, Harness};
use tester::{Context, Net, Node, rand_value};

use crate::harness::{KvClerk, MakeServer, harness, reference};
use crate::values::settled_bytes;

/// The number of clients.
const CLIENTS: usize = 100_000;

/// The most bytes that the server may keep for a client that has put a value.
const PER_PUT: usize = 200;

/// For a client that has got a value the server must keep fewer bytes than
/// this.
const PER_GET: usize = 10;

/// The length of a value in bytes.
const SHORT: usize = 1000;

/// The number of appends.
const APPENDS: usize = 1000;

/// How long the test waits for memory that is freed in the background.
const REST: Duration = Duration::from_secs(1);

/// A server on a network that is fast enough for 100,000 sequential calls.
fn fast(ctx: &Context, make: MakeServer) -> Harness<Box<dyn Node>, KvClerk> {
    let h = harness(ctx, make, Net::Reliable);
    if labrt::clock() == labrt::Clock::Virtual {
        let [min, max] = [100, 300].map(Duration::from_micros);
        h.cluster().network().set_latency(Latency::round_trip(min, max));
    }
    h
}

/// Creates [`CLIENTS`] clients.
fn crowd(h: &Harness<Box<dyn Node>, KvClerk>) -> Vec<Client<KvClerk>> {
    let clients = (0..CLIENTS).map(|_| h.make_clerk([0])).collect();
    sleep(REST);
    clients
}

/// The average growth in bytes per client, for the failure message.
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
