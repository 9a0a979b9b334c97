//! Hash maps and sets whose order depends on the seed alone.
//!
//! std's maps draw their hash keys from the operating system, so iterating over
//! one would make two runs of the same seed differ. These are the same maps
//! with keys from a random stream of the run. The order still differs from seed
//! to seed, as in Go, so that tests find code that depends on it.

use std::hash::{BuildHasher, DefaultHasher, Hash};

use crate::rng::hash_keys;

/// A `std::collections::HashMap` with seeded order.
pub type HashMap<K, V> = std::collections::HashMap<K, V, SeededState>;

/// A `std::collections::HashSet` with seeded order.
pub type HashSet<T> = std::collections::HashSet<T, SeededState>;

/// Builds hashers with keys from the run's hash-key stream. Each
/// `HashMap::default()` draws new keys.
#[derive(Clone, Debug)]
pub struct SeededState {
    keys: [u64; 2],
}

impl Default for SeededState {
    fn default() -> Self {
        SeededState { keys: hash_keys() }
    }
}

impl BuildHasher for SeededState {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        // DefaultHasher has fixed keys: only ours are random.
        let mut hasher = DefaultHasher::new();
        self.keys.hash(&mut hasher);
        hasher
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_differs_between_maps_but_not_within_one() {
        let fill = || (0..100).collect::<HashSet<u32>>();
        let one = fill();
        assert_eq!(one.iter().collect::<Vec<_>>(), one.iter().collect::<Vec<_>>());
        assert_ne!(one.iter().collect::<Vec<_>>(), fill().iter().collect::<Vec<_>>());
    }
}
