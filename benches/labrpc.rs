//! The cost of a call: microseconds per RPC, in real time.
//!
//! `course` is the benchmark of the course (an integer to a short string, one
//! client). `struct` sends a struct, `64KiB` sends bytes. `8x8` has eight
//! clients, each calling its own server. The network is reliable and has no
//! latency, so the benchmark measures the package itself: encoding, the
//! network, and the switch to the handler's thread and back.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use labrpc::{ClientEnd, Network, Server};
use labrt::time::{Duration, Instant};
use labrt::{Clock, Config, thread};
use serde::{Deserialize, Serialize};

/// A message like those of Raft.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    term: u64,
    leader: u64,
    key: String,
    data: Vec<u8>,
}

labrpc::service! {
    /// Returns its arguments.
    pub service Echo {
        /// The course's Handler2.
        fn handler_2(i64) -> String;
        /// Returns the message.
        fn message(Message) -> Message;
        /// Returns the bytes.
        fn bulk(bytes::Bytes) -> bytes::Bytes;
    }
}

struct Plain;

impl EchoService for Plain {
    fn handler_2(&self, args: i64) -> String {
        format!("handler2-{args}")
    }

    fn message(&self, args: Message) -> Message {
        args
    }

    fn bulk(&self, args: bytes::Bytes) -> bytes::Bytes {
        args
    }
}

/// Returns a client of a new server.
fn client(network: &Network, name: usize) -> EchoClient {
    network.add_server(name, Server::new().with_service(echo_service(Arc::new(Plain))));
    let end: ClientEnd = network.make_end(name);
    network.connect(name, name);
    network.enable(name, true);
    EchoClient::new(end)
}

/// Returns the real time of `calls` calls that several clients share.
fn concurrently(clients: &[EchoClient], calls: u64) -> Duration {
    let each = calls.div_ceil(clients.len() as u64);
    let start = Instant::now();
    let threads: Vec<_> = clients
        .iter()
        .map(|client| {
            let client = client.clone();
            thread::spawn(move || {
                for i in 0..each {
                    black_box(client.handler_2(&(i as i64)).expect("the network is reliable"));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("the client gets all replies");
    }
    start.elapsed().mul_f64(calls as f64 / (each * clients.len() as u64) as f64)
}

fn bench(criterion: &mut Criterion) {
    let network = Network::new();
    let clients: Vec<_> = (0..8).map(|name| client(&network, name)).collect();
    let one = &clients[0];
    let mut group = criterion.benchmark_group("rpc");
    group.throughput(Throughput::Elements(1));

    group.bench_function("course", |b| b.iter(|| one.handler_2(&111)));
    let small = Message { term: 7, leader: 2, key: "some key".into(), data: vec![1; 16] };
    group.bench_function("struct", |b| b.iter(|| one.message(&small)));
    group.bench_function("8x8", |b| b.iter_custom(|calls| concurrently(&clients, calls)));
    let bulk = bytes::Bytes::from(vec![1; 64 << 10]);
    group.bench_function("64KiB", |b| b.iter(|| one.bulk(&bulk)));
    group.finish();
    network.cleanup();
}

fn main() {
    let config = Config { clock: Clock::Real, ..Config::from_env().clone() };
    let run = labrt::run(&config, || {
        let mut criterion = Criterion::default().configure_from_args();
        bench(&mut criterion);
        criterion.final_summary();
    });
    if let Err(failure) = run.result {
        panic!("{failure}");
    }
}
