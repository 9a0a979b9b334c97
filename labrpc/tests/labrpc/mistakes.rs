//! Mistakes in the program: told by a panic in the caller, never elsewhere.
//!
//! A panic fails the run it is in, so each of these is a run of its own.

use labrpc::{ClientEnd, Network, Server, Service};
use labrt::Failure;
use serde::{Deserialize, Deserializer, Serialize};
use tester::RunOptions;

/// A value whose bytes it does not accept itself.
#[derive(Debug, Serialize)]
struct Unreadable(u8);

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|_| Self(0))
    }
}

/// How a run ends whose only end leads to a small server.
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
    run.result.expect_err("a run that fails")
}

#[test]
fn an_unknown_service() {
    let failure = failure(|_, end| assert_eq!(end.call("Raft.Length", "x"), None::<u64>));
    assert_eq!(
        failure.message,
        r#"call of Raft.Length: unknown service Raft; expecting one of ["Junk", "Other"]"#
    );
}

#[test]
fn an_unknown_method() {
    let failure = failure(|_, end| assert_eq!(end.call("Junk.Lenght", "x"), None::<u64>));
    assert_eq!(
        failure.message,
        "call of Junk.Lenght: unknown method Lenght; \
         expecting one of [\"Length\", \"Negate\", \"Panic\", \"Read\", \"Write\"]"
    );
}

/// Also where no server would ever see the call.
#[test]
fn a_name_without_a_dot() {
    let failure = failure(|network, end| {
        network.enable("e", false);
        assert_eq!(end.call("Length", "x"), None::<u64>);
    });
    assert_eq!(
        failure.message,
        r#"call of Length: "Length" is no method name: expected Service.Method"#
    );
}

/// The bytes of a u64 would decode as an i64.
#[test]
fn an_argument_of_another_type() {
    let failure = failure(|_, end| assert_eq!(end.call("Junk.Negate", &1u64), Some(-1i64)));
    assert_eq!(
        failure.message,
        "call of Junk.Negate: a value of type u64 was sent where i64 is expected"
    );
}

#[test]
fn a_reply_of_another_type() {
    let failure = failure(|_, end| assert_eq!(end.call("Junk.Negate", &1i64), Some(0u64)));
    assert_eq!(
        failure.message,
        "call of Junk.Negate: a value of type i64 was sent where u64 is expected"
    );
}

#[test]
fn an_undecodable_argument() {
    let failure = failure(|_, end| assert_eq!(end.call("Junk.Read", &Unreadable(1)), Some(0u64)));
    let unreadable = std::any::type_name::<Unreadable>();
    assert_eq!(failure.message, format!("call of Junk.Read: 1 bytes are too few for {unreadable}"));
}

#[test]
fn an_undecodable_reply() {
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
fn a_handler_that_panics() {
    let failure = failure(|_, end| {
        let reply: Option<u64> = end.call("Junk.Panic", &1u64);
        panic!("a call whose handler panicked returned {reply:?}");
    });
    assert_eq!(failure.message, "a handler's panic");
}

#[test]
fn names_are_checked_when_the_wiring_changes() {
    type Change = fn(&Network);
    let changes: [(Change, &str); 5] = [
        (|n| drop(n.make_end("e")), "the network has an end e already"),
        (|n| n.delete_end("x"), "the network has no end x"),
        (|n| n.connect("x", "s"), "the network has no end x"),
        (|n| n.enable("x", true), "the network has no end x"),
        (
            |n| {
                n.delete_end("e");
                n.delete_end("e");
            },
            "the network has no end e",
        ),
    ];
    for (change, message) in changes {
        assert_eq!(failure(move |network, _| change(network)).message, message);
    }
}

#[test]
#[should_panic(expected = "a server has two services Junk")]
fn a_service_twice_on_a_server() {
    let _ = Server::new().with_service(Service::new("Junk")).with_service(Service::new("Junk"));
}

#[test]
#[should_panic(expected = "service Junk has two methods Length")]
fn a_method_twice_in_a_service() {
    let service = Service::new("Junk").method("Length", |text: String| text.len() as u64);
    let _ = service.method("Length", |(): ()| ());
}
