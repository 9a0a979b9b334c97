//! The course's tests of labrpc.
//!
//! Source: `labrpc/test_test.go` of MIT 6.824 / 6.5840: ten tests since 2016,
//! `bytes` since 2020, `long_delay_race_2025` since 2025. Differences:
//!
//! 1. Handlers are registered closures. `types` has no pointer argument, so
//!    both of its handlers take the same struct by value.
//! 2. Threads are joined, and a failure in any of them fails the test. In Go
//!    a failing helper thread only ends itself.
//! 3. `regression_1` waits until the network has accepted all twenty calls; Go
//!    sleeps for 100 ms instead.
//! 4. `killed` waits 200 ms for the call to fail, instead of 100. The caller
//!    checks its server every 100 ms: with an exact clock one check runs just
//!    before the server's death, and the next one falls on Go's deadline.
//! 5. `benchmark` lets a call take 0.1 to 0.3 ms of virtual time. Otherwise its
//!    100,000 calls would take a minute and a half.
//! 6. The number of scheduler threads cannot be chosen.

use std::sync::Arc;

use labrt::channel::{self, RecvTimeoutError};
use labrt::thread;
use labrt::time::{Duration, Instant};

use crate::junk::{JunkArgs, JunkNet, JunkReply, short_latency};

#[test]
fn basic() {
    tester::test("Test: basic RPC", |_| {
        let (_net, end) = JunkNet::standard();
        let reply: Option<String> = end.call("JunkServer.Handler2", &111i64);
        assert_eq!(reply.as_deref(), Some("handler2-111"), "wrong reply from Handler2");
        let reply: Option<i64> = end.call("JunkServer.Handler1", "9099");
        assert_eq!(reply, Some(9099), "wrong reply from Handler1");
    });
}

#[test]
fn types() {
    tester::test("Test: struct arguments and replies", |_| {
        let (_net, end) = JunkNet::standard();
        let args = JunkArgs { x: 0 };
        let reply: Option<JunkReply> = end.call("JunkServer.Handler4", &args);
        assert_eq!(reply, Some(JunkReply { x: "pointer".into() }), "wrong reply from Handler4");
        let reply: Option<JunkReply> = end.call("JunkServer.Handler5", &args);
        assert_eq!(reply, Some(JunkReply { x: "no pointer".into() }), "wrong reply from Handler5");
    });
}

#[test]
fn disconnect() {
    tester::test("Test: does Enable(false) really disconnect a client?", |_| {
        let net = JunkNet::new("server99");
        let end = net.network.make_end("end1-99");
        net.network.connect("end1-99", "server99");
        let reply: Option<String> = end.call("JunkServer.Handler2", &111i64);
        assert_eq!(reply, None, "unexpected reply from Handler2");
        net.network.enable("end1-99", true);
        let reply: Option<i64> = end.call("JunkServer.Handler1", "9099");
        assert_eq!(reply, Some(9099), "wrong reply from Handler1");
    });
}

#[test]
fn counts() {
    tester::test("Test: counts of RPCs", |_| {
        let net = JunkNet::new(99);
        let end = net.end("end1-99", 99);
        for i in 0..17i64 {
            let reply: Option<String> = end.call("JunkServer.Handler2", &i);
            assert_eq!(reply, Some(format!("handler2-{i}")), "wrong reply from Handler2");
        }
        assert_eq!(net.network.count(99), Some(17), "wrong count of RPCs");
    });
}

#[test]
fn bytes() {
    tester::test("Test: counts of bytes", |_| {
        let net = JunkNet::new(99);
        let end = net.end("end1-99", 99);
        let args = "x".repeat(284);
        for _ in 0..17 {
            let reply: Option<i64> = end.call("JunkServer.Handler6", &args);
            assert_eq!(reply, Some(284), "wrong reply from Handler6");
        }
        let sent = net.network.total_bytes();
        assert!((4828..=6000).contains(&sent), "wrong count of bytes: {sent}");
        for _ in 0..17 {
            let reply: Option<String> = end.call("JunkServer.Handler7", &107i64);
            assert_eq!(reply.map(|r| r.len()), Some(107), "wrong reply from Handler7");
        }
        let received = net.network.total_bytes() - sent;
        assert!((1800..=2500).contains(&received), "wrong count of bytes: {received}");
    });
}

#[test]
fn concurrent_many() {
    tester::test("Test: many concurrent clients", |_| {
        let net = Arc::new(JunkNet::new(1000));
        let clients: Vec<_> = (0..20i64)
            .map(|i| {
                let net = Arc::clone(&net);
                thread::spawn(move || {
                    let end = net.end(&i.to_string(), 1000);
                    for j in 0..10 {
                        let args = i * 100 + j;
                        let reply: Option<String> = end.call("JunkServer.Handler2", &args);
                        assert_eq!(reply, Some(format!("handler2-{args}")));
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().expect("the client gets all replies");
        }
        assert_eq!(net.network.count(1000), Some(200), "wrong count of RPCs");
    });
}

#[test]
fn unreliable() {
    tester::test("Test: an unreliable network", |_| {
        let net = Arc::new(JunkNet::new(1000));
        net.network.set_reliable(false);
        let clients: Vec<_> = (0..300i64)
            .map(|i| {
                let net = Arc::clone(&net);
                thread::spawn(move || {
                    let end = net.end(&i.to_string(), 1000);
                    let args = i * 100;
                    let reply: Option<String> = end.call("JunkServer.Handler2", &args);
                    reply.inspect(|r| assert_eq!(*r, format!("handler2-{args}"))).is_some()
                })
            })
            .collect();
        let mut total = 0;
        for client in clients {
            total += usize::from(client.join().expect("the client gets no wrong reply"));
        }
        assert!(total != 0 && total != 300, "all or none of 300 calls succeeded: {total}");
    });
}

#[test]
fn concurrent_one() {
    tester::test("Test: concurrent calls on one end", |_| {
        let net = JunkNet::new(1000);
        let end = net.end("c", 1000);
        let calls: Vec<_> = (0..20i64)
            .map(|i| {
                let end = end.clone();
                thread::spawn(move || {
                    let args = 100 + i;
                    let reply: Option<String> = end.call("JunkServer.Handler2", &args);
                    assert_eq!(reply, Some(format!("handler2-{args}")));
                })
            })
            .collect();
        for call in calls {
            call.join().expect("the call gets the right reply");
        }
        assert_eq!(net.junk.logs.lock().log2.len(), 20, "wrong number of RPCs delivered");
        assert_eq!(net.network.count(1000), Some(20), "wrong count of RPCs");
    });
}

/// A regression test: calls on a disabled end delayed calls made after it was
/// enabled.
#[test]
fn regression_1() {
    tester::test("Test: calls on a disabled end do not delay later ones", |_| {
        let net = JunkNet::new(1000);
        let end = net.network.make_end("c");
        net.network.connect("c", 1000);
        let calls: Vec<_> = (0..20i64)
            .map(|i| {
                let end = end.clone();
                thread::spawn(move || end.call::<_, String>("JunkServer.Handler2", &(100 + i)))
            })
            .collect();
        while net.network.total_count() < 20 {
            thread::sleep(Duration::from_millis(1));
        }

        let start = Instant::now();
        net.network.enable("c", true);
        let reply: Option<String> = end.call("JunkServer.Handler2", &99i64);
        let elapsed = start.elapsed();
        assert_eq!(reply.as_deref(), Some("handler2-99"), "wrong reply from Handler2");
        assert!(elapsed <= Duration::from_millis(30), "RPC took too long: {elapsed:?}");

        for call in calls {
            assert_eq!(call.join().expect("the call returns"), None);
        }
        assert_eq!(net.junk.logs.lock().log2, [99], "wrong RPCs delivered");
        assert_eq!(net.network.count(1000), Some(1), "wrong count of RPCs");
    });
}

#[test]
fn killed() {
    tester::test("Test: a call fails when its server is killed", |_| {
        let (net, end) = JunkNet::standard();
        let (done_tx, done) = channel::unbounded();
        thread::spawn(move || {
            let reply: Option<i64> = end.call("JunkServer.Handler3", &99i64);
            done_tx.send(reply).expect("the test waits");
        });
        thread::sleep(Duration::from_secs(1));
        let early = done.recv_timeout(Duration::from_millis(100));
        assert_eq!(early, Err(RecvTimeoutError::Timeout), "Handler3 should not have returned yet");
        net.network.delete_server("server99");
        let late = done.recv_timeout(Duration::from_millis(200));
        assert_eq!(late, Ok(None), "Handler3 should have failed by now");
    });
}

#[test]
fn benchmark() {
    tester::test("Test: 100000 calls", |ctx| {
        let (net, end) = JunkNet::standard();
        net.network.set_latency(short_latency());
        let start = Instant::now();
        for _ in 0..100_000 {
            let reply: Option<String> = end.call("JunkServer.Handler2", &111i64);
            assert_eq!(reply.as_deref(), Some("handler2-111"), "wrong reply from Handler2");
        }
        ctx.print(&format!("{:?} for 100000", start.elapsed()));
    });
}

/// For a race detector: switches long delays while a call reads the setting.
#[test]
fn long_delay_race_2025() {
    tester::test("Test: long delays may be switched at any time", |_| {
        let (net, end) = JunkNet::standard();
        assert_eq!(end.call("JunkServer.Handler1", "9099"), Some(9099i64));
        net.network.set_long_delays(true);
        net.network.delete_server("server99");
        let (done_tx, done) = channel::unbounded();
        thread::spawn(move || {
            let reply: Option<i64> = end.call("JunkServer.Handler1", "9099");
            // The test may be over: this call takes up to 7 s to fail.
            let _ = done_tx.send(reply);
        });
        net.network.set_long_delays(true);
        let _ = done.recv_timeout(Duration::from_millis(200));
        net.network.set_long_delays(true);
    });
}
