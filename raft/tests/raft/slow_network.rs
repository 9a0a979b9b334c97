//! A network on which replies take longer than a heartbeat interval. Not a test
//! of the course.

use labrpc::Latency;
use labrt::thread::sleep;
use tester::{Context, Net};

use crate::harness::{Harness, MakeRaft, ms, reference};

/// Offers a command every 20 ms for 30 s, so that every message brings new
/// entries before the reply to the last one has arrived, and some are lost.
fn agrees_on_a_slow_network(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Unreliable);
    h.one(1, servers, true);
    h.cluster().network().set_latency(Latency::round_trip(ms(150), ms(150)));
    let mut started = 0;
    for command in 100..1600 {
        for server in 0..servers {
            if let Some((index, _)) = h.submit(server, &i64::into(command)) {
                started = index;
            }
        }
        sleep(ms(20));
    }
    let committed = (1..=started).filter(|&index| h.n_committed(index).0 == servers).count();
    if committed < started as usize / 2 {
        ctx.fatal(format!("all servers have {committed} of {started} entries after 30 s of load"));
    }
    h.one(2, servers, true);
}

tester::lab_test!(
    agrees_on_a_slow_network_X,
    "Test: round trips longer than a heartbeat interval",
    agrees_on_a_slow_network,
    reference()
);
