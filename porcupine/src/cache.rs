//! Lowe's memory of configurations: which sets of linearized operations have
//! been reached in which state.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::bitset::Bitset;

/// The configurations that a search has visited.
///
/// Sets live behind each other in one array, configurations in another, and
/// the table holds positions only: little memory, no allocation for each.
pub(crate) struct Cache<S> {
    table: HashTable<CacheSlot>,
    configurations: Vec<Configuration<S>>,
    words: Vec<u64>,
    /// What the states say they hold.
    state_bytes: usize,
}

/// Where a configuration is, and its hash, so that neither a growing table nor
/// a search in vain has to look there.
struct CacheSlot {
    at: u32,
    hash: u32,
}

/// A set of operations and the state after them.
struct Configuration<S> {
    /// Where the words of the set's window begin.
    start: u32,
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
    ///
    /// # Panics
    ///
    /// If the configurations' sets come to 32 GB.
    pub(crate) fn insert(
        &mut self,
        set: &Bitset,
        state: &S,
        keep: impl FnOnce(&S) -> (S, usize),
    ) -> bool {
        let (full, window) = set.window();
        let hash = hash_of(full, window, state);
        let known = self
            .table
            .find(spread(hash), |slot| slot.hash == hash && self.is(slot.at, full, window, state));
        if known.is_some() {
            return false;
        }
        let (state, bytes) = keep(state);
        let slot = CacheSlot { at: in_32_bits(self.configurations.len()), hash };
        self.configurations.push(Configuration {
            start: in_32_bits(self.words.len()),
            full: in_32_bits(full),
            state,
        });
        self.words.extend_from_slice(window);
        self.state_bytes += bytes;
        self.table.insert_unique(spread(hash), slot, |slot| spread(slot.hash));
        true
    }

    /// How many configurations have been visited.
    pub(crate) fn len(&self) -> usize {
        self.configurations.len()
    }

    /// About how much memory the cache holds. It follows from what was inserted
    /// alone, so that a limit on it strikes at the same step in every run.
    pub(crate) fn bytes(&self) -> usize {
        // The table keeps a byte for each place beside the slot, and has between
        // 8/7 and 16/7 places for each configuration.
        const PLACE: usize = (size_of::<CacheSlot>() + 1) * 12 / 7;
        self.configurations.len() * (size_of::<Configuration<S>>() + PLACE)
            + size_of_val(self.words.as_slice())
            + self.state_bytes
    }

    /// Whether configuration `at` is this one.
    fn is(&self, at: u32, full: usize, window: &[u64], state: &S) -> bool {
        let known = &self.configurations[at as usize];
        let start = known.start as usize;
        let next = self.configurations.get(at as usize + 1);
        let end = next.map_or(self.words.len(), |next| next.start as usize);
        // A window is a word or two: a loop is faster than a call of memcmp.
        known.full as usize == full
            && self.words[start..end].iter().eq(window)
            && known.state == *state
    }
}

fn hash_of<S: Hash>(full: usize, window: &[u64], state: &S) -> u32 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_usize(full);
    for &word in window {
        hasher.write_u64(word);
    }
    state.hash(&mut hasher);
    hasher.finish() as u32
}

/// What the table wants: it looks at both ends of 64 bits.
#[inline]
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn in_32_bits(number: usize) -> u32 {
    u32::try_from(number)
        .expect("a limit on memory ends a search before it counts 2^32 of anything")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many configurations that hashes of 32 bits collide, in about ten pairs.
    const MANY: usize = 300_000;

    fn insert(cache: &mut Cache<usize>, set: &Bitset, state: usize) -> bool {
        cache.insert(set, &state, |&state| (state, 0))
    }

    #[test]
    fn equal_hashes_do_not_make_configurations_equal() {
        let mut by_state = Cache::new();
        let nothing = Bitset::new(64);
        assert!((0..MANY).all(|state| insert(&mut by_state, &nothing, state)));

        let mut by_window = Cache::new();
        for number in 0..MANY {
            let mut set = Bitset::new(64);
            (0..32).filter(|bit| number >> bit & 1 == 1).for_each(|bit| set.insert(bit));
            assert!(insert(&mut by_window, &set, 0));
        }

        let mut by_length = Cache::new();
        let mut set = Bitset::new(64 * MANY);
        for word in 0..MANY {
            assert!(insert(&mut by_length, &set, 0));
            (0..64).for_each(|bit| set.insert(64 * word + bit));
        }
        for cache in [by_state, by_window, by_length] {
            assert_eq!(cache.len(), MANY);
        }
    }

    #[test]
    fn a_configuration_is_new_once() {
        let mut cache = Cache::new();
        let mut set = Bitset::new(200);
        [3, 130].into_iter().for_each(|number| set.insert(number));
        assert_eq!([1, 2, 1].map(|state| insert(&mut cache, &set, state)), [true, true, false]);
        set.remove(3);
        assert!(insert(&mut cache, &set, 1));
    }
}
