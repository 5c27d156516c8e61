//! Pauses after packets that came one by one and after those of a flood, as network cards moderate their interrupts.

use std::thread::available_parallelism;
use std::time::Duration;

/// Fewer packets than this are no flood.
const FLOOD_PACKETS: usize = 16;
/// With the system's slack about 150 us, in which half of the interface's queue of 500 fills at 1.5 million packets a second.
const PAUSE: Duration = Duration::from_micros(100);
/// Strangers' datagrams that were refused come every 50 us and wake the receiver each time, unless it waits for some more. A
/// socket holds what a tunnel of ten gigabits a second brings in three times as long.
const FLOOD_PAUSE: Duration = Duration::from_micros(200);
/// A program that sends, the sender, the receiver and a program that receives: with fewer processors they share some.
const PROCESSORS_ENOUGH: usize = 4;

/// Lets others have the processor that a flood of single packets would never leave.
///
/// Every packet costs a read of the interface, so a thread that has fallen behind is always runnable, and the scheduler
/// gives it time slices in which it sends more than the socket of the program at the other end holds. Offering the
/// processor (`sched_yield`) does not help: the scheduler takes the thread again. Trains of the kernel are not slowed.
pub struct Moderation {
    has_few_processors: bool,
}

impl Moderation {
    /// Pauses where there are fewer processors than threads on the way of a packet.
    pub fn of_this_machine() -> Self {
        Self::of(available_parallelism().map_or(1, usize::from))
    }

    fn of(processors: usize) -> Self {
        Moderation { has_few_processors: processors < PROCESSORS_ENOUGH }
    }

    /// Sleeps after a burst with `singles` packets that were read one by one, if they were a flood.
    pub fn after_burst(&self, singles: usize) {
        if let Some(pause) = self.pause_after(singles) {
            std::thread::sleep(pause);
        }
    }

    /// Sleeps after datagrams of which `refused` were strangers' that nobody is shown: packets of tunnels then come together.
    pub fn after_strangers(&self, refused: u64) {
        if let Some(pause) = self.pause_after_strangers(refused) {
            std::thread::sleep(pause);
        }
    }

    fn pause_after(&self, singles: usize) -> Option<Duration> {
        (self.has_few_processors && singles >= FLOOD_PACKETS).then_some(PAUSE)
    }

    fn pause_after_strangers(&self, refused: u64) -> Option<Duration> {
        (self.has_few_processors && refused > 0).then_some(FLOOD_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_after_floods_where_processors_are_few() {
        for processors in 1..8 {
            let moderation = Moderation::of(processors);
            assert_eq!(moderation.pause_after(FLOOD_PACKETS - 1), None, "a few packets are answered at once");
            assert_eq!(moderation.pause_after(FLOOD_PACKETS).is_some(), processors < 4);
        }
    }

    #[test]
    fn pauses_after_refused_strangers_where_processors_are_few() {
        for processors in 1..8 {
            let moderation = Moderation::of(processors);
            assert_eq!(moderation.pause_after_strangers(0), None, "nobody floods");
            assert_eq!(moderation.pause_after_strangers(1).is_some(), processors < 4);
        }
    }
}
