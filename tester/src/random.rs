//! The course's random strings.

/// The alphabet of URL-safe base64: one character for each value of six bits.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How many characters one random number is good for.
const CHARACTERS_PER_DRAW: usize = 10;

/// A random string of `length` characters of URL-safe base64, drawn from the
/// run's user stream.
pub fn randstring(length: usize) -> String {
    let mut rng = labrt::rng();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bits = rng.next_u64();
        for _ in 0..CHARACTERS_PER_DRAW.min(length - text.len()) {
            text.push(char::from(ALPHABET[(bits % 64) as usize]));
            bits /= 64;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_the_length_and_the_alphabet() {
        for length in [0, 1, 9, 10, 11, 20, 5000] {
            let text = randstring(length);
            assert_eq!(text.len(), length);
            assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)), "{text}");
        }
    }

    #[test]
    fn strings_differ() {
        assert_ne!(randstring(20), randstring(20));
    }
}
