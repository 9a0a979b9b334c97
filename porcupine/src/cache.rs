//! Lowe's cache of configurations: the pairs of linearized operations and state
//! that the search has reached.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::bitset::Bitset;

/// The configurations that a search has visited.
///
/// One array holds all sets, another all configurations, and the table only
/// positions. This saves memory, and an allocation per configuration.
pub(crate) struct Cache<S> {
    table: HashTable<CacheSlot>,
    configurations: Vec<Configuration<S>>,
    words: Vec<u64>,
    /// The bytes of the states, as the model estimates them.
    state_bytes: usize,
}

/// The position of a configuration, and its hash. With the hash neither a
/// growing table nor most failed lookups have to read the configuration.
struct CacheSlot {
    at: u32,
    hash: u32,
}

/// A set of operations and the state after them.
struct Configuration<S> {
    /// The start of the set's window in `words`.
    start: u32,
    /// The number of full words before the window.
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

    /// Inserts a configuration, and returns whether it is new. If it is, `keep`
    /// returns a copy of the state and its size in bytes.
    ///
    /// # Panics
    ///
    /// If the sets of all configurations reach 32 GB.
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

    /// Returns the number of configurations.
    pub(crate) fn len(&self) -> usize {
        self.configurations.len()
    }

    /// Estimates the memory of the cache. The estimate depends only on what was
    /// inserted, so a limit on it applies at the same step in every run.
    pub(crate) fn bytes(&self) -> usize {
        // The table keeps a slot and one more byte for each place, and has between
        // 8/7 and 16/7 places for each configuration.
        const PLACE: usize = (size_of::<CacheSlot>() + 1) * 12 / 7;
        self.configurations.len() * (size_of::<Configuration<S>>() + PLACE)
            + size_of_val(self.words.as_slice())
            + self.state_bytes
    }

    /// Returns whether configuration `at` is this one.
    fn is(&self, at: u32, full: usize, window: &[u64], state: &S) -> bool {
        let known = &self.configurations[at as usize];
        let start = known.start as usize;
        let next = self.configurations.get(at as usize + 1);
        let end = next.map_or(self.words.len(), |next| next.start as usize);
        // A window is one or two words: a loop is faster than a call to memcmp.
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

/// Spreads a hash over 64 bits, because the table uses both ends of them.
#[inline]
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn in_32_bits(number: usize) -> u32 {
    u32::try_from(number)
        .expect("the cache has fewer than 2^32 configurations and words: set a memory limit")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enough configurations that hashes of 32 bits collide, in about ten
    /// pairs.
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
    fn configuration_is_new_only_once() {
        let mut cache = Cache::new();
        let mut set = Bitset::new(200);
        [3, 130].into_iter().for_each(|number| set.insert(number));
        assert_eq!([1, 2, 1].map(|state| insert(&mut cache, &set, state)), [true, true, false]);
        set.remove(3);
        assert!(insert(&mut cache, &set, 1));
    }
}
