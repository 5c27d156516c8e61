//! The authenticated ciphers of transport data.

use crate::limits::{CHACHA_MESSAGES_MAX, GCM_MESSAGES_MAX};
use crate::transport::TAG;

// Miri interprets Rust alone and cannot run ring's assembly: there a toy takes its place.
#[cfg_attr(miri, path = "aead/toy.rs")]
#[cfg_attr(not(miri), path = "aead/library.rs")]
mod library;

/// Which cipher a session agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cipher {
    /// The default; fast everywhere.
    ChaCha20Poly1305,
    /// Two to three times faster where the processor has instructions for it.
    Aes256Gcm,
}

impl Cipher {
    /// Returns how many messages one key may seal.
    pub fn messages_max(self) -> u64 {
        match self {
            Cipher::ChaCha20Poly1305 => CHACHA_MESSAGES_MAX,
            Cipher::Aes256Gcm => GCM_MESSAGES_MAX,
        }
    }
}

/// Returns whether the processor has instructions for AES-GCM; without them ChaCha20-Poly1305 is several times faster.
pub fn has_fast_aes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("pmull");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

/// A key for one direction of a session; its memory is wiped in the end.
pub struct Key {
    cipher: Cipher,
    key: library::Key,
}

impl Key {
    /// Prepares a key of 32 bytes; `None` for any other length.
    pub fn new(cipher: Cipher, bytes: &[u8]) -> Option<Key> {
        Some(Key { cipher, key: library::Key::new(cipher, bytes)? })
    }

    /// Encrypts all but the last 16 bytes of `message` in place and writes the tag there.
    ///
    /// Returns false when `message` is too short for a tag.
    pub fn seal(&self, counter: u64, message: &mut [u8]) -> bool {
        let Some(length) = message.len().checked_sub(TAG) else { return false };
        let (plaintext, tag) = message.split_at_mut(length);
        self.key.seal(self.nonce(counter), plaintext, tag)
    }

    /// Checks and decrypts `message` in place; its last 16 bytes are the tag. Returns false for a forgery.
    pub fn open(&self, counter: u64, message: &mut [u8]) -> bool {
        self.key.open(self.nonce(counter), message)
    }

    /// Four zero bytes, then the counter in the order that Noise gives it for the cipher (section 12 of its revision 34).
    fn nonce(&self, counter: u64) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[4..].copy_from_slice(&match self.cipher {
            Cipher::ChaCha20Poly1305 => counter.to_le_bytes(),
            Cipher::Aes256Gcm => counter.to_be_bytes(),
        });
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    #[test]
    #[cfg_attr(miri, ignore = "the toy matches nothing")]
    fn matches_published_vectors_whose_nonce_starts_with_zeros() {
        // AES-256-GCM: test case 14 of the GCM specification (zero key, zero nonce, 16 zero bytes).
        let key = Key::new(Cipher::Aes256Gcm, &[0; 32]).unwrap();
        let mut message = vec![0; 32];
        assert!(key.seal(0, &mut message));
        assert_eq!(message, hex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"));
        assert!(key.open(0, &mut message));
        assert_eq!(message[..16], [0; 16]);
        // ChaCha20: RFC 8439, A.1, test vector 2 is the keystream of block 1 for a zero key and nonce.
        let key = Key::new(Cipher::ChaCha20Poly1305, &[0; 32]).unwrap();
        let mut message = vec![0; 32];
        assert!(key.seal(0, &mut message));
        assert_eq!(message[..16], hex("9f07e7be5551387a98ba977c732d080d"));
    }

    #[test]
    fn refuses_forgeries_other_counters_and_short_messages() {
        for cipher in [Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm] {
            let key = Key::new(cipher, &[9; 32]).unwrap();
            let mut message = vec![1; 40];
            assert!(key.seal(5, &mut message));
            assert!(!key.open(6, &mut message.clone()));
            message[3] ^= 1;
            assert!(!key.open(5, &mut message));
            assert!(!key.open(5, &mut [0; 15]));
            assert!(!key.seal(5, &mut [0; 15]));
            assert!(Key::new(cipher, &[9; 31]).is_none());
        }
    }
}
