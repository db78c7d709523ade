//! Room: rehearsal, bench `waiting`. When those who wait poll and when they keep quiet: stretches of one run, in turns, so that
//! what they cost others is seen beside the same without them. Knows times only.

use std::time::Duration;

/// The first of every stretch, in which the machine still does what the one before asked for. Not looked at.
const SETTLES: Duration = Duration::from_secs(2);
const QUIET_MIN: Duration = Duration::from_secs(5);
const QUIET_MAX: Duration = Duration::from_secs(30);

/// Stretches of a run, from its beginning: quiet, polled, quiet, polled, quiet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hours {
    quiet: Duration,
    /// Each of the two.
    polled: Duration,
}

/// What somebody meets at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stretch {
    Quiet,
    Polled,
    /// Between two, or after the last.
    Unsettled,
}

impl Hours {
    /// People poll for so long, in all.
    pub(crate) fn polled_for(time: Duration) -> Self {
        Self { quiet: (time / 4).clamp(QUIET_MIN, QUIET_MAX), polled: time / 2 }
    }

    pub(crate) fn whole(self) -> Duration {
        self.quiet * 3 + self.polled * 2
    }

    /// From and to of each stretch in which people poll.
    pub(crate) fn polled(self) -> [(Duration, Duration); 2] {
        let second = self.quiet * 2 + self.polled;
        [(self.quiet, self.quiet + self.polled), (second, second + self.polled)]
    }

    /// From and to of each quiet stretch.
    pub(crate) fn quiet(self) -> [(Duration, Duration); 3] {
        let [(first, first_ends), (second, second_ends)] = self.polled();
        [(Duration::ZERO, first), (first_ends, second), (second_ends, self.whole())]
    }

    /// A stretch without its first seconds.
    pub(crate) fn settled((from, to): (Duration, Duration)) -> (Duration, Duration) {
        (from + SETTLES, to)
    }

    pub(crate) fn at(self, moment: Duration) -> Stretch {
        let within = |stretches: &[(Duration, Duration)]| {
            stretches.iter().map(|stretch| Self::settled(*stretch)).any(|(from, to)| (from..to).contains(&moment))
        };
        match (within(&self.polled()), within(&self.quiet())) {
            (true, _) => Stretch::Polled,
            (_, true) => Stretch::Quiet,
            _ => Stretch::Unsettled,
        }
    }

    /// How long people have polled at a moment: the clock that they live by, which stands still while they keep quiet.
    pub(crate) fn polled_by(self, moment: Duration) -> Duration {
        self.polled().iter().map(|(from, to)| moment.clamp(*from, *to) - *from).sum()
    }

    /// The moment at which people will have polled for so long; none if that is after the end.
    pub(crate) fn moment_of(self, polled: Duration) -> Option<Duration> {
        let [(first, _), (second, _)] = self.polled();
        if polled < self.polled {
            Some(first + polled)
        } else if polled < self.polled * 2 {
            Some(second + (polled - self.polled))
        } else {
            None
        }
    }
}
