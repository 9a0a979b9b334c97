//! Random numbers from our own xoshiro256++, so that a seed keeps its meaning.
//!
//! A simulation draws from four independent streams, all derived from its
//! seed, so that one more `rng()` call in a student's code does not reshuffle
//! the schedule or the network.

pub(crate) mod generator;

use std::cell::RefCell;
use std::convert::Infallible;

use crate::sim;
use generator::Streams;

pub use generator::Generator;

thread_local! {
    /// The streams of a real-mode thread. The operating system seeds them.
    static REAL: RefCell<Streams> = RefCell::new(Streams::from_seed(rand::random()));
}

fn with_streams<R>(f: impl FnOnce(&mut Streams) -> R) -> R {
    match sim::current() {
        Some(sim) => sim.with_streams(f),
        None => REAL.with_borrow_mut(f),
    }
}

/// A handle to the run's random numbers, returned by [`rng`]. It has no state:
/// in a simulation all handles draw from the same user stream.
///
/// It also has the methods of rand's `Rng` and `RngExt`. A new version of rand
/// may change how they map random bits to ranges; a seed then gives another
/// run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rng(());

/// Returns a handle to the run's random numbers, which come from the seed in a
/// simulation and from the operating system in real mode.
pub fn rng() -> Rng {
    Rng(())
}

impl Rng {
    /// Draws from the user stream. It works on a copy, so that a panic (an
    /// empty range) does not happen while the simulator is borrowed.
    fn draw<R>(draw: impl FnOnce(&mut Generator) -> R) -> R {
        let mut generator = with_streams(|streams| streams.user.clone());
        let drawn = draw(&mut generator);
        with_streams(|streams| streams.user = generator);
        drawn
    }

    /// Returns the next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        with_streams(|streams| streams.user.next_u64())
    }

    /// Returns a uniform number in `0..n`. See [`Generator::below`].
    ///
    /// # Panics
    ///
    /// When `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        Self::draw(|user| user.below(n))
    }

    /// Returns a uniform number in `low..=high`. See [`Generator::between`].
    ///
    /// # Panics
    ///
    /// When the range is empty or all of `u64`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        Self::draw(|user| user.between(low, high))
    }

    /// Returns true with probability `times / out_of`.
    ///
    /// # Panics
    ///
    /// When `out_of` is 0.
    pub fn chance(&mut self, times: u64, out_of: u64) -> bool {
        Self::draw(|user| user.chance(times, out_of))
    }

    /// Shuffles the items.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        Self::draw(|user| user.shuffle(items));
    }
}

impl rand::TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_u64() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Returns a generator for one network request, seeded by one draw from the
/// network stream. So the draws of one request cannot change those of another.
pub fn network_rng() -> Generator {
    Generator::from_seed(with_streams(|streams| streams.network.next_u64()))
}

/// Draws two keys for a hash map from the hash-key stream.
pub(crate) fn hash_keys() -> [u64; 2] {
    with_streams(|streams| [streams.hash_keys.next_u64(), streams.hash_keys.next_u64()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_rand_work() {
        use rand::RngExt;
        use rand::seq::SliceRandom;
        let mut items: Vec<u32> = (0..100).collect();
        items.shuffle(&mut rng());
        assert!(items.iter().sum::<u32>() == 4950);
        assert!(rng().random_range(1..7) < 7);
    }
}
