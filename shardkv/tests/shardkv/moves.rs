//! Shards move while no client writes.

use labrt::channel::unbounded;
use labrt::thread::sleep;
use tester::kv::Client;
use tester::{Context, Net};

use crate::harness::{
    CtrlerHarness, Harness, KEYS, KvClerk, MakeServer, Table, ms, reference, until_quiet,
};

/// Reads each key with a new clerk of this controller. The five keys in
/// `served` must have their values; the other reads must not return.
#[track_caller]
fn check_served(controller: &CtrlerHarness, table: &Table, served: &[String]) {
    let (answers_tx, answers) = unbounded();
    let _readers = controller.clerks().spawn_clients(KEYS, move |i, client| {
        // The receiver is gone when later answers arrive.
        let _ = answers_tx.send((i, client.get(&i.to_string())));
    });
    let mut answers = until_quiet(&answers);
    for (i, value) in &answers {
        assert_eq!(*value, table.0[*i], "get({i})");
    }
    assert_eq!(answers.len(), KEYS / 2, "completions with one of two groups");
    answers.sort_unstable();
    assert!(answers.iter().map(|(i, _)| i.to_string()).eq(served.iter().cloned()), "{answers:?}");
}

/// Starts the groups, makes two of them join, and gives every key a value.
fn two_groups(ctx: &Context, make: MakeServer) -> (Harness, Client<KvClerk>, Table) {
    let h = Harness::new(ctx, make, Net::Reliable, None);
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    h.ctrler().join(&[1]);
    let table = Table::put(&client, KEYS, 20);
    table.check(&client);
    (h, client, table)
}

pub(crate) fn static_shards(ctx: &Context, make: MakeServer) {
    let (h, client, table) = two_groups(ctx, make);

    // Without group 1, only the keys of group 0 are served.
    let served = h.ctrler().keys_of(0);
    h.shutdown_group(1);
    h.check_logs();
    check_served(h.ctrler(), &table, &served);

    h.start_group(1);
    table.check(&client);
}

pub(crate) fn rejection(ctx: &Context, make: MakeServer) {
    let (h, _, table) = two_groups(ctx, make);

    // Clerks of another controller ask one group for all keys. It serves only the shards
    // that its own controller has assigned to it.
    let wrong = h.another_controller();
    wrong.join(&[0]);
    check_served(&wrong, &table, &h.ctrler().keys_of(0));
}

pub(crate) fn join_leave(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, None);
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let mut table = Table::put(&client, KEYS, 5);
    table.check(&client);

    h.ctrler().join(&[1]);
    table.check_and_append(&client, 5);
    h.ctrler().leave(&[0]);
    table.check_and_append(&client, 5);

    // Time for the shards to move.
    sleep(ms(1000));
    h.check_logs();
    h.shutdown_group(0);
    table.check(&client);
}

pub(crate) fn snapshot(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(1000));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let mut table = Table::put(&client, 3 * KEYS, 20);
    table.check(&client);

    h.ctrler().join(&[1]);
    h.ctrler().join(&[2]);
    h.ctrler().leave(&[0]);
    table.check_and_append(&client, 20);
    h.ctrler().leave(&[1]);
    h.ctrler().join(&[0]);
    table.check_and_append(&client, 20);

    sleep(ms(1000));
    table.check(&client);
    sleep(ms(1000));
    h.check_logs();

    h.restart_all();
    table.check(&client);
}

pub(crate) fn miss_change(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(1000));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let mut table = Table::put(&client, KEYS, 20);
    table.check(&client);

    h.ctrler().join(&[1]);
    (0..3).for_each(|g| h.shutdown_server(g, 0));
    h.ctrler().join(&[2]);
    h.ctrler().leave(&[1]);
    h.ctrler().leave(&[0]);
    table.check_and_append(&client, 20);
    h.ctrler().join(&[1]);
    table.check_and_append(&client, 20);
    (0..3).for_each(|g| h.start_server(g, 0));
    table.check_and_append(&client, 20);

    sleep(ms(2000));
    (0..3).for_each(|g| h.shutdown_server(g, 1));
    h.ctrler().join(&[0]);
    h.ctrler().leave(&[2]);
    table.check_and_append(&client, 20);
    (0..3).for_each(|g| h.start_server(g, 1));
    table.check(&client);
}

tester::lab_test!(static_shards_4B, "Test (4B): static shards", static_shards, reference());
tester::lab_test!(rejection_4B, "Test (4B): rejection", rejection, reference());
tester::lab_test!(join_leave_4B, "Test (4B): join then leave", join_leave, reference());
tester::lab_test!(snapshot_4B, "Test (4B): snapshots, join, and leave", snapshot, reference());
tester::lab_test!(
    miss_change_4B,
    "Test (4B): servers miss configuration changes",
    miss_change,
    reference()
);
