//! Sockets whose peers crash, stall, or send malformed data.
//!
//! These tests run in real time, whatever `LAB_CLOCK` says. Every wait is for an
//! event, or for a limit of a fraction of a second that the test sets itself.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use labrpc::{ClientEnd, Server, Service};
use labrt::channel::{self, Receiver};
use labrt::thread;
use labrt::time::{Duration, Instant};
use socket2::Socket;

use super::*;
use crate::connect::connect;
use crate::frame::{Answer, Frame};
use crate::limits::Limits;

mod addresses;
mod load;
mod strangers;

/// A limit that is long enough for a busy machine, and that only a failing test
/// reaches.
const PATIENCE: Duration = Duration::from_secs(20);

/// Limits that are short enough for a test to wait for.
fn hasty() -> Options {
    Options { max_frame: 1000, silence: Duration::from_millis(200), ..Options::default() }
}

fn any_port() -> Address {
    "tcp:127.0.0.1:0".parse().expect("an address")
}

/// Serves at a free port. The channel receives why each connection ended.
fn serve(options: Options) -> (Serving, Receiver<String>) {
    serve_at(&any_port(), options)
}

fn serve_at(address: &Address, options: Options) -> (Serving, Receiver<String>) {
    serve_with(address, options, |_| {})
}

/// Serves with other limits.
fn serve_with(
    address: &Address,
    options: Options,
    limits: impl FnOnce(&mut Limits),
) -> (Serving, Receiver<String>) {
    let (ended, endings) = channel::unbounded();
    let (release, gate) = channel::unbounded();
    let listener = Listener::bind(address, options).expect("the address is free");
    let serving = listener.with_limits(limits).serve(move |peer| {
        let ended = ended.clone();
        peer.at_close(move |broken| ended.send(broken.to_string()).expect("the test listens"));
        let (release, gate) = (release.clone(), gate.clone());
        let service = Service::new("Echo")
            .method("Echo", |text: String| text)
            .method("Twice", |text: String| text.repeat(2))
            .method("Panic", |(): ()| -> u64 { panic!("on purpose") })
            .method("Wait", move |(): ()| gate.recv_timeout(PATIENCE).is_ok())
            .method("Release", move |(): ()| release.send(()).is_ok());
        Server::new().with_service(service)
    });
    (serving.expect("a thread"), endings)
}

fn echo(end: &ClientEnd, text: &str) -> Option<String> {
    end.call("Echo.Echo", text)
}

/// Returns a connection after its greeting, for tests that send their own bytes.
fn raw(address: &Address, options: &Options) -> Socket {
    let socket = connect(address, PATIENCE).expect("a server listens");
    handshake::greet_server(&socket, options).expect("a friend");
    socket
}

/// Returns the message of the panic of a call.
fn panic_of(call: impl FnOnce() + Send + 'static) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    *payload.expect_err("the call panics").downcast::<String>().expect("a text")
}

#[test]
fn a_waiting_call_does_not_block_others_on_its_connection() {
    let (serving, _endings) = serve(Options::default());
    let end = dial(serving.address(), Options::default()).expect("served");
    let waiting = end.clone();
    let waiter = thread::spawn(move || waiting.call::<_, bool>("Echo.Wait", &()));
    for number in 0..100 {
        let text = number.to_string();
        assert_eq!(echo(&end, &text), Some(text));
    }
    let large = "x".repeat(1 << 20);
    assert_eq!(echo(&end, &large).as_ref(), Some(&large));
    assert_eq!(end.call("Echo.Release", &()), Some(true));
    assert_eq!(waiter.join().expect("no panic"), Some(true));
}

#[test]
fn a_crashed_server_fails_calls_immediately_and_a_new_one_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = Address::Unix(folder.path().join("s"));
    let (serving, _endings) = serve_at(&address, Options::default());
    let end = dial(&address, Options::default()).expect("served");
    let waiting = end.clone();
    let waiter = thread::spawn(move || waiting.call::<_, bool>("Echo.Wait", &()));
    assert_eq!(echo(&end, "a"), Some("a".into()));
    let begin = Instant::now();
    drop(serving);
    assert_eq!(waiter.join().expect("no panic"), None);
    assert_eq!(echo(&end, "b"), None);
    assert!(begin.elapsed() < PATIENCE / 2, "the silence limit was waited for");
    let (_serving, _endings) = serve_at(&address, Options::default());
    assert_eq!(echo(&end, "c"), Some("c".into()));
}

#[test]
fn a_call_times_out_and_the_connection_stays() {
    let (serving, endings) = serve(Options::default());
    let options = Options { call_limit: Some(Duration::from_millis(50)), ..Options::default() };
    let end = dial(serving.address(), options).expect("served");
    assert_eq!(end.call::<_, bool>("Echo.Wait", &()), None);
    assert_eq!(end.call("Echo.Release", &()), Some(true));
    assert_eq!(echo(&end, "a"), Some("a".into()));
    assert!(endings.is_empty());
}

#[test]
fn close_waits_for_calls_in_flight() {
    let (serving, _endings) = serve(Options::default());
    let end = dial(serving.address(), Options::default()).expect("served");
    let other = end.clone();
    let waiter = thread::spawn(move || other.call::<_, bool>("Echo.Wait", &()));
    // The call is in flight when a later one has been answered.
    thread::sleep(Duration::from_millis(20));
    assert_eq!(echo(&end, "a"), Some("a".into()));
    let closer = thread::spawn(move || serving.close(PATIENCE));
    thread::sleep(Duration::from_millis(20));
    assert_eq!(end.call("Echo.Release", &()), Some(true));
    assert_eq!(waiter.join().expect("no panic"), Some(true));
    closer.join().expect("no panic");
}

#[test]
fn mistakes_panic_in_the_caller_and_a_panicking_handler_returns_none() {
    let (serving, _endings) = serve(Options::default());
    let end = dial(serving.address(), Options::default()).expect("served");
    assert_eq!(end.call::<_, u64>("Echo.Panic", &()), None);
    let unknown = end.clone();
    let text = panic_of(move || _ = unknown.call::<_, ()>("Echo.Sing", &()));
    assert!(text.contains("unknown method Sing; expecting one of [\"Echo\""), "{text}");
    let wrong = end.clone();
    let text = panic_of(move || _ = wrong.call::<_, String>("Echo.Echo", &7_u8));
    assert!(text.contains("too few for alloc::string::String"), "{text}");
    assert_eq!(echo(&end, "a"), Some("a".into()));
}

#[test]
fn a_message_over_the_limit_fails_only_its_call() {
    let (serving, endings) = serve(hasty());
    let end = dial(serving.address(), hasty()).expect("served");
    let long = end.clone();
    let text = panic_of(move || _ = echo(&long, &"x".repeat(2000)));
    assert!(text.contains("a request of 2028 bytes is longer than the limit of 1000"), "{text}");
    // The reply has no method name, and a few extra bytes.
    let doubled = end.clone();
    let text = panic_of(move || _ = doubled.call::<_, String>("Echo.Twice", &"x".repeat(600)));
    assert!(text.contains("a reply of 1217 bytes is longer than the limit of 1000"), "{text}");
    assert_eq!(echo(&end, "a"), Some("a".into()));
    assert!(endings.is_empty(), "the connection is the same");
}

#[test]
fn a_malformed_frame_ends_only_its_connection() {
    let (serving, endings) = serve(hasty());
    let good = dial(serving.address(), hasty()).expect("served");
    let ending = |bytes: &[u8]| {
        let mut socket = raw(serving.address(), &hasty());
        socket.write_all(bytes).expect("the connection is open");
        let ending = endings.recv_timeout(PATIENCE).expect("it ends");
        // The server also closes its side.
        assert_eq!(socket.read(&mut [0; 9]).unwrap_or(0), 0);
        ending
    };
    assert_eq!(ending(&[0xff; 4]), "a frame of 4294967295 bytes is longer than the limit of 1000");
    assert_eq!(ending(&[9, 0, 0, 0, 77, 0, 0, 0, 0, 0, 0, 0, 0]), "a frame was malformed");
    assert_eq!(ending(&[0, 0, 0, 0]), "a frame was malformed");
    assert_eq!(ending(&Frame::Pong.encode()), "a frame was malformed");
    assert_eq!(ending(&Frame::Ping.encode()[..7]), "no data arrived for 0.2 s");
    assert_eq!(echo(&good, "a"), Some("a".into()));
}

#[test]
fn a_close_in_the_middle_of_a_frame_differs_from_one_between_frames() {
    let (serving, endings) = serve(hasty());
    let frame = Frame::Ping.encode();
    for (sent, ending) in [
        (0, "the other side closed the connection"),
        (7, "the connection ended in the middle of a frame"),
    ] {
        let mut socket = raw(serving.address(), &hasty());
        socket.write_all(&frame[..sent]).expect("the connection is open");
        socket.shutdown(Shutdown::Write).expect("it is ours");
        assert_eq!(endings.recv_timeout(PATIENCE).as_deref(), Ok(ending));
    }
}

#[test]
fn random_bytes_do_not_stop_the_service() {
    let (serving, endings) = serve(hasty());
    let mut rng = labrt::Generator::from_seed(11);
    for round in 0..200 {
        let greeted = round % 2 == 0;
        let mut socket = if greeted {
            raw(serving.address(), &hasty())
        } else {
            connect(serving.address(), PATIENCE).expect("a server listens")
        };
        let bytes: Vec<u8> = (0..rng.below(200)).map(|_| rng.below(256) as u8).collect();
        // The server may close the connection before it has all bytes.
        let _ = socket.write_all(&bytes);
        drop(socket);
        if greeted {
            endings.recv_timeout(PATIENCE).expect("it ends");
        }
    }
    let end = dial(serving.address(), hasty()).expect("still served");
    assert_eq!(echo(&end, "a"), Some("a".into()));
}

#[test]
fn an_idle_connection_stays_and_a_silent_server_times_out() {
    let (serving, endings) = serve(hasty());
    let end = dial(serving.address(), hasty()).expect("served");
    thread::sleep(hasty().silence * 3);
    assert_eq!(echo(&end, "a"), Some("a".into()));
    assert!(endings.is_empty(), "the idle connection was kept by pings");

    let bound = bind::bind(&any_port(), &hasty()).expect("a free port");
    let address = bound.address;
    let server = thread::spawn(move || {
        let (socket, _) = bound.socket.accept().expect("a client");
        handshake::greet_client(&socket, &hasty(), || true).expect("a friend");
        socket
    });
    let end = dial(&address, hasty()).expect("greeted");
    let begin = Instant::now();
    assert_eq!(echo(&end, "a"), None);
    assert!(begin.elapsed() < PATIENCE);
    drop(server.join());
}

#[test]
fn a_unix_socket_is_private_and_removed_with_its_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let address = Address::Unix(path.clone());
    let (serving, _endings) = serve_at(&address, Options::default());
    let mode = fs::metadata(&path).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 1, "nothing else is left");
    let error = Listener::bind(&address, Options::default()).expect_err("taken");
    assert!(matches!(error, BindError::InUse(_)), "{error}");
    drop(serving);
    assert!(!path.exists());

    // A server that was killed leaves its file.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    assert!(path.exists());
    let (_serving, _endings) = serve_at(&address, Options::default());
    let end = dial(&address, Options::default()).expect("served");
    assert_eq!(echo(&end, "a"), Some("a".into()));

    let letter = folder.path().join("letter");
    fs::write(&letter, "dear").expect("a file");
    let error = Listener::bind(&Address::Unix(letter.clone()), Options::default());
    assert!(error.expect_err("not ours").to_string().ends_with("a file that is not a socket"));
    assert!(letter.exists());
}

#[test]
fn other_machines_need_the_token_and_a_wrong_one_is_refused() {
    let everywhere: Address = "tcp:0.0.0.0:0".parse().expect("an address");
    let error = Listener::bind(&everywhere, Options::default()).expect_err("open to all");
    assert!(matches!(error, BindError::NoToken(_)), "{error}");

    let with = |token: &str| Options { token: Some(token.into()), ..Options::default() };
    let listener = Listener::bind(&everywhere, with("sesame")).expect("a free port");
    let serving = listener.serve(|_| Server::new()).expect("a thread");
    let Address::Tcp(at) = serving.address() else { panic!("a TCP address") };
    let here: Address = format!("tcp:127.0.0.1:{}", at.port()).parse().expect("an address");
    dial(&here, with("sesame")).expect("the right token");
    for options in [with("sesam"), Options::default()] {
        let error = dial(&here, options).expect_err("another token").to_string();
        assert_eq!(error, format!("{here}: it has another token"));
    }
}

#[test]
fn a_server_of_another_protocol_is_reported() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = Address::Tcp(listener.local_addr().expect("an address"));
    let stranger = thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a client");
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("the client reads");
        socket
    });
    let error = dial(&address, Options::default()).expect_err("no server of ours").to_string();
    assert_eq!(error, format!("{address}: it speaks another protocol, or another version"));
    drop(stranger.join());
}

#[test]
fn dial_panics_in_a_simulation() {
    let run = labrt::run(&labrt::Config::default(), || {
        drop(dial(&Address::Unix("/nowhere".into()), Options::default()));
    });
    let failure = run.result.expect_err("refused");
    assert!(failure.message.starts_with("sockets wait in real time"), "{failure}");
}

/// A connection is freed, with its server, when both sides have closed it.
#[test]
fn a_closed_connection_is_freed() {
    let life = Arc::new(());
    let listener = Listener::bind(&any_port(), Options::default()).expect("a free port");
    let watched = Arc::downgrade(&life);
    let serving = listener.serve(move |_| {
        let life = Arc::clone(&life);
        Server::new().with_service(
            Service::new("Life").method("Count", move |(): ()| Arc::strong_count(&life) as u64),
        )
    });
    let serving = serving.expect("a thread");
    for _ in 0..3 {
        let end = dial(serving.address(), Options::default()).expect("served");
        assert!(end.call::<_, u64>("Life.Count", &()).is_some());
    }
    drop(serving);
    let begin = Instant::now();
    while watched.strong_count() > 0 {
        assert!(begin.elapsed() < PATIENCE, "something holds a server");
        thread::sleep(Duration::from_millis(1));
    }
}
