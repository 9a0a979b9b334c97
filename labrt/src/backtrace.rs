//! Backtraces that contain only the program's own frames.

/// The call stack of a thread at the moment its run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backtrace {
    /// The thread, as in [`Failure::thread`](crate::Failure::thread).
    pub thread: String,
    /// Whether this thread failed the run.
    pub panicked: bool,
    /// The thread's calls, innermost first, without those of std and of the
    /// simulator. Each call has a line with the function and one with the
    /// source line.
    pub frames: String,
}

/// This crate's own files, which are not part of the program.
const OWN_SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");

/// Prefixes of functions that are not the program's, for frames without a
/// source line. (Optimised builds only know the last part of a function's
/// path.)
const LIBRARY_FUNCTIONS: [&str; 9] = [
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

/// Parts of the paths of source files that belong to std, libraries or the
/// system.
const LIBRARY_PATHS: [&str; 5] =
    ["/rustc/", "/.cargo/registry/", "/rustlib/src/", "/nptl/", "/sysdeps/"];

/// Returns the calls of the calling thread, innermost first: for each a line
/// with the function and one with the source line.
pub(crate) fn capture() -> String {
    let here = std::env::current_dir().unwrap_or_default();
    program_frames(
        &std::backtrace::Backtrace::force_capture().to_string(),
        here.to_str().unwrap_or_default(),
    )
}

/// Whether the innermost of these [`capture`]d frames has a source line.
pub(crate) fn innermost_has_line(frames: &str) -> bool {
    frames.lines().nth(1).is_some_and(|line| line.trim_start().starts_with("at "))
}

/// One call of a backtrace.
struct StackFrame<'a> {
    function: &'a str,
    place: Option<&'a str>,
}

impl StackFrame<'_> {
    /// Whether this is a call of the program. std shortens paths below `here`,
    /// the current folder.
    fn is_program_call(&self, here: &str) -> bool {
        let Some(place) = self.place else {
            let function = self.function.trim_start_matches('<');
            return !LIBRARY_FUNCTIONS.iter().any(|library| function.starts_with(library));
        };
        let library = LIBRARY_PATHS.iter().any(|folder| place.contains(folder));
        let full = place.strip_prefix("./").map(|below| format!("{here}/{below}"));
        !library && !full.as_deref().unwrap_or(place).starts_with(OWN_SOURCES)
    }
}

/// Parses a backtrace as std prints it: for each frame a numbered line with the
/// function, and one with the source line if that is known.
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

/// Formats the frames of a backtrace that belong to the program.
fn program_frames(text: &str, here: &str) -> String {
    let mut out = String::new();
    for frame in frames(text).iter().filter(|frame| frame.is_program_call(here)) {
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
    fn only_frames_of_the_program_are_kept() {
        let text = format!(
            "   0: std::backtrace::Backtrace::force_capture\n\
             \x20     at /rustc/abc/library/std/src/backtrace.rs:313:9\n\
             \x20  1: labrt::sync::mutex::Mutex<T>::lock\n\
             \x20     at {OWN_SOURCES}sync/mutex.rs:44:9\n\
             \x20  2: raft::state::State::tick\n             at ./src/state.rs:7:1\n\
             \x20  3: corosensei::coroutine::on_stack\n\
             \x20  4: <core::iter::Map<I,F> as Iterator>::next\n\
             \x20  5: raft::main\n"
        );
        let expected = "  raft::state::State::tick\n      at ./src/state.rs:7:1\n  raft::main\n";
        assert_eq!(program_frames(&text, "/home/me/raft"), expected);
    }

    #[test]
    fn paths_below_the_current_folder_may_be_library_code() {
        let text = "   0: tick\n             at ./src/sim.rs:7:1\n";
        assert_eq!(program_frames(text, env!("CARGO_MANIFEST_DIR")), "");
        assert_ne!(program_frames(text, "/elsewhere"), "");
    }
}
