//! Trains of datagrams: authentic, repeated, altered and made up, against a model that knows which are authentic.

use crate::bench::{Bench, STEPS_MAX};
use crate::input::Input;

/// `[options][routed][own]`, then steps.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut bench = Bench::new(&mut input);
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        bench.step(&mut input);
    }
    bench.deliver(0, 1, 0);
}
