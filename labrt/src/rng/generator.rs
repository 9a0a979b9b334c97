//! The random number generator, and the streams that a simulation draws from.

/// A generator of random numbers: xoshiro256++ 1.0 (Blackman and Vigna, 2019),
/// seeded through SplitMix64. Its outputs are pinned by a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    state: [u64; 4],
}

impl Generator {
    /// Creates a generator whose output depends on `seed` alone.
    pub fn from_seed(seed: u64) -> Self {
        let mut weyl = seed;
        let mut split_mix = || {
            weyl = weyl.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = weyl;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        };
        Generator { state: [split_mix(), split_mix(), split_mix(), split_mix()] }
    }

    /// Returns the next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Returns a uniform number in `0..n`.
    ///
    /// # Panics
    ///
    /// When `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "the range 0..0 is empty: `below` and `chance` need a bound above 0");
        // Multiply-shift: the bias is under n / 2^64, too small to matter.
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// Returns a uniform number in `low..=high`, both ends included.
    ///
    /// # Panics
    ///
    /// When `low` is above `high`, or the range is all of `u64`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "the range {low}..={high} is empty");
        low + self.below(
            (high - low)
                .checked_add(1)
                .expect("the range is not all of u64 (use next_u64 for that)"),
        )
    }

    /// Picks one of `count` items and returns its index. Does not draw if there
    /// is only one.
    #[inline]
    pub(crate) fn pick(&mut self, count: usize) -> usize {
        match count {
            1 => 0,
            _ => self.below(count as u64) as usize,
        }
    }

    /// Returns true with probability `times / out_of`.
    ///
    /// # Panics
    ///
    /// When `out_of` is 0.
    pub fn chance(&mut self, times: u64, out_of: u64) -> bool {
        self.below(out_of) < times
    }

    /// Shuffles the items (Fisher-Yates). All orders are equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// The four streams of one simulation.
#[derive(Debug)]
pub(crate) struct Streams {
    /// Chooses the next thread, the preemptions, and one of several waiting
    /// threads.
    pub(crate) schedule: Generator,
    /// Delays and losses of the simulated network.
    pub(crate) network: Generator,
    /// The numbers of [`rng`](super::rng).
    pub(crate) user: Generator,
    /// Keys of the hash maps in [`crate::collections`].
    pub(crate) hash_keys: Generator,
}

impl Streams {
    pub(crate) fn from_seed(seed: u64) -> Self {
        let mut root = Generator::from_seed(seed);
        let mut stream = || Generator::from_seed(root.next_u64());
        Streams { schedule: stream(), network: stream(), user: stream(), hash_keys: stream() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of these numbers would change the run of every published seed.
    #[test]
    fn first_outputs_are_pinned() {
        let mut generator = Generator::from_seed(42);
        let first: [u64; 4] = std::array::from_fn(|_| generator.next_u64());
        assert_eq!(
            first,
            [
                0xd076_4d4f_4476_689f,
                0x519e_4174_576f_3791,
                0xfbe0_7cfb_0c24_ed8c,
                0xb37d_9f60_0cd8_35b8
            ]
        );
    }

    #[test]
    fn ranges_include_both_ends() {
        let mut generator = Generator::from_seed(1);
        let draws: Vec<u64> = (0..1000).map(|_| generator.between(3, 5)).collect();
        assert!(draws.iter().all(|draw| (3..=5).contains(draw)));
        for wanted in 3..=5 {
            assert!(draws.contains(&wanted), "{wanted} was never drawn");
        }
    }
}
