//! Facade under construction: real clock only, final signatures.
#![allow(missing_docs)]
use std::fmt;
pub mod sync { pub use parking_lot::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, WaitTimeoutResult}; }
pub mod channel {
    pub use crossbeam_channel::{after, bounded, never, tick, unbounded, Receiver, Sender};
    pub use crossbeam_channel::{RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError};
}
pub use crossbeam_channel::select;
pub mod thread {
    pub use std::thread::{sleep, spawn, yield_now, Builder, JoinHandle};
    /// Detached job: a simulated thread, or a cached thread of the run's elastic pool.
    #[track_caller]
    pub fn go(name: impl Into<String>, f: impl FnOnce() + Send + 'static) { let _ = name.into(); std::thread::spawn(f); }
    pub struct Exit;
    /// Ends the calling thread by a quiet unwind that is no failure.
    pub fn exit() -> ! { std::panic::resume_unwind(Box::new(Exit)) }
}
pub mod time {
    pub use std::time::Duration;
    /// Nanoseconds since the start of the simulation (virtual) or of the process (real).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct Instant(u64);
    impl Instant {
        pub fn now() -> Self { static B: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new(); Instant(B.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64) }
        pub fn elapsed(self) -> Duration { Self::now() - self }
        /// Saturating, like std's.
        pub fn duration_since(self, earlier: Self) -> Duration { self - earlier }
    }
    impl std::ops::Sub for Instant { type Output = Duration; fn sub(self, o: Self) -> Duration { Duration::from_nanos(self.0.saturating_sub(o.0)) } }
    impl std::ops::Add<Duration> for Instant { type Output = Self; fn add(self, d: Duration) -> Self { Instant(self.0 + d.as_nanos() as u64) } }
    impl std::ops::AddAssign<Duration> for Instant { fn add_assign(&mut self, d: Duration) { *self = *self + d } }
}
pub mod collections { pub use std::collections::{HashMap, HashSet}; }
pub mod storage {
    use bytes::Bytes;
    /// What survives a crash of one server: Raft state and snapshot, saved together atomically.
    #[derive(Debug, Default)]
    pub struct Persister(parking_lot::Mutex<(Bytes, Bytes)>);
    impl Persister {
        pub fn new() -> Self { Self::default() }
        pub fn save(&self, raft_state: impl Into<Bytes>, snapshot: impl Into<Bytes>) { *self.0.lock() = (raft_state.into(), snapshot.into()); }
        pub fn raft_state(&self) -> Bytes { self.0.lock().0.clone() }
        pub fn snapshot(&self) -> Bytes { self.0.lock().1.clone() }
        pub fn raft_state_size(&self) -> usize { self.0.lock().0.len() }
        pub fn snapshot_size(&self) -> usize { self.0.lock().1.len() }
        /// A new persister with the same contents; later saves to either do not reach the other.
        pub fn copy(&self) -> Self { Persister(parking_lot::Mutex::new(self.0.lock().clone())) }
    }
}
/// A stream of random numbers (xoshiro256++).
#[derive(Clone, Debug)]
pub struct Generator(u64);
impl Generator {
    pub fn from_seed(seed: u64) -> Self { Generator(seed) }
    pub fn next_u64(&mut self) -> u64 { self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15); let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9); let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB); z ^ (z >> 31) }
    /// Uniform in 0..n; panics when n is 0.
    pub fn below(&mut self, n: u64) -> u64 { assert!(n > 0); ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64 }
    /// Uniform in low..=high, both ends included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 { low + self.below(high - low + 1) }
    /// True `times` times `out_of`.
    pub fn chance(&mut self, times: u64, out_of: u64) -> bool { self.below(out_of) < times }
    pub fn shuffle<T>(&mut self, items: &mut [T]) { for i in (1..items.len()).rev() { items.swap(i, self.below(i as u64 + 1) as usize); } }
}
/// Handle on the running simulation's (or run's) user stream: same methods as Generator.
pub fn rng() -> Generator { static N: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(7); Generator(N.fetch_add(0x1234_5678_9abc_def1, std::sync::atomic::Ordering::Relaxed)) }
/// A generator of its own for one request, derived from the network stream with one draw.
pub fn network_rng() -> Generator { rng() }
/// Which clock the calling thread runs under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock { Virtual, Real }
pub fn clock() -> Clock { Clock::Real }
pub mod trace {
    /// Records an event of effect-free tracing. `kind` is a static name such as "send"; the three numbers are hashed, `text` is only evaluated when somebody reads the trace.
    #[inline]
    pub fn event(_kind: &'static str, _numbers: [u64; 3]) {}
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine { Coro, Os }
#[derive(Clone, Debug)]
pub struct Config {
    pub clock: Clock,
    pub seed: u64,
    pub runs: u64,
    pub engine: Engine,
    pub check: bool,
    pub limit: time::Duration,
    pub preempt: u32,
    pub watchdog: time::Duration,
    pub backtrace: bool,
    pub report: Option<std::path::PathBuf>,
    pub verbose: u8,
}
impl Config {
    /// The environment's choice, read once per process; a malformed or unknown variable ends the process with one line and status 2.
    pub fn from_env() -> &'static Config { static C: std::sync::OnceLock<Config> = std::sync::OnceLock::new(); C.get_or_init(|| Config { clock: Clock::Real, seed: 1, runs: 1, engine: Engine::Coro, check: false, limit: time::Duration::from_secs(600), preempt: 4, watchdog: time::Duration::from_secs(10), backtrace: false, report: None, verbose: 0 }) }
    /// `LAB_SEED=0x1 LAB_PREEMPT=0`: the seed and every other value of this configuration that differs from its default (LAB_RUNS, LAB_CHECK, LAB_REPORT left out).
    pub fn replay_vars(&self) -> String { format!("LAB_SEED={:#x}", self.seed) }
}
/// Why a run failed: a panic of any of its threads, or a report (deadlock, limit, ...).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure { pub message: String, pub place: Option<String>, pub thread: String, pub time: time::Duration }
impl fmt::Display for Failure { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.message) } }
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats { pub lab_time: time::Duration, pub cpu: time::Duration, pub hash: u64, pub events: u64, pub decisions: u64, pub operations: u64, pub spawns: u64, pub peak_threads: usize }
#[derive(Debug)]
pub struct Run<R> { pub result: Result<R, Failure>, pub stats: Stats }
/// Runs `body` to its end under the configured clock. A panic in any labrt thread of the run is a failure.
pub fn run<R: Send + 'static>(_config: &Config, body: impl FnOnce() -> R + Send + 'static) -> Run<R> {
    let t = std::time::Instant::now();
    let r = std::thread::spawn(body).join().map_err(|e| Failure { message: e.downcast_ref::<String>().cloned().or(e.downcast_ref::<&str>().map(|s| s.to_string())).unwrap_or_default(), place: None, thread: "main".into(), time: t.elapsed() });
    Run { result: r, stats: Stats { lab_time: t.elapsed(), ..Stats::default() } }
}
