//! A toy in the place of the ciphers, compiled for Miri alone: it protects nothing, but mistakes change its tag.

use super::Cipher;
use crate::transport::TAG;
use secret::Wiped;

/// A key of the toy, kept like a real one.
pub struct Key(Wiped<[u8; 32]>);

impl Key {
    /// Prepares a key; `None` when it has not 32 bytes.
    pub fn new(cipher: Cipher, bytes: &[u8]) -> Option<Key> {
        let mut key: [u8; 32] = bytes.try_into().ok()?;
        key[31] ^= cipher as u8;
        Some(Key(Wiped::new(key)))
    }

    /// Encrypts `plaintext` in place and writes the tag.
    pub fn seal(&self, nonce: [u8; 12], plaintext: &mut [u8], tag: &mut [u8]) -> bool {
        let made = self.tag(nonce, plaintext);
        self.mask(nonce, plaintext);
        tag.copy_from_slice(&made);
        true
    }

    /// Checks and decrypts `message` in place; its end is the tag.
    pub fn open(&self, nonce: [u8; 12], message: &mut [u8]) -> bool {
        let Some(length) = message.len().checked_sub(TAG) else { return false };
        let (text, tag) = message.split_at_mut(length);
        self.mask(nonce, text);
        *tag == self.tag(nonce, text)
    }

    /// Only the front is masked: interpreted loops over every byte take minutes.
    fn mask(&self, nonce: [u8; 12], text: &mut [u8]) {
        for (byte, mask) in text.iter_mut().zip(self.0.iter().zip(nonce.iter().cycle())) {
            *byte ^= mask.0 ^ mask.1;
        }
    }

    fn tag(&self, nonce: [u8; 12], text: &[u8]) -> [u8; TAG] {
        let mut sum = text.len() as u128 | 1 << 127;
        for chunk in self.0.chunks(16).chain(nonce.chunks(12)).chain(text.chunks(16)) {
            let mut word = [0; 16];
            word[..chunk.len()].copy_from_slice(chunk);
            sum = (sum ^ u128::from_le_bytes(word))
                .wrapping_mul(0x0100_0000_0000_0000_0000_013b)
                .rotate_left(61);
        }
        sum.to_le_bytes()
    }
}
