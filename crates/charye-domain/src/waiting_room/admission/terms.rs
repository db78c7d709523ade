//! Room: domain/waiting_room/admission. What an operator sets: cap, share of the agents, rates, grace. Made at the edge from
//! configuration or a steering command; a value that exists is sound.

/// Longest grace. Unit: seconds.
const GRACE_MAX_SECS: u32 = 1_800;
/// Shortest grace: several polls of somebody at the front, one of them in the fastest line. Unit: seconds.
pub(crate) const GRACE_MIN_SECS: u32 = 15;
/// All of a share.
const WHOLE: u16 = 10_000;

/// The terms under which people are let in.
///
/// A no-show keeps a seat for the whole grace. With a show-up ratio `s`, a rate `r` and visits of length `d`, the seats needed
/// are `r * d + r * (1 - s) / s * grace`: a long grace wants a large cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    hard_cap: u32,
    agents_share: u16,
    rate_min_per_min: u32,
    rate_max_per_min: u32,
    grace_secs: u32,
}

/// Why terms are not sound; in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsFault {
    #[error("the share of the agents is more than the whole cap")]
    AgentsShare,
    #[error("the lowest rate is above the highest")]
    Rates,
    #[error("the grace is not between {GRACE_MIN_SECS} and {GRACE_MAX_SECS} seconds")]
    Grace,
}

impl Terms {
    /// Terms with a cap of `hard_cap` people inside or called (0 lets nobody in), of which `agents_share` (unit: 1/10,000) are
    /// kept for agents; visits started per minute between `rates`; and `grace_secs` for who is called to come.
    ///
    /// # Errors
    /// The values contradict one another, or the grace is out of its limits.
    pub fn new(
        hard_cap: u32,
        agents_share: u16,
        rates_per_min: std::ops::RangeInclusive<u32>,
        grace_secs: u32,
    ) -> Result<Self, TermsFault> {
        if agents_share > WHOLE {
            return Err(TermsFault::AgentsShare);
        }
        if rates_per_min.is_empty() {
            return Err(TermsFault::Rates);
        }
        if !(GRACE_MIN_SECS..=GRACE_MAX_SECS).contains(&grace_secs) {
            return Err(TermsFault::Grace);
        }
        let (rate_min_per_min, rate_max_per_min) = rates_per_min.into_inner();
        Ok(Self { hard_cap, agents_share, rate_min_per_min, rate_max_per_min, grace_secs })
    }

    /// These terms with another cap.
    #[must_use]
    pub fn with_hard_cap(self, hard_cap: u32) -> Self {
        Self { hard_cap, ..self }
    }

    /// These terms with other bounds of the rate.
    ///
    /// # Errors
    /// The lowest is above the highest.
    pub fn with_rates(self, rates_per_min: std::ops::RangeInclusive<u32>) -> Result<Self, TermsFault> {
        Self::new(self.hard_cap, self.agents_share, rates_per_min, self.grace_secs)
    }

    /// People inside or called, at most, agents' visits included.
    pub fn hard_cap(&self) -> u32 {
        self.hard_cap
    }

    /// Seats that only agents' visits may take.
    pub fn agent_seats(&self) -> u32 {
        (u64::from(self.hard_cap) * u64::from(self.agents_share) / u64::from(WHOLE)) as u32
    }

    /// Seats of the web line.
    pub fn web_seats(&self) -> u32 {
        self.hard_cap - self.agent_seats()
    }

    /// The web line's part of a rate of all visits started, in the same unit.
    pub fn web_part(&self, rate: f64) -> f64 {
        rate * f64::from(WHOLE - self.agents_share) / f64::from(WHOLE)
    }

    /// Visits started per minute, agents' included: lowest and highest.
    pub fn rates_per_min(&self) -> (u32, u32) {
        (self.rate_min_per_min, self.rate_max_per_min)
    }

    /// The agents' part of the cap. Unit: 1/10,000.
    pub fn agents_share(&self) -> u16 {
        self.agents_share
    }

    /// Seconds in which who is called may come.
    pub fn grace_secs(&self) -> u32 {
        self.grace_secs
    }

    /// Milliseconds in which who is called may come.
    pub fn grace_ms(&self) -> i64 {
        i64::from(self.grace_secs) * 1_000
    }

    /// More people than the web line could ever be called in a second: bounds waits before they are measured.
    pub fn fastest_per_sec(&self) -> f64 {
        self.web_part(f64::from(self.rate_max_per_min)) / 60.0 / super::show_up::RATIO_MIN
    }
}
