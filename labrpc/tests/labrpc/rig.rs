//! The tools of the fidelity tests: a server that sleeps on demand, timed
//! calls, and tolerances.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use labrpc::{ClientEnd, Latency, Network, Server, Service};
use labrt::time::{Duration, Instant};
use labrt::{Clock, thread};

/// How far a share or a mean may be off, in standard deviations.
pub(crate) const SIGMAS: f64 = 5.0;

/// Bytes of an argument, and of a reply.
pub(crate) const BYTES: u64 = 8;

/// What the caller observes of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observed {
    pub(crate) answered: bool,
    pub(crate) after: Duration,
}

/// A network without latency, and a server that sleeps on demand.
pub(crate) struct Rig {
    pub(crate) network: Network,
    pub(crate) end: ClientEnd,
    pub(crate) handlers: Arc<Handlers>,
}

/// The number of handlers that started, and of those that returned.
#[derive(Default)]
pub(crate) struct Handlers {
    pub(crate) begun: AtomicU64,
    pub(crate) ended: AtomicU64,
}

impl Handlers {
    fn sleep(&self, millis: u64) -> u64 {
        self.begun.fetch_add(1, Relaxed);
        if millis > 0 {
            thread::sleep(ms(millis));
        }
        self.ended.fetch_add(1, Relaxed);
        millis
    }

    /// Returns a server with one handler, which sleeps for the number of ms in
    /// its argument.
    pub(crate) fn server(self: &Arc<Self>) -> Server {
        let handlers = Arc::clone(self);
        let service = Service::new("Clock").method("Sleep", move |t: u64| handlers.sleep(t));
        Server::new().with_service(service)
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        let network = Network::new();
        network.set_latency(Latency::NONE);
        let handlers = Arc::new(Handlers::default());
        network.add_server("server", handlers.server());
        let end = network.make_end("end");
        network.connect("end", "server");
        network.enable("end", true);
        Self { network, end, handlers }
    }

    /// Calls a handler that sleeps for `sleep` ms.
    pub(crate) fn call(&self, sleep: u64) -> Observed {
        call(&self.end, sleep)
    }

    /// Calls a fast handler from `callers` threads at the same time, `each`
    /// times in a row.
    pub(crate) fn calls(&self, callers: usize, each: usize) -> Vec<Observed> {
        let callers: Vec<_> = (0..callers)
            .map(|_| {
                let end = self.end.clone();
                thread::spawn(move || (0..each).map(|_| call(&end, 0)).collect::<Vec<_>>())
            })
            .collect();
        callers.into_iter().flat_map(|c| c.join().expect("the caller returns")).collect()
    }

    /// Calls a handler that sleeps for `sleep` ms, and disturbs the network at
    /// 50 ms.
    pub(crate) fn call_disturbed(&self, sleep: u64, disturb: impl FnOnce(&Network)) -> Observed {
        let end = self.end.clone();
        let caller = thread::spawn(move || call(&end, sleep));
        thread::sleep(ms(50));
        disturb(&self.network);
        caller.join().expect("the caller returns")
    }

    /// Asserts that handlers return even if no caller waits for them.
    pub(crate) fn assert_handlers_end(&self, count: u64) {
        thread::sleep(ms(500));
        assert_eq!(self.handlers.begun.load(Relaxed), count);
        assert_eq!(self.handlers.ended.load(Relaxed), count);
    }

    /// Asserts the network's counters after these calls.
    pub(crate) fn assert_counted(&self, calls: &[Observed]) {
        let (calls, answers) = (calls.len() as u64, answered(calls) as u64);
        assert_eq!(self.network.total_count(), calls);
        assert_eq!(self.network.total_bytes(), BYTES * (calls + answers));
    }

    pub(crate) fn server_count(&self) -> u64 {
        self.network.count("server").expect("the server is there")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.network.cleanup();
    }
}

pub(crate) fn call(end: &ClientEnd, sleep: u64) -> Observed {
    let start = Instant::now();
    let reply: Option<u64> = end.call("Clock.Sleep", &sleep);
    assert!(reply.is_none_or(|r| r == sleep), "the reply belongs to another call");
    Observed { answered: reply.is_some(), after: start.elapsed() }
}

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Returns how much later than planned a call may return. In virtual time this
/// is the cost of all threads' operations, in real time the scheduling of
/// hundreds of threads on a busy machine.
pub(crate) fn slack() -> Duration {
    match labrt::clock() {
        Clock::Virtual => ms(6),
        Clock::Real => ms(250),
    }
}

/// Returns the same for the mean over many calls.
pub(crate) fn mean_slack() -> Duration {
    match labrt::clock() {
        Clock::Virtual => ms(6),
        Clock::Real => ms(15),
    }
}

/// Returns a number of callers that suits the clock, and the calls of each:
/// 4000 calls in all.
pub(crate) fn crowd() -> (usize, usize) {
    match labrt::clock() {
        Clock::Virtual => (500, 8),
        Clock::Real => (200, 20),
    }
}

pub(crate) fn answered(calls: &[Observed]) -> usize {
    calls.iter().filter(|seen| seen.answered).count()
}

/// Asserts that a share is within five standard deviations of `wanted`.
#[track_caller]
pub(crate) fn assert_share(hits: u64, of: u64, wanted: f64) {
    let sigma = (wanted * (1.0 - wanted) / of as f64).sqrt();
    let share = hits as f64 / of as f64;
    assert!(
        (share - wanted).abs() <= SIGMAS * sigma,
        "share={share:.4} wanted={wanted:.4} of={of}"
    );
}

/// Asserts that delays are uniform in `0..=high` ms: their range, and a mean
/// within five standard deviations.
#[track_caller]
pub(crate) fn assert_uniform(calls: &[Observed], high: u64) {
    let longest = calls.iter().map(|seen| seen.after).max().expect("there are calls");
    assert!(longest <= ms(high) + slack(), "longest={longest:?} high={high}");
    let mean = calls.iter().map(|seen| seen.after.as_secs_f64()).sum::<f64>() / calls.len() as f64;
    let (wanted, high) = (high as f64 / 2000.0, high as f64 / 1000.0);
    let tolerance = SIGMAS * high / (12.0 * calls.len() as f64).sqrt();
    assert!(mean >= wanted - tolerance, "mean={mean:.4} wanted={wanted:.4}±{tolerance:.4}");
    let late = mean_slack().as_secs_f64();
    assert!(mean <= wanted + tolerance + late, "mean={mean:.4} wanted={wanted:.4}±{tolerance:.4}");
}

/// Asserts that a call returned after `after` ms: not earlier, and not much
/// later.
#[track_caller]
pub(crate) fn assert_seen(seen: Observed, answered: bool, after: u64) {
    let in_time = seen.after >= ms(after) && seen.after <= ms(after) + slack();
    assert!(seen.answered == answered && in_time, "{seen:?}, wanted {answered} after {after} ms");
}
