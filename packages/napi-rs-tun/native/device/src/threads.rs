//! How many threads share the work of one direction.

/// Beyond what a network card of these days needs; each receiver holds 256 KiB, each sender 128 KiB, for every socket and queue.
const THREADS_MAX: usize = 8;

/// Returns `wanted`, or for zero half of the processors that this process may use: the other half is for the other direction.
pub fn threads_per_direction(wanted: u32) -> usize {
    let available = || std::thread::available_parallelism().map_or(1, |count| count.get());
    let count = if wanted == 0 { available() / 2 } else { wanted as usize };
    count.clamp(1, THREADS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_within_its_bounds() {
        assert_eq!([1, 2, 8, 9, u32::MAX].map(threads_per_direction), [1, 2, 8, 8, 8]);
        assert!((1..=THREADS_MAX).contains(&threads_per_direction(0)));
    }
}
