//! Room: simulator/surge. What happens on an evening: who comes, how they behave, what operators do, what breaks. Drawn from
//! a seed, or set by hand for one question. Read by the player; never changed while it plays.

use std::ops::RangeInclusive;
use std::time::Duration;

use charye_engine::fakes::NextAppend;

use crate::chance::Chance;
use crate::country::{Country, LineTerms};
use crate::disk::WriteCost;

/// One evening. Times are seconds or milliseconds since the opening.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub seed: u64,
    pub country: Country,
    /// People on the list of the draw.
    pub drawn: u32,
    /// People who come after the opening, and over how long. Half of them come within a tenth of it, ten times as many a second.
    pub late: u32,
    pub late_secs: u64,
    /// The slowest identity provider's longest sign-in; places are given by when a sign-in began.
    pub sign_in_max_secs: u64,
    /// Of a hundred people, how many stop asking while they wait.
    pub gone_percent: u32,
    /// When those who went away come back all at once, and how many of a hundred do.
    pub mass_return: Option<(u64, u32)>,
    pub tempers: Tempers,
    /// The most devices that one person waits on.
    pub devices_max: u64,
    pub agents: bool,
    /// In order of time.
    pub incidents: Vec<(u64, Incident)>,
    /// When nobody plays on.
    pub ends_secs: u64,
}

/// How people behave once inside.
#[derive(Clone, Debug)]
pub struct Tempers {
    /// From coming in, or from looking around again, to the hold; and from the hold to the confirmation.
    pub think_secs: RangeInclusive<u64>,
    /// Of a hundred: sign out without a reservation and take a place in the line again.
    pub again_percent: u32,
    /// Say nothing more until the visit ends by itself.
    pub vanish_percent: u32,
    /// Let their hold expire, once.
    pub dawdle_percent: u32,
    /// Give their reservation back a few minutes later.
    pub cancel_percent: u32,
}

/// What happens to everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incident {
    /// The hard cap is cut to half.
    CapCut,
    Pause,
    Resume,
    CloseToArrivals,
    ReopenToArrivals,
    /// The process ends in the middle of something and begins again after so long.
    Crash {
        down: Duration,
    },
    /// An append fails, before or after it was durable, and the process ends by itself; it begins again after so long.
    AppendFails {
        how: NextAppend,
        down: Duration,
    },
    /// The process is stopped in order and begins again after so long.
    Restart {
        down: Duration,
    },
    /// From now on commits take this.
    Commits(WriteCost),
    /// The disk is nearly full, or free again.
    DiskFull,
    DiskFree,
    Snapshot,
}

impl Scenario {
    /// A random evening: small, so that a thousand of them are played in minutes, and with everything that may go wrong.
    pub fn random(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x5eed_0f50);
        let hard_cap = chance.within(&(20..=300)) as u32;
        let rate_min_per_min = chance.within(&(60..=600)) as u32;
        let line = LineTerms {
            hard_cap,
            agents_share: *chance.one_of(&[0, 500, 2_000]),
            rate_min_per_min,
            rate_max_per_min: rate_min_per_min + chance.within(&(0..=3_000)) as u32,
            grace_secs: chance.within(&(15..=60)) as u32,
        };
        let drawn = chance.below(400) as u32;
        let late = chance.below(400) as u32 + 20;
        let late_secs = chance.within(&(30..=300));
        // Some evenings run out of places: then the line stands still, and goes on when people give theirs back.
        let people = drawn + late;
        let scarce = chance.percent(25);
        let places = if scarce { people / 3 } else { people * 2 };
        let clinics = chance.within(&(2..=6)) as u32;
        let capacity = u16::try_from(places.div_ceil(clinics * 32)).unwrap_or(u16::MAX).max(1);
        let country = Country {
            clinics,
            capacity,
            open_hours: 6,
            hold_ttl_secs: chance.within(&(60..=180)) as u32,
            visit_max_secs: chance.within(&(240..=600)) as u32,
            line: Some(line),
        };
        let gone_percent = if chance.percent(30) { 60 } else { chance.below(60) as u32 };
        let mass_return = chance.sometimes(50, |apart| (apart.within(&(40..=240)), 50));
        let tempers = Tempers {
            think_secs: 2..=chance.within(&(4..=45)),
            again_percent: chance.below(20) as u32,
            vanish_percent: chance.below(6) as u32,
            dawdle_percent: chance.below(8) as u32,
            cancel_percent: if scarce { 40 } else { chance.below(10) as u32 },
        };
        Self {
            seed,
            country,
            drawn,
            late,
            late_secs,
            sign_in_max_secs: chance.within(&(5..=590)),
            gone_percent,
            mass_return,
            tempers,
            devices_max: if chance.percent(20) { 50 } else { 4 },
            agents: line.agents_share > 0,
            incidents: random_incidents(&mut chance),
            ends_secs: 4 * 3_600,
        }
    }

    /// People who wait in the line, agents' callers apart.
    pub fn people(&self) -> u32 {
        self.drawn.saturating_add(self.late)
    }
}

fn random_incidents(chance: &mut Chance) -> Vec<(u64, Incident)> {
    let mut incidents = Vec::new();
    let at = |apart: &mut Chance| apart.within(&(5_000..=300_000));
    if let Some(at) = chance.sometimes(40, at) {
        incidents.push((at, Incident::CapCut));
    }
    if let Some((from, lasts)) = chance.sometimes(40, |apart| (at(apart), apart.within(&(1_000..=60_000)))) {
        incidents.extend([(from, Incident::Pause), (from + lasts, Incident::Resume)]);
    }
    if let Some((from, lasts)) = chance.sometimes(15, |apart| (at(apart), apart.within(&(5_000..=60_000)))) {
        incidents.extend([(from, Incident::CloseToArrivals), (from + lasts, Incident::ReopenToArrivals)]);
    }
    if let Some((from, lasts, sync_ms)) =
        chance.sometimes(40, |apart| (at(apart), apart.within(&(2_000..=20_000)), apart.within(&(40..=400))))
    {
        let slow = WriteCost { sync: Duration::from_millis(sync_ms), ..WriteCost::default() };
        incidents.extend([(from, Incident::Commits(slow)), (from + lasts, Incident::Commits(WriteCost::default()))]);
    }
    if let Some((from, lasts)) = chance.sometimes(10, |apart| (at(apart), apart.within(&(1_000..=20_000)))) {
        incidents.extend([(from, Incident::DiskFull), (from + lasts, Incident::DiskFree)]);
    }
    for _ in 0..2 {
        let down = |apart: &mut Chance| Duration::from_millis(apart.within(&(200..=20_000)));
        if let Some((at, kind, down)) = chance.sometimes(45, |apart| (at(apart), apart.below(4), down(apart))) {
            let ends = match kind {
                0 => Incident::Crash { down },
                1 => Incident::Restart { down },
                2 => Incident::AppendFails { how: NextAppend::FailsBeforeDurable, down },
                _ => Incident::AppendFails { how: NextAppend::FailsAfterDurable, down },
            };
            incidents.push((at, ends));
        }
        if let Some(at) = chance.sometimes(50, at) {
            incidents.push((at, Incident::Snapshot));
        }
    }
    incidents.sort_by_key(|(at, _)| *at);
    incidents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_seeds_bring_every_kind_of_incident() {
        let evenings: Vec<Scenario> = (0..100).map(Scenario::random).collect();
        let all: Vec<&Incident> =
            evenings.iter().flat_map(|evening| evening.incidents.iter().map(|(_, what)| what)).collect();
        let happens = |is: fn(&Incident) -> bool| all.iter().filter(|incident| is(incident)).count();
        assert!(happens(|what| matches!(what, Incident::CapCut)) > 10);
        assert!(happens(|what| matches!(what, Incident::Pause)) > 10);
        assert!(happens(|what| matches!(what, Incident::CloseToArrivals)) > 5);
        assert!(happens(|what| matches!(what, Incident::Crash { .. })) > 5);
        assert!(happens(|what| matches!(what, Incident::Restart { .. })) > 5);
        for how in [NextAppend::FailsBeforeDurable, NextAppend::FailsAfterDurable] {
            assert!(
                all.iter().filter(|what| matches!(what, Incident::AppendFails { how: h, .. } if *h == how)).count() > 5
            );
        }
        assert!(happens(|what| matches!(what, Incident::Commits(_))) > 10);
        assert!(happens(|what| matches!(what, Incident::DiskFull)) > 2);
        assert!(happens(|what| matches!(what, Incident::Snapshot)) > 10);
        assert!(evenings.iter().filter(|evening| evening.mass_return.is_some()).count() > 20);
        assert!(evenings.iter().filter(|evening| evening.gone_percent == 60).count() > 10);
        assert!(evenings.iter().filter(|evening| evening.country.places() < evening.people()).count() > 5);
        assert!(evenings.iter().all(|evening| evening.incidents.is_sorted_by_key(|(at, _)| *at)));
    }
}
