//! After cleanup, calls silently end their threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use labrpc::{ClientEnd, Network, Server, Service};
use labrt::channel::{self, RecvTimeoutError};
use labrt::thread;
use labrt::time::Duration;

use crate::junk::JunkNet;

/// Long enough for a call that still returns to do so.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Runs `body` on a thread. The channel disconnects when the thread ends in any
/// way, and the flag says whether `body` returned.
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
    let end = ended.recv_timeout(TIMEOUT);
    assert_eq!(end, Err(RecvTimeoutError::Disconnected), "the thread still runs");
    assert!(!returned.load(Relaxed), "a call returned after the cleanup");
}

#[test]
fn call_after_cleanup_ends_its_thread() {
    tester::test("Test: cleanup ends a clerk that was left over", |_| {
        let (net, end) = JunkNet::standard();
        let clerk =
            watched(move || while end.call::<_, i64>("JunkServer.Handler1", "1").is_some() {});
        thread::sleep(Duration::from_millis(20));
        let before = net.network.total_count();
        assert!(before > 0, "the clerk has not made a call");
        net.network.cleanup();
        assert_ended_quietly(clerk);
        let after = net.network.total_count();
        thread::sleep(Duration::from_millis(20));
        assert_eq!(net.network.total_count(), after, "the network accepted a call after cleanup");
    });
}

#[test]
fn network_without_handles_is_closed() {
    tester::test("Test: an end outlives its network", |_| {
        let network = Network::new();
        let end = network.make_end("e");
        drop(network);
        assert_ended_quietly(watched(move || {
            let _: Option<()> = end.call("A.B", &());
        }));
    });
}

/// Ends must not keep their network alive: a network owns its servers, and
/// servers own ends, so this would be a cycle.
#[test]
fn dropped_network_frees_its_servers() {
    tester::test("Test: no circle of network, server and ends", |_| {
        let network = Network::new();
        let owner: Arc<ClientEnd> = Arc::new(network.make_end("e"));
        let weak = Arc::downgrade(&owner);
        let service = Service::new("Owner").method("Ends", move |(): ()| Arc::strong_count(&owner));
        network.add_server("s", Server::new().with_service(service));
        assert!(weak.upgrade().is_some());
        drop(network);
        assert!(weak.upgrade().is_none(), "the server is leaked");
    });
}

/// A handler that calls into a closed network ends, and so does its caller,
/// which will never get a reply.
#[test]
fn cleanup_that_ends_a_handler_ends_its_caller() {
    tester::test("Test: cleanup in the middle of a nested call", |_| {
        let network = Network::new();
        let inner = network.make_end("inner");
        let (started_tx, started) = channel::unbounded();
        let service = Service::new("Outer").method("Call", move |(): ()| {
            started_tx.send(()).expect("the test waits");
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
        started.recv().expect("the handler starts");
        network.cleanup();
        assert_ended_quietly(caller);
    });
}

/// A call in progress when the network closes still returns.
#[test]
fn accepted_call_survives_cleanup() {
    tester::test("Test: cleanup leaves accepted calls alone", |_| {
        let network = Network::new();
        let (started_tx, started) = channel::unbounded();
        let service = Service::new("Slow").method("Call", move |(): ()| {
            started_tx.send(()).expect("the test waits");
            thread::sleep(Duration::from_millis(250));
            7u64
        });
        network.add_server("s", Server::new().with_service(service));
        let end = network.make_end("e");
        network.connect("e", "s");
        network.enable("e", true);
        let caller = thread::spawn(move || end.call::<_, u64>("Slow.Call", &()));
        started.recv().expect("the handler starts");
        network.cleanup();
        assert_eq!(caller.join().expect("the call returns"), Some(7));
    });
}
