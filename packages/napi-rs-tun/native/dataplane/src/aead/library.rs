//! The ciphers of ring.

use super::Cipher;
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM, CHACHA20_POLY1305};
use secret::Wiped;

/// A key that ring has prepared; its memory is wiped in the end.
pub struct Key(Wiped<LessSafeKey>);

impl Key {
    /// Prepares a key; `None` when it has not 32 bytes.
    pub fn new(cipher: Cipher, bytes: &[u8]) -> Option<Key> {
        let algorithm = match cipher {
            Cipher::ChaCha20Poly1305 => &CHACHA20_POLY1305,
            Cipher::Aes256Gcm => &AES_256_GCM,
        };
        let key = UnboundKey::new(algorithm, bytes).ok()?;
        Some(Key(Wiped::new(LessSafeKey::new(key))))
    }

    /// Encrypts `plaintext` in place and writes the tag.
    pub fn seal(&self, nonce: [u8; 12], plaintext: &mut [u8], tag: &mut [u8]) -> bool {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let made = self.0.seal_in_place_separate_tag(nonce, Aad::empty(), plaintext);
        made.map(|made| tag.copy_from_slice(made.as_ref())).is_ok()
    }

    /// Checks and decrypts `message` in place; its end is the tag.
    pub fn open(&self, nonce: [u8; 12], message: &mut [u8]) -> bool {
        self.0.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), message).is_ok()
    }
}
