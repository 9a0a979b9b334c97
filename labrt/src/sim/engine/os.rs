//! The OS-thread engine: every simulated thread has its own operating-system
//! thread, and the one that holds the baton runs. Far slower than coroutines,
//! but a debugger shows every stack, and no assembly is involved.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread::{self, Thread};

use parking_lot::Mutex;

use super::{Command, Job, Next, Sim, Slot, ThreadEngine, enter, thread_body};

/// Stack size of an OS thread that runs simulated threads.
const STACK_SIZE: usize = 1024 * 1024;

/// Where a thread waits for the baton.
struct Baton {
    handed: Mutex<Option<Command>>,
    owner: Mutex<Option<Thread>>,
}

impl Baton {
    fn new() -> Arc<Self> {
        Arc::new(Baton { handed: Mutex::new(None), owner: Mutex::new(None) })
    }

    /// Waits until another thread hands over the baton.
    fn wait(&self) -> Command {
        *self.owner.lock() = Some(thread::current());
        loop {
            if let Some(command) = self.handed.lock().take() {
                return command;
            }
            thread::park();
        }
    }

    /// Hands the baton to the owner. Afterwards the caller must not touch the
    /// simulation.
    fn hand(&self, command: Command) {
        *self.handed.lock() = Some(command);
        // An owner that does not wait yet finds the command when it does.
        if let Some(owner) = &*self.owner.lock() {
            owner.unpark();
        }
    }
}

/// An OS thread that runs one simulated thread after another.
struct OsCarrier {
    baton: Arc<Baton>,
    /// The next thread to run: its slot and closure; `None` ends the carrier.
    task: Arc<Mutex<Option<(Slot, Job)>>>,
}

/// The OS-thread engine; see the module documentation.
pub(crate) struct OsEngine {
    /// Indexed by the thread's slot; `None` before the thread starts.
    carriers: RefCell<Vec<Option<OsCarrier>>>,
    idle: RefCell<Vec<OsCarrier>>,
    root: Arc<Baton>,
}

impl Default for OsEngine {
    fn default() -> Self {
        OsEngine {
            carriers: RefCell::new(Vec::new()),
            idle: RefCell::new(Vec::new()),
            root: Baton::new(),
        }
    }
}

impl OsEngine {
    pub(crate) fn run(&self, sim: &Sim) {
        enter(sim);
        let first = sim.scheduler.borrow_mut().pick();
        if let Next::Thread(slot) = first {
            self.pass(sim, slot, Command::Run);
            self.root.wait();
        }
    }

    pub(crate) fn switch(&self, sim: &Sim, me: Slot, next: Next) -> Command {
        let carriers = self.carriers.borrow();
        let mine =
            Arc::clone(&carriers[me].as_ref().expect("a running thread has a carrier").baton);
        drop(carriers);
        match next {
            Next::Thread(slot) => self.pass(sim, slot, Command::Run),
            Next::End => self.pass_to_root(),
        }
        let command = mine.wait();
        sim.heartbeat.runs_on_this_thread();
        command
    }

    pub(crate) fn resume_and_finish(&self, sim: &Sim, slot: Slot, command: Command) -> bool {
        let serial = sim.scheduler.borrow_mut().threads.get(slot).serial;
        self.pass(sim, slot, command);
        self.root.wait();
        !sim.scheduler.borrow().threads.iter().any(|thread| thread.serial == serial)
    }

    /// Hands the baton to a thread, and starts the thread if it is new.
    fn pass(&self, sim: &Sim, slot: Slot, command: Command) {
        let job = sim.scheduler.borrow_mut().threads.get(slot).job.take();
        if let Some(job) = job {
            let carrier = self.idle.borrow_mut().pop().unwrap_or_else(|| start_carrier(sim));
            *carrier.task.lock() = Some((slot, job));
            let mut carriers = self.carriers.borrow_mut();
            if carriers.len() <= slot {
                carriers.resize_with(slot + 1, || None);
            }
            carriers[slot] = Some(carrier);
        }
        let carriers = self.carriers.borrow();
        let baton =
            Arc::clone(&carriers[slot].as_ref().expect("the thread was started above").baton);
        drop(carriers);
        baton.hand(command);
    }

    /// Called when a thread's closure has returned: frees its carrier for
    /// another thread and passes the baton.
    fn finish(&self, sim: &Sim, slot: Slot) {
        let carrier = self.carriers.borrow_mut()[slot]
            .take()
            .expect("the carrier of a thread that has just run");
        self.idle.borrow_mut().push(carrier);
        let next = {
            let mut scheduler = sim.scheduler.borrow_mut();
            scheduler.finish(slot);
            scheduler.pick()
        };
        match next {
            Next::Thread(next) => self.pass(sim, next, Command::Run),
            Next::End => self.pass_to_root(),
        }
    }

    /// Hands the baton to the root. The root may free the simulation before
    /// this has returned, so the baton must outlive the simulation.
    fn pass_to_root(&self) {
        let root = Arc::clone(&self.root);
        root.hand(Command::Run);
    }

    /// Ends the idle OS threads.
    pub(crate) fn retire(&self) {
        for carrier in self.idle.take() {
            carrier.baton.hand(Command::Run); // Without a task the carrier ends.
        }
    }
}

fn start_carrier(sim: &Sim) -> OsCarrier {
    let baton = Baton::new();
    let task = Arc::new(Mutex::new(None));
    let carrier = OsCarrier { baton: Arc::clone(&baton), task: Arc::clone(&task) };
    let sim = SimPointer(sim);
    thread::Builder::new()
        .name("simulated".into())
        .stack_size(STACK_SIZE)
        .spawn(move || {
            let sim = sim;
            loop {
                let first = baton.wait();
                let Some((slot, job)) = task.lock().take() else { return };
                enter(sim.0);
                // SAFETY: there is a task, so the simulation is alive: its root
                // waits for the baton, which this thread holds.
                let sim = unsafe { &*sim.0 };
                sim.heartbeat.runs_on_this_thread();
                name_this_thread(&sim.label());
                thread_body(sim, job, first);
                let ThreadEngine::Os(engine) = &sim.engine else {
                    unreachable!("a carrier runs in the OS-thread engine")
                };
                engine.finish(sim, slot);
                enter(std::ptr::null());
            }
        })
        .expect("the operating system can start a thread");
    carrier
}

/// Names the calling OS thread after its simulated thread, for debuggers. The
/// kernel keeps the first 15 bytes.
fn name_this_thread(name: &str) {
    #[cfg(target_os = "linux")]
    if let Ok(name) = std::ffi::CString::new(name) {
        // SAFETY: prctl only reads the text, which ends with a zero.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = name;
}

/// Makes the address of the simulation `Send`, for its carriers.
struct SimPointer(*const Sim);

// SAFETY: only the thread that holds the baton dereferences it.
unsafe impl Send for SimPointer {}
