//! What a simulation's trace tells about the network. Real mode has no trace,
//! so these run under the virtual clock whatever the environment says.

use std::sync::Arc;

use labrpc::{ClientEnd, Latency, Network, Server, Service};
use labrt::time::Duration;
use labrt::trace::Event;
use labrt::{Clock, Config, Run, thread};

/// The events of the network itself, as `events.rs` declares them.
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

/// A run on a network with end 0, `"e"`, that leads to server 0, `"s"`, which
/// sleeps for as many ms as it is told.
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

/// The numbers of an event of the network, which has no more of them.
fn first_four(event: &Event) -> [u64; 4] {
    let [numbers @ .., fifth] = event.numbers;
    assert_eq!(fifth, 0);
    numbers
}

/// The network's events of a run, after those that wire it up.
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

/// Events carry the end or, for a delivery, the server; then the number of
/// the call; its bytes; and 1 + the server.
#[test]
fn a_call_leaves_its_life_in_the_trace() {
    let run = run(1, |_, end| {
        assert_eq!(sleep(end, 1), Some(()));
        assert_eq!(sleep(end, 1), Some(()));
    });
    let life = |call| {
        [("send", [0, call, 8, 1]), ("deliver", [0, call, 8, 0]), ("reply", [0, call, 0, 1])]
    };
    assert_eq!(events(&run), [life(1), life(2)].concat());
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

/// Each call ends in exactly one event, and the losses are told apart.
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

/// A call draws from a generator of its own: who else calls at the same time,
/// or how much the network does to a call, leaves the others' luck alone.
#[test]
fn calls_do_not_share_their_luck() {
    let held_back = |reordering| {
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
    let lost = held_back(false);
    assert!(!lost.is_empty());
    assert_eq!(lost, held_back(true));
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
                caller.join().expect("a caller that returns");
            }
        });
        run.stats.hash
    };
    assert_eq!(hash(3), hash(3));
    assert_ne!(hash(3), hash(4));
}
