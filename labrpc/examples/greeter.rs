//! A service, a server and a client on a network that loses messages.
//!
//! ```console
//! $ cargo run -p labrpc --example greeter
//! ```
#![allow(clippy::disallowed_macros, reason = "an example prints")]

use std::sync::Arc;

use labrpc::{Network, Server};

labrpc::service! {
    /// Greets people.
    pub(crate) service Greeter {
        /// Returns a greeting for a name.
        fn hello(String) -> String;
    }
}

/// The server's state: the greeting that it uses.
struct Greeter(&'static str);

impl GreeterService for Greeter {
    fn hello(&self, name: String) -> String {
        format!("{}, {name}!", self.0)
    }
}

/// Calls the server until a reply arrives. Returns it with the number of calls.
fn greet() -> (String, u32) {
    let network = Network::new();
    let service = greeter_service(Arc::new(Greeter("Hello")));
    network.add_server("server", Server::new().with_service(service));

    let end = network.make_end("client");
    network.connect("client", "server");
    network.enable("client", true);
    network.set_reliable(false);

    let client = GreeterClient::new(end);
    let mut calls = 1;
    loop {
        // `None`: the network lost the request or the reply. Try again.
        match client.hello(&"world".to_owned()) {
            Some(greeting) => return (greeting, calls),
            None => calls += 1,
        }
    }
}

/// Runs [`greet`] in virtual time. Each seed loses other messages.
pub(crate) fn greet_with_seed(seed: u64) -> (String, u32) {
    let config = labrt::Config { seed, ..labrt::Config::default() };
    labrt::run(&config, greet).result.expect("the server stays up")
}

pub(crate) fn main() {
    for seed in 1..=30 {
        let (greeting, calls) = greet_with_seed(seed);
        println!("seed {seed}: {greeting} ({calls} calls)");
    }
}
