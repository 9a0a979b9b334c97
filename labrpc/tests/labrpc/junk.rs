//! The course's JunkServer, and the wiring that most tests use.

use std::sync::Arc;

use labrpc::{ClientEnd, Latency, Network, Server, Service};
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Duration;
use serde::{Deserialize, Serialize};

/// A struct argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JunkArgs {
    pub(crate) x: i64,
}

/// A struct reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JunkReply {
    pub(crate) x: String,
}

/// The arguments that handlers received.
#[derive(Default)]
pub(crate) struct Logs {
    /// The arguments of Handler1.
    pub(crate) log1: Vec<String>,
    /// The arguments of Handler2.
    pub(crate) log2: Vec<i64>,
}

/// A server with seven simple handlers.
#[derive(Default)]
pub(crate) struct JunkServer {
    /// Handlers 1, 2, 3, 6 and 7 lock it while they run.
    pub(crate) logs: Mutex<Logs>,
}

impl JunkServer {
    fn handler_1(&self, args: String) -> i64 {
        let number = args.parse().expect("the argument is a decimal number");
        self.logs.lock().log1.push(args);
        number
    }

    fn handler_2(&self, args: i64) -> String {
        self.logs.lock().log2.push(args);
        format!("handler2-{args}")
    }

    fn handler_3(&self, args: i64) -> i64 {
        let _held = self.logs.lock();
        thread::sleep(Duration::from_secs(20));
        -args
    }

    fn handler_6(&self, args: String) -> i64 {
        let _held = self.logs.lock();
        args.len() as i64
    }

    fn handler_7(&self, args: i64) -> String {
        let _held = self.logs.lock();
        "y".repeat(args as usize)
    }

    /// Returns the server's handlers as a service.
    pub(crate) fn service(self: Arc<Self>) -> Service {
        let [s1, s2, s3, s6, s7] = std::array::from_fn(|_| Arc::clone(&self));
        Service::new("JunkServer")
            .method("Handler1", move |args: String| s1.handler_1(args))
            .method("Handler2", move |args: i64| s2.handler_2(args))
            .method("Handler3", move |args: i64| s3.handler_3(args))
            .method("Handler4", |_: JunkArgs| JunkReply { x: "pointer".into() })
            .method("Handler5", |_: JunkArgs| JunkReply { x: "no pointer".into() })
            .method("Handler6", move |args: String| s6.handler_6(args))
            .method("Handler7", move |args: i64| s7.handler_7(args))
    }
}

/// A network with one JunkServer, which cleans up when it is dropped.
pub(crate) struct JunkNet {
    pub(crate) network: Network,
    pub(crate) junk: Arc<JunkServer>,
}

impl JunkNet {
    /// Creates a network whose only server has this name.
    pub(crate) fn new(server: impl Into<labrpc::Name>) -> Self {
        let network = Network::new();
        let junk = Arc::new(JunkServer::default());
        network.add_server(server, Server::new().with_service(Arc::clone(&junk).service()));
        Self { network, junk }
    }

    /// Creates the course's usual wiring: `end1-99`, enabled, to `server99`.
    pub(crate) fn standard() -> (Self, ClientEnd) {
        let net = Self::new("server99");
        let end = net.end("end1-99", "server99");
        (net, end)
    }

    /// Creates an enabled end to a server.
    pub(crate) fn end(&self, name: &str, server: impl Into<labrpc::Name>) -> ClientEnd {
        let end = self.network.make_end(name);
        self.network.connect(name, server);
        self.network.enable(name, true);
        end
    }
}

impl Drop for JunkNet {
    fn drop(&mut self) {
        self.network.cleanup();
    }
}

/// Returns the latency of tests that make very many calls one after another.
pub(crate) fn short_latency() -> Latency {
    match labrt::clock() {
        labrt::Clock::Virtual => {
            Latency::round_trip(Duration::from_micros(100), Duration::from_micros(300))
        }
        labrt::Clock::Real => Latency::NONE,
    }
}
