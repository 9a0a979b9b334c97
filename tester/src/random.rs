//! The course's random strings.

/// The alphabet of URL-safe base64: one character for each value of six bits.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The letters of ASCII.
const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// How many characters one random number provides.
const CHARACTERS_PER_DRAW: usize = 10;

/// A random string of `length` characters of URL-safe base64, drawn from the
/// run's user stream.
pub fn randstring(length: usize) -> String {
    random_text(BASE64, length)
}

/// A random value for a key: `length` ASCII letters, drawn from the run's user
/// stream.
pub fn rand_value(length: usize) -> String {
    random_text(LETTERS, length)
}

/// Random characters of an alphabet. Each random number gives several
/// characters, which are its digits in base `N`.
fn random_text<const N: usize>(alphabet: &[u8; N], length: usize) -> String {
    let mut rng = labrt::rng();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bits = rng.next_u64();
        for _ in 0..CHARACTERS_PER_DRAW.min(length - text.len()) {
            text.push(char::from(alphabet[(bits % N as u64) as usize]));
            bits /= N as u64;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_the_requested_length_and_alphabet() {
        for length in [0, 1, 9, 10, 11, 20, 5000] {
            let text = randstring(length);
            assert_eq!(text.len(), length);
            assert!(text.bytes().all(|byte| BASE64.contains(&byte)), "{text}");
        }
    }

    #[test]
    fn two_strings_differ() {
        assert_ne!(randstring(20), randstring(20));
    }
}
