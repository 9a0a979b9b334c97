//! The OS-thread engine: every simulated thread has an operating-system thread
//! of its own, and a baton goes round. Far slower than coroutines, but every
//! stack shows in a debugger and no assembly is involved.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread::{self, Thread};

use parking_lot::Mutex;

use super::{Command, Job, Next, Sim, Slot, ThreadEngine, enter, thread_body};

/// Stack of a thread that carries simulated ones.
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

    /// Waits until somebody hands the baton over.
    fn wait(&self) -> Command {
        *self.owner.lock() = Some(thread::current());
        loop {
            if let Some(command) = self.handed.lock().take() {
                return command;
            }
            thread::park();
        }
    }

    /// Hands the baton to the owner. From here on the caller may not touch the
    /// simulation.
    fn hand(&self, command: Command) {
        *self.handed.lock() = Some(command);
        // An owner that has not come to wait yet will find the command there.
        if let Some(owner) = &*self.owner.lock() {
            owner.unpark();
        }
    }
}

/// An OS thread that carries one simulated thread after another.
struct OsCarrier {
    baton: Arc<Baton>,
    /// What to carry next: the slot and its closure; `None` ends the carrier.
    task: Arc<Mutex<Option<(Slot, Job)>>>,
}

/// See the module.
pub(crate) struct OsEngine {
    /// By the slot of the thread; `None` before it starts.
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
        let mine = Arc::clone(&carriers[me].as_ref().expect("a running thread").baton);
        drop(carriers);
        match next {
            Next::Thread(slot) => self.pass(sim, slot, Command::Run),
            Next::End => self.pass_to_root(),
        }
        let command = mine.wait();
        sim.heartbeat.carried_here();
        command
    }

    pub(crate) fn resume_and_finish(&self, sim: &Sim, slot: Slot, command: Command) -> bool {
        let serial = sim.scheduler.borrow_mut().threads.get(slot).serial;
        self.pass(sim, slot, command);
        self.root.wait();
        !sim.scheduler.borrow().threads.iter().any(|thread| thread.serial == serial)
    }

    /// Hands the baton to a thread, which is started if it is new.
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
        let baton = Arc::clone(&carriers[slot].as_ref().expect("it was started").baton);
        drop(carriers);
        baton.hand(command);
    }

    /// A thread's closure has returned: its carrier is free for another, and
    /// the baton goes on.
    fn finish(&self, sim: &Sim, slot: Slot) {
        let carrier = self.carriers.borrow_mut()[slot].take().expect("it just ran");
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

    /// The root may free the simulation before the hand-over has returned: the
    /// baton must outlive it.
    fn pass_to_root(&self) {
        let root = Arc::clone(&self.root);
        root.hand(Command::Run);
    }

    /// Ends the OS threads that carry nobody.
    pub(crate) fn retire(&self) {
        for carrier in self.idle.take() {
            carrier.baton.hand(Command::Run); // with no task: the end
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
                // SAFETY: there is a task, so the simulation is alive: it waits
                // for the baton that this thread holds.
                let sim = unsafe { &*sim.0 };
                sim.heartbeat.carried_here();
                name_this_thread(&sim.label());
                thread_body(sim, job, first);
                let ThreadEngine::Os(engine) = &sim.engine else { unreachable!("we are in it") };
                engine.finish(sim, slot);
                enter(std::ptr::null());
            }
        })
        .expect("the system gives a thread");
    carrier
}

/// Shows debuggers whom the calling OS thread carries: the kernel keeps the first
/// 15 bytes.
fn name_this_thread(name: &str) {
    #[cfg(target_os = "linux")]
    if let Ok(name) = std::ffi::CString::new(name) {
        // SAFETY: it reads the text, which ends with a zero.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = name;
}

/// Lets the address of the simulation move to its carriers.
struct SimPointer(*const Sim);

// SAFETY: it is only followed by the holder of the baton.
unsafe impl Send for SimPointer {}
