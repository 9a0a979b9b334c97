//! Clients that do not greet, and a system without resources: the service continues.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::*;

/// Returns whether the other side has closed the connection.
fn is_closed(socket: &Socket) -> bool {
    socket.set_read_timeout(Some(PATIENCE)).expect("it is ours");
    let mut hello = Vec::new();
    let mut socket = socket;
    socket.read_to_end(&mut hello).is_ok()
}

/// Returns whether the connection is open: no end follows the server's greeting.
fn is_open(socket: &Socket) -> bool {
    socket.set_read_timeout(Some(Duration::from_millis(30))).expect("it is ours");
    let mut socket = socket;
    socket.read_to_end(&mut Vec::new()).is_err()
}

fn stranger(serving: &Serving) -> Socket {
    connect(serving.address(), PATIENCE).expect("a server listens")
}

#[test]
fn a_lack_of_threads_ends_neither_the_listener_nor_a_call() {
    static REFUSE: AtomicBool = AtomicBool::new(false);
    let refuse = |limits: &mut Limits| {
        limits.spawn = |job| match REFUSE.load(SeqCst) {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => thread::try_go("test", job),
        }
    };
    let (serving, _endings) = serve_with(&any_port(), Options::default(), refuse);
    let end = dial(serving.address(), Options::default()).expect("served");
    REFUSE.store(true, SeqCst);
    for _ in 0..3 {
        assert!(is_closed(&stranger(&serving)));
    }
    // A call waits until there is a thread.
    let waiting = end.clone();
    let waiter = thread::spawn(move || echo(&waiting, "a"));
    thread::sleep(Duration::from_millis(50));
    REFUSE.store(false, SeqCst);
    assert_eq!(waiter.join().expect("no panic"), Some("a".into()));
    let other = dial(serving.address(), Options::default()).expect("served again");
    assert_eq!(echo(&other, "b"), Some("b".into()));
}

#[test]
fn a_call_that_gets_no_thread_ends_without_a_reply() {
    static REFUSE: AtomicBool = AtomicBool::new(false);
    let refuse = |limits: &mut Limits| {
        limits.spawn = |job| match REFUSE.load(SeqCst) {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => thread::try_go("test", job),
        }
    };
    let (serving, endings) = serve_with(&any_port(), hasty(), refuse);
    let end = dial(serving.address(), hasty()).expect("served");
    REFUSE.store(true, SeqCst);
    assert_eq!(echo(&end, "a"), None);
    REFUSE.store(false, SeqCst);
    assert_eq!(echo(&end, "b"), Some("b".into()));
    assert!(endings.is_empty(), "the connection stays");
}

#[test]
fn the_greeting_has_one_deadline() {
    let options = Options { greeting_limit: Duration::from_millis(300), ..Options::default() };
    let (serving, _endings) = serve(options);
    let mut slow = stranger(&serving);
    slow.set_read_timeout(Some(Duration::from_millis(100))).expect("it is ours");
    let mut hello = [0; 40];
    slow.read_exact(&mut hello).expect("the server greets first");
    // A byte at a time, each well within the limit. A whole greeting would take 7 s.
    let begin = Instant::now();
    let mut greeting = b"labrpc/2".iter().chain(&[0; 64]);
    while slow.read(&mut hello).is_err() {
        let byte = greeting.next().expect("the connection ends before the greeting");
        // The server may have closed the connection already.
        let _ = slow.write_all(&[*byte]);
    }
    let time = begin.elapsed();
    assert!(time < Duration::from_secs(3), "the connection lived for {time:?}");
}

#[test]
fn a_server_that_does_not_greet_times_out() {
    let bound = bind::bind(&any_port(), &hasty()).expect("a free port");
    let options = Options { greeting_limit: Duration::from_millis(50), ..Options::default() };
    let address = &bound.address;
    let error = dial(address, options).expect_err("no greeting").to_string();
    assert_eq!(error, format!("{address}: it does not greet in time"));
}

#[test]
fn the_oldest_pending_connection_is_closed_for_a_new_one() {
    let (serving, _endings) =
        serve_with(&any_port(), Options::default(), |limits| limits.pending = 4);
    let strangers: Vec<Socket> = (0..4).map(|_| stranger(&serving)).collect();
    let end = dial(serving.address(), Options::default()).expect("there is room");
    assert_eq!(echo(&end, "a"), Some("a".into()));
    assert!(is_closed(&strangers[0]));
    assert!(strangers[1..].iter().all(is_open));
    // Many times the limit.
    let flood: Vec<Socket> = (0..200).map(|_| stranger(&serving)).collect();
    let end = dial(serving.address(), Options::default()).expect("there is room");
    assert_eq!(echo(&end, "b"), Some("b".into()));
    drop(flood);
}

#[test]
fn a_full_service_refuses_clients() {
    let (serving, _endings) =
        serve_with(&any_port(), Options::default(), |limits| limits.connections = 2);
    let first = dial(serving.address(), Options::default()).expect("there is room");
    let _second = dial(serving.address(), Options::default()).expect("there is room");
    let error = dial(serving.address(), Options::default()).expect_err("it is full");
    let text = format!("{}: it has reached its connection limit", serving.address());
    assert_eq!(error.to_string(), text);
    drop(first);
    let begin = Instant::now();
    while dial(serving.address(), Options::default()).is_err() {
        assert!(begin.elapsed() < PATIENCE, "the place of the first stays taken");
    }
}

#[test]
fn every_byte_of_a_token_counts() {
    let tokens = [None, Some(""), Some("\0"), Some("a"), Some("a\0"), Some("a\0\0"), Some("b")];
    let with = |token: Option<&str>| Options { token: token.map(str::to_owned), ..hasty() };
    for token in tokens {
        let (serving, _endings) = serve(with(token));
        for other in tokens {
            let dialled = dial(serving.address(), with(other));
            assert_eq!(dialled.is_ok(), token == other, "{token:?} {other:?}");
        }
    }
}
