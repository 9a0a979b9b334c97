//! The network behaves as the course's network does.
//!
//! There is one test per row of this table, which describes the Go package.
//! Shares and means may be off by five standard deviations, because seeds are
//! random and a correct network should fail at most once in a million runs.
//! Limits are exact: a delay is never too short, and too long only by the time
//! that the machine takes to run the test's own threads.
//!
//! | situation | the call returns | when | the handler runs |
//! |---|---|---|---|
//! | no route to a server | `None` | 0..99 ms | no |
//! | the same with long delays | `None` | 0..6999 ms | no |
//! | reliable | `Some` | immediately | yes |
//! | unreliable, request lost (10 %) | `None` | 0..26 ms | no |
//! | unreliable, reply lost (9 %) | `None` | 0..26 ms + handler | yes |
//! | unreliable, nothing lost (81 %) | `Some` | 0..26 ms + handler | yes |
//! | long reordering, 2 of 3 replies | `Some` | + 200..2199 ms | yes |
//! | slow handler | `Some` | when it returns | yes |
//! | server dies meanwhile | `None` | at the next 100 ms, or when it returns | to its end |
//! | end off and on again between two checks | `Some` | when it returns | yes |
//! | delayed reply, then everything ends | `Some` | after its delay | yes |

use std::sync::atomic::Ordering::Relaxed;

use labrpc::{Latency, Network, Server};
use labrt::time::Duration;
use labrt::{Clock, thread};

use crate::rig::{
    BYTES, Rig, answered, assert_seen, assert_share, assert_uniform, call, crowd, mean_slack, ms,
    slack,
};

#[test]
fn reliable_network_replies_immediately() {
    tester::test("Test: fidelity, reliable", |_| {
        let rig = Rig::new();
        let calls = rig.calls(20, 20);
        assert_eq!(answered(&calls), 400);
        assert_uniform(&calls, 0);
        rig.assert_counted(&calls);
        assert_eq!(rig.server_count(), 400);
    });
}

#[test]
fn unreliable_network_loses_and_delays() {
    tester::test("Test: fidelity, unreliable", |_| {
        let rig = Rig::new();
        rig.network.set_reliable(false);
        let (callers, each) = crowd();
        let calls = rig.calls(callers, each);
        let total = calls.len() as u64;
        let handled = rig.handlers.ended.load(Relaxed);
        let answers = answered(&calls) as u64;
        assert_share(handled, total, 0.9);
        assert_share(handled - answers, handled, 0.1);
        assert_share(answers, total, 0.81);
        assert_uniform(&calls, 26);
        rig.assert_counted(&calls);
        assert_eq!(rig.server_count(), handled);
    });
}

#[test]
fn lost_reply_fails_after_the_handler() {
    tester::test("Test: fidelity, slow handlers on an unreliable network", |_| {
        let rig = Rig::new();
        rig.network.set_reliable(false);
        for _ in 0..60 {
            let before = rig.server_count();
            let seen = rig.call(30);
            let handled = rig.server_count() > before;
            assert!(handled || !seen.answered, "a reply without a handler");
            let wait = if handled { ms(30) } else { ms(0) };
            assert!(seen.after >= wait && seen.after <= wait + ms(26) + slack(), "{seen:?}");
        }
    });
}

#[test]
fn long_reordering_delays_replies() {
    tester::test("Test: fidelity, long reordering", |_| {
        let rig = Rig::new();
        rig.network.set_long_reordering(true);
        let (callers, each) = crowd();
        let calls = rig.calls(callers, each);
        assert_eq!(answered(&calls), calls.len());
        let held: Vec<f64> =
            calls.iter().filter(|c| c.after >= ms(200)).map(|c| c.after.as_secs_f64()).collect();
        assert_share(held.len() as u64, calls.len() as u64, 2.0 / 3.0);
        let longest = held.iter().copied().fold(0.0, f64::max);
        assert!((1.9..=2.199 + slack().as_secs_f64()).contains(&longest), "longest={longest}");
        let mean = held.iter().sum::<f64>() / held.len() as f64;
        assert!((0.66..0.74 + mean_slack().as_secs_f64()).contains(&mean), "mean={mean}");
        rig.assert_counted(&calls);
    });
}

/// A fault that a test applies to a network.
type Fault = fn(&Network);

/// Ways to leave an end without a route to a server.
const UNREACHABLE: [(&str, Fault); 5] = [
    ("disabled", |network| network.enable("end", false)),
    ("unconnected", |network| network.enable("lonely", true)),
    ("removed", |network| network.delete_end("end")),
    ("server missing", |network| network.connect("end", "missing")),
    ("server deleted", |network| network.delete_server("server")),
];

#[test]
fn unreachable_server_fails_within_100_ms() {
    tester::test("Test: fidelity, dead ends", |_| {
        for (name, cut) in UNREACHABLE {
            let mut rig = Rig::new();
            let lonely = rig.network.make_end("lonely");
            cut(&rig.network);
            if name == "unconnected" {
                rig.end = lonely;
            }
            let calls = rig.calls(40, 20);
            assert_eq!(answered(&calls), 0, "{name}");
            assert_uniform(&calls, 99);
            rig.assert_counted(&calls);
            assert_eq!(rig.handlers.begun.load(Relaxed), 0, "{name}");
        }
    });
}

#[test]
fn unreachable_server_fails_within_7_s_with_long_delays() {
    tester::test("Test: fidelity, dead ends with long delays", |_| {
        let rig = Rig::new();
        rig.network.set_long_delays(true);
        assert!(rig.network.is_long_delays());
        rig.network.enable("end", false);
        let (callers, each) = if labrt::clock() == Clock::Virtual { crowd() } else { (400, 1) };
        let calls = rig.calls(callers, each);
        assert_eq!(answered(&calls), 0);
        assert_uniform(&calls, 6999);
        let longest = calls.iter().map(|seen| seen.after).max().expect("there are calls");
        assert!(longest >= ms(6600), "longest={longest:?}");
        rig.assert_counted(&calls);
    });
}

/// The network looks for a route once, when the call starts.
#[test]
fn call_on_a_disabled_end_fails_even_if_it_is_enabled_later() {
    tester::test("Test: fidelity, an end that comes back too late", |_| {
        let rig = Rig::new();
        rig.network.enable("end", false);
        let end = rig.end.clone();
        let caller = thread::spawn(move || call(&end, 0));
        while rig.network.total_count() == 0 {
            thread::sleep(ms(1));
        }
        rig.network.enable("end", true);
        assert!(!caller.join().expect("the caller returns").answered);
        assert!(rig.call(0).answered);
    });
}

#[test]
fn caller_waits_for_a_slow_handler() {
    tester::test("Test: fidelity, slow handler", |_| {
        let rig = Rig::new();
        assert_seen(rig.call(450), true, 450);
        assert_seen(rig.call(1010), true, 1010);
    });
}

/// Ways to lose a server while its handler runs.
const DEATHS: [Fault; 4] = [
    |network| network.enable("end", false),
    |network| network.delete_end("end"),
    |network| network.delete_server("server"),
    |network| network.add_server("server", Server::new()),
];

/// Asserts that, if the server dies at 50 ms, a call whose handler takes
/// `handler` ms fails `after` that many ms.
#[track_caller]
fn assert_noticed(handler: u64, after: u64) {
    for kill in DEATHS {
        let rig = Rig::new();
        let seen = rig.call_disturbed(handler, kill);
        assert_seen(seen, false, after);
        rig.assert_counted(&[seen]);
        rig.assert_handlers_end(1);
    }
}

#[test]
fn caller_notices_a_death_at_the_next_check() {
    tester::test("Test: fidelity, death while a handler runs", |_| assert_noticed(450, 100));
}

#[test]
fn caller_notices_a_death_when_the_handler_returns() {
    tester::test("Test: fidelity, death just before a handler returns", |_| {
        assert_noticed(80, 80);
    });
}

#[test]
fn caller_does_not_notice_a_short_cut_between_two_checks() {
    tester::test("Test: fidelity, an end off and on again", |_| {
        let rig = Rig::new();
        let seen = rig.call_disturbed(450, |network| {
            network.enable("end", false);
            thread::sleep(ms(20));
            network.enable("end", true);
        });
        assert_seen(seen, true, 450);
        rig.assert_counted(&[seen]);
    });
}

/// A new connection applies to later calls only.
#[test]
fn new_connection_does_not_affect_calls_in_progress() {
    tester::test("Test: fidelity, an end connected elsewhere", |_| {
        let rig = Rig::new();
        let seen = rig.call_disturbed(450, |network| network.connect("end", "elsewhere"));
        assert_seen(seen, true, 450);
        assert!(!rig.call(0).answered);
    });
}

/// A delayed reply arrives whatever happens meanwhile, and its bytes count only
/// then. The call read the network's settings when it started, so the end of
/// long reordering does not change it either.
#[test]
fn delayed_reply_survives_all_faults() {
    tester::test("Test: fidelity, replies on the wire", |_| {
        let rig = Rig::new();
        rig.network.set_long_reordering(true);
        let calls = 300;
        let callers: Vec<_> = (0..calls)
            .map(|_| {
                let end = rig.end.clone();
                thread::spawn(move || call(&end, 0))
            })
            .collect();
        while rig.handlers.ended.load(Relaxed) < calls {
            thread::sleep(ms(1));
        }
        // Wait until every caller has checked once more that its server lives.
        thread::sleep(ms(100));
        rig.network.set_long_reordering(false);
        rig.network.enable("end", false);
        rig.network.delete_server("server");
        rig.network.cleanup();
        let early = rig.network.total_bytes();
        assert!(early < BYTES * calls * 2, "replies are counted before their delivery");

        let seen: Vec<_> =
            callers.into_iter().map(|c| c.join().expect("the caller returns")).collect();
        assert_eq!(answered(&seen) as u64, calls);
        rig.assert_counted(&seen);
        let held = seen.iter().filter(|s| s.after >= ms(200)).count() as u64;
        assert_share(held, calls, 2.0 / 3.0);
    });
}

/// A restarted server has a new counter; the network's counters continue.
#[test]
fn restarted_server_counts_from_zero() {
    tester::test("Test: fidelity, counters", |_| {
        let rig = Rig::new();
        let first = rig.calls(1, 3);
        assert_eq!(rig.network.count("server"), Some(3));
        rig.network.delete_server("server");
        assert_eq!(rig.network.count("server"), None);
        assert_eq!(rig.network.count("missing"), None);
        rig.network.add_server("server", rig.handlers.server());
        assert_eq!(rig.network.count("server"), Some(0));
        let second = rig.calls(1, 2);
        assert_eq!(rig.network.count("server"), Some(2));
        rig.assert_counted(&[first, second].concat());
    });
}

#[test]
fn latency_is_half_before_and_half_after_the_handler() {
    tester::test("Test: latency", |_| {
        let rig = Rig::new();
        rig.network.set_latency(Latency::round_trip(ms(200), ms(300)));
        let seen = rig.call_disturbed(0, |_| ());
        assert!(seen.answered && seen.after >= ms(200) && seen.after <= ms(300) + slack());

        // At 50 ms the request is on its way, and the end can still be disabled.
        let seen = rig.call_disturbed(0, |network| network.enable("end", false));
        assert!(!seen.answered && seen.after >= ms(100) && seen.after <= ms(150) + slack());
        assert_eq!(rig.server_count(), 2);

        // A call without a route takes no latency.
        let seen = rig.calls(20, 1);
        assert!(seen.iter().all(|s| !s.answered && s.after <= ms(99) + slack()));
    });
}

#[test]
fn default_latency_depends_on_the_clock() {
    tester::test("Test: default latency", |_| {
        let rig = Rig::new();
        rig.network.set_latency(Latency::default());
        let shortest =
            if labrt::clock() == Clock::Virtual { Duration::from_micros(500) } else { ms(0) };
        for seen in rig.calls(1, 100) {
            assert!(seen.answered && seen.after >= shortest);
            assert!(seen.after <= Duration::from_micros(1500) + slack(), "{seen:?}");
        }
    });
}
