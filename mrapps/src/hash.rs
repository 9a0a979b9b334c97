//! Which reduce task a key belongs to.

/// The course's `ihash`: FNV-1a of 32 bits, without the sign bit. The bucket of
/// a key is `ihash(key) % n_reduce`.
pub fn ihash(key: &str) -> u32 {
    let fold = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
    key.as_bytes().iter().fold(2_166_136_261, fold) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the keys of the course's applications go decides how parallel its
    /// tests can be.
    #[test]
    fn the_courses_buckets() {
        assert_eq!(ihash("a"), 0x640c_292c);
        let buckets: Vec<u32> = "abcdefghij".chars().map(|c| ihash(&c.to_string()) % 10).collect();
        assert_eq!(buckets, [2, 9, 0, 5, 6, 3, 4, 3, 4, 1]);
    }
}
