//! After the network's end: calls end their threads, quietly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use labrpc::{ClientEnd, Network, Server, Service};
use labrt::channel::{self, RecvTimeoutError};
use labrt::thread;
use labrt::time::Duration;

use crate::junk::JunkNet;

/// Long enough for any call that would still return to do so.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `body` on a thread. The channel disconnects when the thread ends,
/// whichever way, and the flag tells whether `body` returned.
fn watched(body: impl FnOnce() + Send + 'static) -> (channel::Receiver<()>, Arc<AtomicBool>) {
    let (alive, ended) = channel::bounded::<()>(0);
    let returned = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&returned);
    thread::spawn(move || {
        let _alive = alive;
        body();
        flag.store(true, Relaxed);
    });
    (ended, returned)
}

#[track_caller]
fn assert_ended_quietly((ended, returned): (channel::Receiver<()>, Arc<AtomicBool>)) {
    assert_eq!(ended.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected), "still there");
    assert!(!returned.load(Relaxed), "a call returned after the network's end");
}

#[test]
fn a_thread_that_calls_after_cleanup_ends() {
    tester::test("Test: cleanup ends a clerk that was left over", |_| {
        let (net, end) = JunkNet::standard();
        let clerk =
            watched(move || while end.call::<_, i64>("JunkServer.Handler1", "1").is_some() {});
        thread::sleep(Duration::from_millis(20));
        let before = net.network.total_count();
        assert!(before > 0, "the clerk has not begun");
        net.network.cleanup();
        assert_ended_quietly(clerk);
        let after = net.network.total_count();
        thread::sleep(Duration::from_millis(20));
        assert_eq!(net.network.total_count(), after, "a call was taken after cleanup");
    });
}

#[test]
fn a_network_without_handles_is_closed() {
    tester::test("Test: an end outlives its network", |_| {
        let network = Network::new();
        let end = network.make_end("e");
        drop(network);
        assert_ended_quietly(watched(move || {
            let _: Option<()> = end.call("A.B", &());
        }));
    });
}

/// Ends that a server owns must not keep it alive: network, server, end and
/// network again would be a circle.
#[test]
fn a_dropped_network_frees_its_servers() {
    tester::test("Test: no circle of network, server and ends", |_| {
        let network = Network::new();
        let owner: Arc<ClientEnd> = Arc::new(network.make_end("e"));
        let weak = Arc::downgrade(&owner);
        let service = Service::new("Owner").method("Ends", move |(): ()| Arc::strong_count(&owner));
        network.add_server("s", Server::new().with_service(service));
        assert!(weak.upgrade().is_some());
        drop(network);
        assert!(weak.upgrade().is_none(), "the server is still there");
    });
}

/// A handler that calls into a closed network ends there, and so does its
/// caller, for which no reply will ever come.
#[test]
fn a_handler_cut_short_by_cleanup_ends_its_caller() {
    tester::test("Test: cleanup in the middle of a nested call", |_| {
        let network = Network::new();
        let inner = network.make_end("inner");
        let (started_tx, started) = channel::unbounded();
        let service = Service::new("Outer").method("Call", move |(): ()| {
            started_tx.send(()).expect("a test that waits");
            thread::sleep(Duration::from_millis(50));
            inner.call::<_, u64>("Inner.Call", &())
        });
        network.add_server("s", Server::new().with_service(service));
        let outer = network.make_end("outer");
        network.connect("outer", "s");
        network.enable("outer", true);
        let caller = watched(move || {
            let _: Option<Option<u64>> = outer.call("Outer.Call", &());
        });
        started.recv().expect("a handler that starts");
        network.cleanup();
        assert_ended_quietly(caller);
    });
}

/// A call under way when the network closes still comes to its end.
#[test]
fn an_accepted_call_survives_cleanup() {
    tester::test("Test: cleanup leaves accepted calls alone", |_| {
        let network = Network::new();
        let (started_tx, started) = channel::unbounded();
        let service = Service::new("Slow").method("Call", move |(): ()| {
            started_tx.send(()).expect("a test that waits");
            thread::sleep(Duration::from_millis(250));
            7u64
        });
        network.add_server("s", Server::new().with_service(service));
        let end = network.make_end("e");
        network.connect("e", "s");
        network.enable("e", true);
        let caller = thread::spawn(move || end.call::<_, u64>("Slow.Call", &()));
        started.recv().expect("a handler that starts");
        network.cleanup();
        assert_eq!(caller.join().expect("a call that returns"), Some(7));
    });
}
