//! Applications by name.

use std::path::Path;

use crate::App;
use crate::crash::{Crash, NoCrash};
use crate::early_exit::EarlyExit;
use crate::fragile::Fragile;
use crate::indexer::Indexer;
use crate::jobcount::JobCount;
use crate::straggler::Straggler;
use crate::timing::{MapTiming, ReduceTiming};
use crate::wc::WordCount;

/// All applications. Add a line here to register one.
static APPS: [&dyn App; 10] = [
    &WordCount,
    &Indexer,
    &MapTiming,
    &ReduceTiming,
    &JobCount,
    &EarlyExit,
    &Crash,
    &NoCrash,
    &Straggler,
    &Fragile,
];

/// Returns the application with this name. A plug-in's path as in the course, such
/// as `../mrapps/wc.so`, means `wc`.
pub fn lookup(name: &str) -> Option<&'static dyn App> {
    let name = match name.strip_suffix(".so") {
        Some(plug_in) => Path::new(plug_in).file_name()?.to_str()?,
        None => name,
    };
    APPS.into_iter().find(|app| app.name() == name)
}

/// Returns the names of all applications.
pub fn names() -> impl Iterator<Item = &'static str> {
    APPS.into_iter().map(App::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plug_ins_are_found_by_their_stem() {
        for name in ["wc", "wc.so", "../../mrapps/wc.so"] {
            assert_eq!(lookup(name).map(App::name), Some("wc"), "{name}");
        }
        for name in ["", ".so", "wx", "mrapps/wc"] {
            assert!(lookup(name).is_none(), "{name}");
        }
    }
}
