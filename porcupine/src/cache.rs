//! Lowe's memory of configurations: which sets of linearized operations have
//! been reached in which state.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use crate::bitset::Bitset;

/// The configurations that a search has visited.
///
/// Sets live behind each other in one array, configurations in another, and
/// the table holds positions only: little memory, no allocation for each.
pub(crate) struct Cache<S> {
    table: HashTable<u32>,
    configurations: Vec<Configuration<S>>,
    words: Vec<u64>,
    /// What the states say they hold.
    state_bytes: usize,
}

/// A set of operations and the state after them.
struct Configuration<S> {
    hash: u64,
    /// Where the words of the set's window begin.
    start: usize,
    /// How many words full of operations come before the window.
    full: u32,
    state: S,
}

impl<S: Eq + Hash> Cache<S> {
    pub(crate) fn new() -> Cache<S> {
        Cache {
            table: HashTable::new(),
            configurations: Vec::new(),
            words: Vec::new(),
            state_bytes: 0,
        }
    }

    /// Whether the configuration is new. If it is, `keep` makes the copy of
    /// the state to remember, and says how many bytes it holds.
    pub(crate) fn insert(
        &mut self,
        set: &Bitset,
        state: &S,
        keep: impl FnOnce(&S) -> (S, usize),
    ) -> bool {
        let (full, window) = set.window();
        let hash = hash_of(full, window, state);
        let known = self.table.find(hash, |&at| {
            let known = &self.configurations[at as usize];
            known.hash == hash
                && known.full as usize == full
                && self.window(at as usize) == window
                && known.state == *state
        });
        if known.is_some() {
            return false;
        }
        let at = u32::try_from(self.configurations.len())
            .expect("memory ends long before four thousand million configurations");
        let (state, bytes) = keep(state);
        let configurations = &mut self.configurations;
        configurations.push(Configuration {
            hash,
            start: self.words.len(),
            full: u32::try_from(full).expect("operations are numbered by 32 bits"),
            state,
        });
        self.words.extend_from_slice(window);
        self.state_bytes += bytes;
        self.table.insert_unique(hash, at, |&at| configurations[at as usize].hash);
        true
    }

    /// How many configurations have been visited.
    pub(crate) fn len(&self) -> usize {
        self.configurations.len()
    }

    /// About how much memory the cache holds. It follows from what was inserted
    /// alone, so that a limit on it strikes at the same step in every run.
    pub(crate) fn bytes(&self) -> usize {
        // The table has between 8/7 and 16/7 places, of five bytes, for each.
        const PLACE: usize = 9;
        self.configurations.len() * (size_of::<Configuration<S>>() + PLACE)
            + size_of_val(self.words.as_slice())
            + self.state_bytes
    }

    fn window(&self, at: usize) -> &[u64] {
        let start = self.configurations[at].start;
        let end = self.configurations.get(at + 1).map_or(self.words.len(), |next| next.start);
        &self.words[start..end]
    }
}

fn hash_of<S: Hash>(full: usize, window: &[u64], state: &S) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_usize(full);
    for &word in window {
        hasher.write_u64(word);
    }
    state.hash(&mut hasher);
    hasher.finish()
}
