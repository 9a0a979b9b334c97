//! Numbers of variable length (LEB128): seven bits per byte, the lowest first;
//! the top bit says that more bytes follow.

/// Appends a number.
pub(crate) fn write(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Removes a number from the front. `None` if it is incomplete or too large.
#[inline]
pub(crate) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip_and_invalid_bytes_are_refused() {
        for number in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            write(&mut bytes, number);
            let (mut all, mut cut) = (bytes.as_slice(), &bytes[..bytes.len() - 1]);
            assert_eq!((read(&mut all), all.len()), (Some(number), 0));
            assert_eq!(read(&mut cut), None, "a cut {number}");
        }
        assert_eq!(read(&mut [0xff; 11].as_slice()), None);
        let too_large = [[0xff; 9].as_slice(), &[2]].concat();
        assert_eq!(read(&mut too_large.as_slice()), None);
    }
}
