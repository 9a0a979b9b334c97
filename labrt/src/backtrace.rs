//! Backtraces for people: the program's own frames.

/// Where a thread was when its run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backtrace {
    /// The thread, as in [`Failure::thread`](crate::Failure::thread).
    pub thread: String,
    /// Whether it is the one that failed the run.
    pub panicked: bool,
    /// Its calls, the innermost first, without those of std and of the simulator:
    /// for each a line with the function and one with the place.
    pub frames: String,
}

/// This crate's own files, which carry the program but are not it.
const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");

/// How functions are called that are not the program's, for frames without a
/// place. (Optimised builds know functions by their last names only.)
const LIBRARIES: [&str; 9] = [
    "std::",
    "core::",
    "alloc::",
    "corosensei::",
    "labrt::sim",
    "__",
    "rust_",
    "stack_init_trampoline",
    "unknown>",
];

/// Where the code of others lies: std's, the libraries', the system's.
const ELSEWHERE: [&str; 5] =
    ["/rustc/", "/.cargo/registry/", "/rustlib/src/", "/nptl/", "/sysdeps/"];

/// The calls of the calling thread, the innermost first: for each a line with
/// the function and one with the place.
pub(crate) fn capture() -> String {
    let here = std::env::current_dir().unwrap_or_default();
    trimmed(
        &std::backtrace::Backtrace::force_capture().to_string(),
        here.to_str().unwrap_or_default(),
    )
}

/// Is the place of the innermost of these [`capture`]d frames known?
pub(crate) fn begins_with_place(frames: &str) -> bool {
    frames.lines().nth(1).is_some_and(|line| line.trim_start().starts_with("at "))
}

/// One call of a backtrace.
struct StackFrame<'a> {
    function: &'a str,
    place: Option<&'a str>,
}

impl StackFrame<'_> {
    /// Whether it is a call of the program. std shortens places below `here`, the
    /// current folder.
    fn is_of_the_program(&self, here: &str) -> bool {
        let Some(place) = self.place else {
            let function = self.function.trim_start_matches('<');
            return !LIBRARIES.iter().any(|library| function.starts_with(library));
        };
        let library = ELSEWHERE.iter().any(|folder| place.contains(folder));
        let full = place.strip_prefix("./").map(|below| format!("{here}/{below}"));
        !library && !full.as_deref().unwrap_or(place).starts_with(OURS)
    }
}

/// The frames of a backtrace as std writes it: a numbered line with the function,
/// and one with the place if that is known.
fn frames(text: &str) -> Vec<StackFrame<'_>> {
    let mut frames: Vec<StackFrame<'_>> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(frame) = frames.last_mut() {
                frame.place = Some(place);
            }
        } else if let Some((number, function)) = line.split_once(": ")
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            frames.push(StackFrame { function, place: None });
        }
    }
    frames
}

fn trimmed(text: &str, here: &str) -> String {
    let mut out = String::new();
    for frame in frames(text).iter().filter(|frame| frame.is_of_the_program(here)) {
        out.push_str(&format!("  {}\n", frame.function));
        if let Some(place) = frame.place {
            out.push_str(&format!("      at {place}\n"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_program_stays() {
        let text = format!(
            "   0: std::backtrace::Backtrace::force_capture\n\
             \x20     at /rustc/abc/library/std/src/backtrace.rs:313:9\n\
             \x20  1: labrt::sync::mutex::Mutex<T>::lock\n\
             \x20     at {OURS}sync/mutex.rs:44:9\n\
             \x20  2: raft::state::State::tick\n             at ./src/state.rs:7:1\n\
             \x20  3: corosensei::coroutine::on_stack\n\
             \x20  4: <core::iter::Map<I,F> as Iterator>::next\n\
             \x20  5: raft::main\n"
        );
        let expected = "  raft::state::State::tick\n      at ./src/state.rs:7:1\n  raft::main\n";
        assert_eq!(trimmed(&text, "/home/me/raft"), expected);
    }

    #[test]
    fn a_place_below_the_current_folder_may_be_ours() {
        let text = "   0: tick\n             at ./src/sim.rs:7:1\n";
        assert_eq!(trimmed(text, env!("CARGO_MANIFEST_DIR")), "");
        assert_ne!(trimmed(text, "/elsewhere"), "");
    }
}
