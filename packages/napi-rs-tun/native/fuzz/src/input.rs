//! Reads a fuzzer's input from front to back, so that seeds can be written by hand and mutations stay local.

use arbitrary::Unstructured;
use std::hash::{DefaultHasher, Hasher};

/// What is left of an input. Values read beyond its end are zero.
pub struct Input<'a>(Unstructured<'a>);

impl<'a> Input<'a> {
    /// Starts at the front of `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Input(Unstructured::new(data))
    }

    /// Returns a number that depends on all that is left, without taking it.
    pub fn salt(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write(self.0.peek_bytes(self.0.len()).unwrap_or_default());
        hasher.finish()
    }

    /// Returns whether there is nothing left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a byte.
    pub fn u8(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Takes a number below `end`, from one byte.
    pub fn below(&mut self, end: u8) -> u8 {
        self.u8() % end
    }

    /// Takes two bytes, little-endian.
    pub fn u16(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Takes eight bytes, little-endian.
    pub fn u64(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Takes `count` bytes, or what is left when that is less.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let count = count.min(self.0.len());
        self.0.bytes(count).unwrap_or_default()
    }

    /// Takes all that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.bytes(usize::MAX)
    }
}
