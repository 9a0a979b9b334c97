//! Mistakes in the program panic in the caller, never elsewhere.
//!
//! A panic fails its run, so each test starts its own run.

use labrpc::{ClientEnd, Network, Server, Service};
use labrt::Failure;
use serde::{Deserialize, Deserializer, Serialize};
use tester::RunOptions;

/// A type that cannot decode its own bytes.
#[derive(Debug, Serialize)]
struct Unreadable(u8);

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|_| Self(0))
    }
}

/// Returns the failure of a run on a network with one end and one server.
fn failure(body: impl FnOnce(&Network, &ClientEnd) + Send + 'static) -> Failure {
    let run = labrt::run(&RunOptions::from_env().config, move || {
        let service = Service::new("Junk")
            .method("Length", |text: String| text.len() as u64)
            .method("Negate", |number: i64| -number)
            .method("Read", |_: Unreadable| 0u64)
            .method("Write", |_: u64| Unreadable(0))
            .method("Panic", |_: u64| -> u64 { panic!("a handler's panic") });
        let network = Network::new();
        let other = Service::new("Other").method("Nothing", |(): ()| ());
        network.add_server("s", Server::new().with_service(service).with_service(other));
        let end = network.make_end("e");
        network.connect("e", "s");
        network.enable("e", true);
        body(&network, &end);
    });
    run.result.expect_err("the run fails")
}

#[test]
fn unknown_service_panics() {
    let failure = failure(|_, end| assert_eq!(end.call("Raft.Length", "x"), None::<u64>));
    assert_eq!(
        failure.message,
        r#"call of Raft.Length: unknown service Raft; expecting one of ["Junk", "Other"]"#
    );
}

#[test]
fn unknown_method_panics() {
    let failure = failure(|_, end| assert_eq!(end.call("Junk.Lenght", "x"), None::<u64>));
    assert_eq!(
        failure.message,
        "call of Junk.Lenght: unknown method Lenght; \
         expecting one of [\"Length\", \"Negate\", \"Panic\", \"Read\", \"Write\"]"
    );
}

/// Even if the call would not reach a server.
#[test]
fn method_name_without_a_dot_panics() {
    let failure = failure(|network, end| {
        network.enable("e", false);
        assert_eq!(end.call("Length", "x"), None::<u64>);
    });
    assert_eq!(
        failure.message,
        r#"call of Length: invalid method name "Length": expected Service.Method"#
    );
}

/// The bytes of a u64 would decode as an i64.
#[test]
fn argument_of_another_type_panics() {
    let failure = failure(|_, end| assert_eq!(end.call("Junk.Negate", &1u64), Some(-1i64)));
    assert_eq!(
        failure.message,
        "call of Junk.Negate: a value of type u64 was sent where i64 is expected"
    );
}

#[test]
fn reply_of_another_type_panics() {
    let failure = failure(|_, end| assert_eq!(end.call("Junk.Negate", &1i64), Some(0u64)));
    assert_eq!(
        failure.message,
        "call of Junk.Negate: a value of type i64 was sent where u64 is expected"
    );
}

#[test]
fn undecodable_argument_panics() {
    let failure = failure(|_, end| assert_eq!(end.call("Junk.Read", &Unreadable(1)), Some(0u64)));
    let unreadable = std::any::type_name::<Unreadable>();
    assert_eq!(failure.message, format!("call of Junk.Read: 1 bytes are too few for {unreadable}"));
}

#[test]
fn undecodable_reply_panics() {
    let failure = failure(|_, end| {
        assert!(end.call::<_, Unreadable>("Junk.Write", &1u64).is_none());
    });
    let unreadable = std::any::type_name::<Unreadable>();
    assert_eq!(
        failure.message,
        format!("call of Junk.Write: 1 bytes are too few for {unreadable}")
    );
}

/// The run fails with the handler's panic, and its caller does not hang.
#[test]
fn panic_of_a_handler_ends_its_caller() {
    let failure = failure(|_, end| {
        let reply: Option<u64> = end.call("Junk.Panic", &1u64);
        panic!("a call whose handler panicked returned {reply:?}");
    });
    assert_eq!(failure.message, "a handler's panic");
}

#[test]
fn wiring_an_unknown_end_panics() {
    type Change = fn(&Network);
    let changes: [(Change, &str); 5] = [
        (|n| drop(n.make_end("e")), "the network already has an end named e"),
        (|n| n.delete_end("x"), "the network has no end named x"),
        (|n| n.connect("x", "s"), "the network has no end named x"),
        (|n| n.enable("x", true), "the network has no end named x"),
        (
            |n| {
                n.delete_end("e");
                n.delete_end("e");
            },
            "the network has no end named e",
        ),
    ];
    for (change, message) in changes {
        assert_eq!(failure(move |network, _| change(network)).message, message);
    }
}

#[test]
#[should_panic(expected = "the server already has a service named Junk")]
fn adding_a_service_twice_panics() {
    let _ = Server::new().with_service(Service::new("Junk")).with_service(Service::new("Junk"));
}

#[test]
#[should_panic(expected = "service Junk already has a method named Length")]
fn adding_a_method_twice_panics() {
    let service = Service::new("Junk").method("Length", |text: String| text.len() as u64);
    let _ = service.method("Length", |(): ()| ());
}
