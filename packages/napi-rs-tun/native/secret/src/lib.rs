//! Values whose memory is overwritten before it is given back.

use std::mem::MaybeUninit;
use std::ops::Deref;
use zeroize::Zeroize;

/// A secret. It stays where it is in memory when its owner moves, so that no copies are left behind.
pub struct Wiped<T>(Box<MaybeUninit<T>>);

impl<T> Wiped<T> {
    /// Takes the value in. What the caller's stack still holds of it is not wiped.
    pub fn new(value: T) -> Self {
        Wiped(Box::new(MaybeUninit::new(value)))
    }
}

impl<T> Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `new` filled it, and only `drop` empties it, after which nobody can call this.
        unsafe { self.0.assume_init_ref() }
    }
}

impl<T> Drop for Wiped<T> {
    fn drop(&mut self) {
        // SAFETY: `new` filled it, and a value is dropped once. What is left are bytes that nobody reads as a `T` again.
        unsafe { self.0.assume_init_drop() };
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn gives_the_value_and_drops_it_once() {
        let counted = Rc::new(7);
        let wiped = Wiped::new(counted.clone());
        let moved = wiped;
        assert_eq!((**moved, Rc::strong_count(&counted)), (7, 2));
        drop(moved);
        assert_eq!(Rc::strong_count(&counted), 1);
    }

    #[test]
    fn leaves_nothing_in_memory() {
        let mut wiped = std::mem::ManuallyDrop::new(Wiped::new([7u8; 100]));
        // What `drop` does, without giving the memory back: an array of bytes needs no drop of its own.
        wiped.0.zeroize();
        let at: *const u8 = wiped.0.as_ptr().cast();
        // SAFETY: the memory is still owned by `wiped` and zero bytes are valid.
        assert!((0..100).all(|i| unsafe { at.add(i).read() } == 0));
        drop(std::mem::ManuallyDrop::into_inner(wiped));
    }
}
