//! The settings of a run: clock, seed, engine and limits.

use std::time::Duration;

/// The clock of a run or of the calling thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The seeded simulator: virtual time, one simulated thread at a time.
    Virtual,
    /// Operating-system threads and the real clock.
    Real,
}

/// The way in which a virtual run executes its simulated threads. Both engines
/// give the same schedule, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Stackful coroutines on one operating-system thread: fast.
    Coro,
    /// One operating-system thread per simulated thread, of which one runs at a
    /// time: slower, but a debugger shows every thread.
    Os,
}

/// The settings of a run. [`Config::from_env`] reads them from the `LAB_*`
/// variables; [`Config::default`] returns the settings for an empty
/// environment, with seed 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `LAB_CLOCK`: the clock.
    pub clock: Clock,
    /// `LAB_SEED`: decides the schedule and every random number of a virtual
    /// run.
    pub seed: u64,
    /// `LAB_ENGINE`: the engine of a virtual run.
    pub engine: Engine,
    /// `LAB_LIMIT`: virtual time after which a run fails.
    pub limit: Duration,
    /// `LAB_PREEMPT`: preempt at one in this many locks and sends, on average;
    /// 0 disables preemption.
    pub preempt: u32,
    /// `LAB_WATCHDOG`: CPU time that a simulated thread may use between two
    /// operations before it is reported as stuck.
    pub watchdog: Duration,
    /// `LAB_BACKTRACE`: whether reports carry the backtrace of every thread.
    pub backtrace: bool,
    /// Whether to keep all events of the trace and return them in
    /// [`Run::events`](crate::Run::events). Needs memory in proportion to the
    /// length of the run.
    pub keep_events: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            clock: Clock::Virtual,
            seed: 0,
            engine: Engine::Coro,
            limit: Duration::from_secs(600),
            preempt: 4,
            watchdog: Duration::from_secs(10),
            backtrace: false,
            keep_events: false,
        }
    }
}

impl Config {
    /// Returns the variables that replay this run, such as
    /// `LAB_SEED=0x2a LAB_PREEMPT=0`: the seed and each setting that differs
    /// from its default and can change what happens in the run.
    pub fn replay_vars(&self) -> String {
        let default = Config::default();
        let mut vars = format!("LAB_SEED={:#x}", self.seed);
        let mut add = |name: &str, value: String| vars.push_str(&format!(" {name}={value}"));
        if self.clock != default.clock {
            add("LAB_CLOCK", "real".into());
        }
        if self.engine != default.engine {
            add("LAB_ENGINE", "os".into());
        }
        if self.limit != default.limit {
            add("LAB_LIMIT", self.limit.as_secs_f64().to_string());
        }
        if self.preempt != default.preempt {
            add("LAB_PREEMPT", self.preempt.to_string());
        }
        if self.watchdog != default.watchdog {
            add("LAB_WATCHDOG", self.watchdog.as_secs_f64().to_string());
        }
        if self.backtrace {
            add("LAB_BACKTRACE", "1".into());
        }
        vars
    }
}
