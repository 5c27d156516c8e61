//! A pause after bursts of packets that came one by one, as network cards moderate their interrupts.

use std::thread::available_parallelism;
use std::time::Duration;

/// Fewer packets than this are no flood.
const FLOOD_PACKETS: usize = 16;
/// With the system's slack about 150 us, in which half of the interface's queue of 500 fills at 1.5 million packets a second.
const PAUSE: Duration = Duration::from_micros(100);
/// A program that sends, the sender, the receiver and a program that receives: with fewer processors they share some.
const PROCESSORS_ENOUGH: usize = 4;

/// Lets others have the processor that a flood of single packets would never leave.
///
/// Every packet costs a read of the interface, so a thread that has fallen behind is always runnable, and the scheduler
/// gives it time slices in which it sends more than the socket of the program at the other end holds. Offering the
/// processor (`sched_yield`) does not help: the scheduler takes the thread again. Trains of the kernel are not slowed.
pub struct Moderation {
    pause: Option<Duration>,
}

impl Moderation {
    /// Pauses where there are fewer processors than threads on the way of a packet.
    pub fn of_this_machine() -> Self {
        Self::of(available_parallelism().map_or(1, usize::from))
    }

    fn of(processors: usize) -> Self {
        Moderation { pause: (processors < PROCESSORS_ENOUGH).then_some(PAUSE) }
    }

    /// Sleeps after a burst with `singles` packets that were read one by one, if they were a flood.
    pub fn after_burst(&self, singles: usize) {
        if let Some(pause) = self.pause_after(singles) {
            std::thread::sleep(pause);
        }
    }

    fn pause_after(&self, singles: usize) -> Option<Duration> {
        self.pause.filter(|_| singles >= FLOOD_PACKETS)
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
}
