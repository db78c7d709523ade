//! Room: rehearsal, bench `waiting`. What the server takes of the machine while it runs: memory and CPU, once a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::stage::Failure;
use super::stage::program::{Program, pause};

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What was seen, in order.
pub(crate) struct Watched {
    seen: Vec<Seen>,
}

struct Seen {
    at: Duration,
    cpu: Duration,
    /// Unit: bytes.
    resident: u64,
}

impl Watched {
    /// Looks until the run has ended.
    pub(crate) fn until(program: &Program, ended: &AtomicBool, began: Instant) -> Result<Self, Failure> {
        let mut seen = Vec::new();
        while !ended.load(Ordering::Relaxed) {
            seen.push(Seen { at: began.elapsed(), cpu: program.cpu()?, resident: program.resident()? });
            pause(LOOK_EVERY);
        }
        Ok(Self { seen })
    }

    fn within(&self, (from, to): (Duration, Duration)) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(move |seen| (from..to).contains(&seen.at))
    }

    /// The most memory in a stretch. Unit: bytes.
    pub(crate) fn resident_max(&self, stretch: (Duration, Duration)) -> u64 {
        self.within(stretch).map(|seen| seen.resident).max().unwrap_or(0)
    }

    /// Cores that were busy in these stretches, on average.
    pub(crate) fn cores(&self, stretches: &[(Duration, Duration)]) -> f64 {
        let (mut cpu, mut wall) = (Duration::ZERO, Duration::ZERO);
        for stretch in stretches {
            let mut within = self.within(*stretch);
            let Some(first) = within.next() else { continue };
            let last = within.last().unwrap_or(first);
            cpu += last.cpu - first.cpu;
            wall += last.at - first.at;
        }
        cpu.as_secs_f64() / wall.as_secs_f64().max(f64::EPSILON)
    }
}
