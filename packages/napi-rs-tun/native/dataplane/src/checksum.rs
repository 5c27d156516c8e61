//! The Internet checksum (RFC 1071).

/// Returns the folded one's-complement sum of `bytes` on top of `initial`, not complemented.
pub fn sum(bytes: &[u8], initial: u16) -> u16 {
    // Adding words of the host's order and swapping once at the end gives the same sum (RFC 1071, section 2).
    let mut total = u64::from(initial.to_be());
    let mut carries = 0u64;
    let mut chunks = bytes.chunks_exact(32);
    for chunk in &mut chunks {
        for i in 0..4 {
            let word = u64::from_ne_bytes(chunk[i * 8..i * 8 + 8].try_into().unwrap_or_default());
            let (added, overflow) = total.overflowing_add(word);
            total = added;
            carries += u64::from(overflow);
        }
    }
    let mut tail = carries;
    let mut words = chunks.remainder().chunks_exact(4);
    for word in &mut words {
        tail += u64::from(u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
    }
    // What is left of the last word counts as if zeros followed.
    let mut last = [0; 4];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    tail += u64::from(u32::from_ne_bytes(last));
    let (total, overflow) = total.overflowing_add(tail);
    u16::from_be(fold(total, overflow))
}

fn fold(total: u64, overflow: bool) -> u16 {
    let mut value = (total >> 32) + (total & 0xffff_ffff) + u64::from(overflow);
    while value > 0xffff {
        value = (value >> 16) + (value & 0xffff);
    }
    value as u16
}

/// Adds two folded sums.
pub fn add(a: u16, b: u16) -> u16 {
    let (value, overflow) = a.overflowing_add(b);
    value + u16::from(overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slow(bytes: &[u8], initial: u16) -> u16 {
        let mut total = u64::from(initial);
        for pair in bytes.chunks(2) {
            total += u64::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
        }
        while total > 0xffff {
            total = (total >> 16) + (total & 0xffff);
        }
        total as u16
    }

    #[test]
    fn matches_the_example_of_rfc_1071() {
        assert_eq!(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7], 0), 0xddf2);
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(bytes in prop::collection::vec(any::<u8>(), 0..300), initial: u16) {
            prop_assert_eq!(sum(&bytes, initial), slow(&bytes, initial));
        }

        #[test]
        fn survives_saturated_words(length in 0usize..3000) {
            let bytes = vec![0xff; length];
            prop_assert_eq!(sum(&bytes, 0xffff), slow(&bytes, 0xffff));
        }
    }
}
