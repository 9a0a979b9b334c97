//! The service macro: the code that it generates, and its calls on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use labrpc::{ClientEnd, Network, Server};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PutArgs {
    key: String,
    value: String,
}

labrpc::service! {
    /// A service whose name on the wire differs from its name in Rust.
    service KvServer = "KVServer" {
        /// Returns the value of a key.
        fn get(String) -> Option<String>;
        /// Sets a key, and returns how many have been set so far.
        fn put_one(PutArgs) -> u64;
    }
}

labrpc::service! {
    service Ping {
        fn ping(()) -> ();
    }
}

/// Implements both services. The macro must not call its inherent `get` in
/// place of the service's.
#[derive(Default)]
struct Both {
    puts: AtomicU64,
}

impl Both {
    fn get(&self) -> u64 {
        self.puts.load(Relaxed)
    }
}

impl KvServerService for Both {
    fn get(&self, key: String) -> Option<String> {
        (key != "missing").then(|| format!("value of {key}"))
    }

    fn put_one(&self, args: PutArgs) -> u64 {
        assert_eq!(args.key, "k");
        self.puts.fetch_add(1, Relaxed) + 1
    }
}

impl PingService for Both {
    fn ping(&self, (): ()) {}
}

/// Returns a network with one server of both services, and an end to it.
fn wired() -> (Network, ClientEnd, Arc<Both>) {
    let both = Arc::new(Both::default());
    let server = Server::new()
        .with_service(kv_server_service(Arc::clone(&both)))
        .with_service(ping_service(Arc::clone(&both)));
    let network = Network::new();
    network.add_server(0, server);
    let end = network.make_end("e");
    network.connect("e", 0);
    network.enable("e", true);
    (network, end, both)
}

#[test]
fn typed_client_reaches_its_service() {
    tester::test("Test: typed client", |_| {
        let (_network, end, both) = wired();
        let client = KvServerClient::new(end);
        let put = PutArgs { key: "k".into(), value: "v".into() };
        assert_eq!(client.put_one(&put), Some(1));
        assert_eq!(client.put_one(&put), Some(2));
        assert_eq!(client.get(&"k".into()), Some(Some("value of k".into())));
        assert_eq!(client.get(&"missing".into()), Some(None));
        assert_eq!(both.get(), 2);
    });
}

#[test]
fn service_can_choose_its_wire_name() {
    tester::test("Test: wire names", |_| {
        let (_network, end, both) = wired();
        assert_eq!(kv_server_service(Arc::clone(&both)).name(), "KVServer");
        assert_eq!(ping_service(both).name(), "Ping");
        let put = PutArgs { key: "k".into(), value: "v".into() };
        assert_eq!(end.call("KVServer.PutOne", &put), Some(1u64));
        assert_eq!(end.call("Ping.Ping", &()), Some(()));
    });
}

#[test]
fn two_services_share_a_server() {
    tester::test("Test: two services on one server", |_| {
        let (network, end, _both) = wired();
        assert_eq!(PingClient::new(end.clone()).ping(&()), Some(()));
        assert_eq!(KvServerClient::new(end).get(&"k".into()), Some(Some("value of k".into())));
        assert_eq!(network.count(0), Some(2));
        // A unit value has no bytes, a string has 8 for its length, and an
        // Option has one more.
        assert_eq!(network.total_bytes(), (8 + 1) + (1 + 8 + "value of k".len() as u64));
    });
}
