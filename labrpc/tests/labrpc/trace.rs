//! The network's events in the trace of a simulation. Real mode has no trace,
//! so these tests always run under the virtual clock.

use std::sync::Arc;

use labrpc::{ClientEnd, Latency, Network, Server, Service};
use labrt::time::Duration;
use labrt::trace::Event;
use labrt::{Clock, Config, Run, thread};

/// The network's events, as `events.rs` declares them.
const KINDS: [&str; 18] = [
    "send",
    "unreachable",
    "drop_request",
    "deliver",
    "dead",
    "drop_reply",
    "reply",
    "make_end",
    "cleanup",
    "fault_reliable",
    "fault_long_delays",
    "fault_long_reordering",
    "fault_latency",
    "fault_connect",
    "fault_enable",
    "fault_delete_end",
    "fault_add_server",
    "fault_delete_server",
];

/// Runs a body on a network with end 0, `"e"`, which leads to server 0, `"s"`,
/// which sleeps for the number of ms that it is sent.
fn run(seed: u64, body: impl FnOnce(&Network, &ClientEnd) + Send + 'static) -> Run<()> {
    let config = Config { clock: Clock::Virtual, seed, keep_events: true, ..Config::default() };
    let run = labrt::run(&config, move || {
        let network = Network::new();
        let end = network.make_end("e");
        network.connect("e", "s");
        let service = Service::new("Clock").method("Sleep", |ms: u64| {
            thread::sleep(Duration::from_millis(ms));
        });
        network.add_server("s", Server::new().with_service(service));
        network.enable("e", true);
        body(&network, &end);
    });
    assert_eq!(run.result, Ok(()));
    run
}

/// Returns the numbers of a network event, which are at most four.
fn first_four(event: &Event) -> [u64; 4] {
    let [numbers @ .., fifth] = event.numbers;
    assert_eq!(fifth, 0);
    numbers
}

/// Returns the network's events of a run, without those of the wiring.
fn events(run: &Run<()>) -> Vec<(&'static str, [u64; 4])> {
    let of_network = run.events.iter().filter(|event| KINDS.contains(&event.kind.name()));
    let mut all: Vec<_> = of_network.map(|event| (event.kind.name(), first_four(event))).collect();
    let wiring = [
        ("make_end", [0, 0, 0, 0]),
        ("fault_connect", [0, 0, 0, 0]),
        ("fault_add_server", [0, 0, 0, 0]),
        ("fault_enable", [0, 1, 0, 0]),
    ];
    assert_eq!(all[..4], wiring);
    all.split_off(4)
}

fn sleep(end: &ClientEnd, ms: u64) -> Option<()> {
    end.call("Clock.Sleep", &ms)
}

/// The numbers of an event are the end (for a delivery, the server), the number
/// of the call, its bytes, and 1 + the server.
#[test]
fn trace_has_send_delivery_and_reply_of_a_call() {
    let run = run(1, |_, end| {
        assert_eq!(sleep(end, 1), Some(()));
        assert_eq!(sleep(end, 1), Some(()));
    });
    let steps = |call| {
        [("send", [0, call, 8, 1]), ("deliver", [0, call, 8, 0]), ("reply", [0, call, 0, 1])]
    };
    assert_eq!(events(&run), [steps(1), steps(2)].concat());
}

#[test]
fn faults_are_in_the_trace() {
    let run = run(1, |network, end| {
        network.make_end("f");
        network.connect("f", "t");
        network.enable("e", false);
        assert_eq!(sleep(end, 0), None);
        network.delete_end("f");
        network.enable("e", true);
        let network = network.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            network.delete_server("s");
            network.cleanup();
        });
        assert_eq!(sleep(end, 500), None);
    });
    let expected = [
        ("make_end", [1, 0, 0, 0]),
        ("fault_connect", [1, 1, 0, 0]),
        ("fault_enable", [0, 0, 0, 0]),
        ("send", [0, 1, 8, 0]),
        ("unreachable", [0, 1, 0, 0]),
        ("fault_delete_end", [1, 0, 0, 0]),
        ("fault_enable", [0, 1, 0, 0]),
        ("send", [0, 2, 8, 1]),
        ("deliver", [0, 2, 8, 0]),
        ("fault_delete_server", [0, 0, 0, 0]),
        ("cleanup", [0, 0, 0, 0]),
        ("dead", [0, 2, 0, 1]),
    ];
    assert_eq!(events(&run), expected);
}

/// Each call ends in exactly one event, which distinguishes lost requests from
/// lost replies.
#[test]
fn losses_are_in_the_trace() {
    let run = run(1, |network, end| {
        network.set_reliable(false);
        for _ in 0..200 {
            sleep(end, 0);
        }
    });
    let all = events(&run);
    let count = |kind| all.iter().filter(|event| event.0 == kind).count();
    assert_eq!(count("send"), 200);
    assert_eq!(count("drop_request") + count("deliver"), 200);
    assert_eq!(count("drop_reply") + count("reply"), count("deliver"));
    assert!(count("drop_request") > 0 && count("drop_reply") > 0);
}

/// A call draws from its own random generator, so neither concurrent calls nor
/// additional draws of one call change the losses of others.
#[test]
fn each_call_has_its_own_random_generator() {
    let losses = |reordering| {
        let run = run(7, move |network, end| {
            network.set_latency(Latency::NONE);
            network.set_reliable(false);
            network.set_long_reordering(reordering);
            for _ in 0..100 {
                sleep(end, 0);
            }
        });
        let all = events(&run).into_iter();
        all.filter(|event| event.0.starts_with("drop_")).collect::<Vec<_>>()
    };
    let lost = losses(false);
    assert!(!lost.is_empty());
    assert_eq!(lost, losses(true));
}

#[test]
fn equal_seeds_give_equal_runs() {
    let hash = |seed| {
        let run = run(seed, |network, end| {
            network.set_reliable(false);
            network.set_long_reordering(true);
            let end = Arc::new(end.clone());
            let callers: Vec<_> = (0..10)
                .map(|ms| {
                    let end = Arc::clone(&end);
                    thread::spawn(move || {
                        for _ in 0..5 {
                            sleep(&end, ms);
                        }
                    })
                })
                .collect();
            for caller in callers {
                caller.join().expect("the caller returns");
            }
        });
        run.stats.hash
    };
    assert_eq!(hash(3), hash(3));
    assert_ne!(hash(3), hash(4));
}
