//! Does the network behave as the course's does?
//!
//! One test per row of this table, which was read off the Go package. Shares
//! and means are held to five standard deviations, because seeds are random
//! and a test of many should not fail by bad luck more than once in a million
//! runs. Limits are exact: a delay is never too short, and too long only by
//! what the machine needs to run the threads that the test itself starts.
//!
//! | situation | the call returns | when | the handler runs |
//! |---|---|---|---|
//! | no way to a server | `None` | 0..99 ms | no |
//! | the same with long delays | `None` | 0..6999 ms | no |
//! | reliable | `Some` | at once | yes |
//! | unreliable, request lost (10 %) | `None` | 0..26 ms | no |
//! | unreliable, reply lost (9 %) | `None` | 0..26 ms + handler | yes |
//! | unreliable, all well (81 %) | `Some` | 0..26 ms + handler | yes |
//! | long reordering, 2 of 3 replies | `Some` | + 200..2199 ms | yes |
//! | slow handler | `Some` | when it returns | yes |
//! | server dies meanwhile | `None` | at the next 100 ms, or when it returns | to its end |
//! | end off and on again between two looks | `Some` | when it returns | yes |
//! | held-back reply, then everything ends | `Some` | after its delay | yes |

use std::sync::atomic::Ordering::Relaxed;

use labrpc::{Latency, Network, Server};
use labrt::time::Duration;
use labrt::{Clock, thread};

use crate::rig::{
    BYTES, Rig, answered, assert_seen, assert_share, assert_uniform, call, crowd, mean_slack, ms,
    slack,
};

#[test]
fn a_reliable_network_answers_at_once() {
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
fn an_unreliable_network_loses_and_delays() {
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
fn a_lost_reply_comes_after_the_handler() {
    tester::test("Test: fidelity, slow handlers on an unreliable network", |_| {
        let rig = Rig::new();
        rig.network.set_reliable(false);
        for _ in 0..60 {
            let before = rig.server_count();
            let seen = rig.call(30);
            let handled = rig.server_count() > before;
            assert!(handled || !seen.answered, "an answer without a handler");
            let wait = if handled { ms(30) } else { ms(0) };
            assert!(seen.after >= wait && seen.after <= wait + ms(26) + slack(), "{seen:?}");
        }
    });
}

#[test]
fn long_reordering_holds_replies_back() {
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

/// What a test does to a network.
type Fault = fn(&Network);

/// Ways of having no way to a server.
const DEAD_ENDS: [(&str, Fault); 5] = [
    ("disabled", |network| network.enable("end", false)),
    ("unconnected", |network| network.enable("lonely", true)),
    ("removed", |network| network.delete_end("end")),
    ("server missing", |network| network.connect("end", "nobody")),
    ("server deleted", |network| network.delete_server("server")),
];

#[test]
fn dead_ends_fail_within_100_ms() {
    tester::test("Test: fidelity, dead ends", |_| {
        for (name, cut) in DEAD_ENDS {
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
fn dead_ends_fail_within_7_s_with_long_delays() {
    tester::test("Test: fidelity, dead ends with long delays", |_| {
        let rig = Rig::new();
        rig.network.set_long_delays(true);
        assert!(rig.network.is_long_delays());
        rig.network.enable("end", false);
        let (callers, each) = if labrt::clock() == Clock::Virtual { crowd() } else { (400, 1) };
        let calls = rig.calls(callers, each);
        assert_eq!(answered(&calls), 0);
        assert_uniform(&calls, 6999);
        let longest = calls.iter().map(|seen| seen.after).max().expect("calls");
        assert!(longest >= ms(6600), "longest={longest:?}");
        rig.assert_counted(&calls);
    });
}

/// The answer is known when the call begins: nothing is asked again.
#[test]
fn a_dead_end_stays_dead_for_its_calls() {
    tester::test("Test: fidelity, an end that comes back too late", |_| {
        let rig = Rig::new();
        rig.network.enable("end", false);
        let end = rig.end.clone();
        let caller = thread::spawn(move || call(&end, 0));
        while rig.network.total_count() == 0 {
            thread::sleep(ms(1));
        }
        rig.network.enable("end", true);
        assert!(!caller.join().expect("a caller that returns").answered);
        assert!(rig.call(0).answered);
    });
}

#[test]
fn a_slow_handler_is_waited_for() {
    tester::test("Test: fidelity, slow handler", |_| {
        let rig = Rig::new();
        assert_seen(rig.call(450), true, 450);
        assert_seen(rig.call(1010), true, 1010);
    });
}

/// Ways of losing a server while its handler runs.
const DEATHS: [Fault; 4] = [
    |network| network.enable("end", false),
    |network| network.delete_end("end"),
    |network| network.delete_server("server"),
    |network| network.add_server("server", Server::new()),
];

/// Asserts that a death at 50 ms ends a call of a handler of so many ms in
/// time.
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
fn a_death_is_noticed_at_the_next_look() {
    tester::test("Test: fidelity, death while a handler runs", |_| assert_noticed(450, 100));
}

#[test]
fn a_death_is_noticed_when_the_handler_returns() {
    tester::test("Test: fidelity, death just before a handler returns", |_| {
        assert_noticed(80, 80);
    });
}

#[test]
fn a_short_cut_between_two_looks_goes_unnoticed() {
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

/// What leads elsewhere for later calls does not concern one under way.
#[test]
fn a_new_connection_leaves_calls_under_way_alone() {
    tester::test("Test: fidelity, an end connected elsewhere", |_| {
        let rig = Rig::new();
        let seen = rig.call_disturbed(450, |network| network.connect("end", "elsewhere"));
        assert_seen(seen, true, 450);
        assert!(!rig.call(0).answered);
    });
}

/// A reply that is held back arrives whatever happens meanwhile, and its
/// bytes count only then. The network was sampled when the call began, so
/// the end of long reordering changes nothing either.
#[test]
fn a_held_back_reply_survives_everything() {
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
        // Every caller has to have asked, once more, whether its server lives.
        thread::sleep(ms(100));
        rig.network.set_long_reordering(false);
        rig.network.enable("end", false);
        rig.network.delete_server("server");
        rig.network.cleanup();
        let early = rig.network.total_bytes();
        assert!(early < BYTES * calls * 2, "replies are counted before their delivery");

        let seen: Vec<_> =
            callers.into_iter().map(|c| c.join().expect("a caller that returns")).collect();
        assert_eq!(answered(&seen) as u64, calls);
        rig.assert_counted(&seen);
        let held = seen.iter().filter(|s| s.after >= ms(200)).count() as u64;
        assert_share(held, calls, 2.0 / 3.0);
    });
}

/// The lives of a server have counters of their own; the network's never
/// start again.
#[test]
fn a_restarted_server_counts_from_zero() {
    tester::test("Test: fidelity, counters", |_| {
        let rig = Rig::new();
        let first = rig.calls(1, 3);
        assert_eq!(rig.network.count("server"), Some(3));
        rig.network.delete_server("server");
        assert_eq!(rig.network.count("server"), None);
        assert_eq!(rig.network.count("nobody"), None);
        rig.network.add_server("server", rig.handlers.server());
        assert_eq!(rig.network.count("server"), Some(0));
        let second = rig.calls(1, 2);
        assert_eq!(rig.network.count("server"), Some(2));
        rig.assert_counted(&[first, second].concat());
    });
}

#[test]
fn latency_is_half_there_and_half_back() {
    tester::test("Test: latency", |_| {
        let rig = Rig::new();
        rig.network.set_latency(Latency::round_trip(ms(200), ms(300)));
        let seen = rig.call_disturbed(0, |_| ());
        assert!(seen.answered && seen.after >= ms(200) && seen.after <= ms(300) + slack());

        // At 50 ms the request is on its way; its end may still go.
        let seen = rig.call_disturbed(0, |network| network.enable("end", false));
        assert!(!seen.answered && seen.after >= ms(100) && seen.after <= ms(150) + slack());
        assert_eq!(rig.server_count(), 2);

        // A call that fails has nowhere to go: no latency.
        let seen = rig.calls(20, 1);
        assert!(seen.iter().all(|s| !s.answered && s.after <= ms(99) + slack()));
    });
}

#[test]
fn the_clock_decides_on_the_default_latency() {
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
