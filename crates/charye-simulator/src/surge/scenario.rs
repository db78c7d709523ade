//! Room: simulator/surge. What happens on an evening: who comes, how they behave, what operators do, what breaks. Drawn from
//! a seed, or set by hand for one question. Read by the player; never changed while it plays.

use std::ops::RangeInclusive;
use std::time::Duration;

use charye_engine::fakes::NextAppend;

use crate::chance::Chance;
use crate::country::{Country, LineTerms};
use crate::disk::WriteCost;

/// Which evening: with its seed it says everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything that may go wrong, at random.
    Random,
    /// The same, in a campaign without a line.
    WithoutALine,
    /// 60 of a hundred go away once they have their place.
    MostAreGone,
    /// Half an hour of waiting and more.
    LongWait,
    /// The disk stalls for a while.
    StalledDisk,
    /// Far fewer places than people, and many of those who have one give it back.
    SoldOut,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Random, Self::WithoutALine, Self::MostAreGone, Self::LongWait, Self::StalledDisk, Self::SoldOut];

    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::WithoutALine => "without-a-line",
            Self::MostAreGone => "most-are-gone",
            Self::LongWait => "long-wait",
            Self::StalledDisk => "stalled-disk",
            Self::SoldOut => "sold-out",
        }
    }
}

/// One evening. Times are seconds or milliseconds since the opening.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub kind: Kind,
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
    /// Are failed by us, once, and let in again.
    pub failed_percent: u32,
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
    /// The evening of a kind, in the size that tests play.
    pub fn of(kind: Kind, seed: u64) -> Self {
        match kind {
            Kind::Random => Self::random(seed),
            Kind::WithoutALine => Self::without_a_line(seed),
            Kind::MostAreGone => Self::most_are_gone(seed, 600),
            Kind::LongWait => Self::long_wait(seed, 1),
            Kind::StalledDisk => Self::stalled_disk(seed),
            Kind::SoldOut => Self::sold_out(seed),
        }
    }

    /// The command that plays this evening again, if it is of the size that tests play.
    pub fn again(&self) -> String {
        format!("cargo run -p charye-simulator -- surge --kind {} --seed {}", self.kind.name(), self.seed)
    }

    /// A random evening of a campaign without a line: whoever may reserve is let in.
    pub fn without_a_line(seed: u64) -> Self {
        let mut scenario = Self { kind: Kind::WithoutALine, ..Self::random(seed) };
        scenario.country.line = None;
        (scenario.drawn, scenario.agents, scenario.mass_return) = (0, false, None);
        scenario.incidents.retain(|(_, incident)| !incident.is_of_the_line());
        scenario
    }

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
            failed_percent: chance.below(5) as u32,
            dawdle_percent: chance.below(8) as u32,
            cancel_percent: if scarce { 40 } else { chance.below(10) as u32 },
        };
        Self {
            kind: Kind::Random,
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

    /// An evening on which 60 of a hundred go away as soon as they have their place, and everything else is well: so many
    /// visits a minute are aimed at, and there are seats and places for all.
    pub fn most_are_gone(seed: u64, rate_per_min: u32) -> Self {
        let line = LineTerms {
            hard_cap: rate_per_min * 7,
            agents_share: 0,
            rate_min_per_min: rate_per_min,
            rate_max_per_min: rate_per_min,
            grace_secs: 60,
        };
        Self { kind: Kind::MostAreGone, gone_percent: 60, drawn: rate_per_min * 7, ..Self::calm(seed, line) }
    }

    /// An evening of long waits: a full house or a limited rate, no-shows, an uneven service. `size` 1 is a small town.
    pub fn long_wait(seed: u64, size: u32) -> Self {
        let mut chance = Chance::new(seed ^ 0x1017_9a17);
        let rate = chance.within(&(100..=225)) as u32 * size;
        // Every other evening is limited by seats rather than by the rate.
        let hard_cap = if seed.is_multiple_of(2) { 1_000 * size } else { chance.within(&(75..=125)) as u32 * size };
        let line =
            LineTerms { hard_cap, agents_share: 0, rate_min_per_min: rate / 2, rate_max_per_min: rate, grace_secs: 45 };
        let mut incidents = Vec::new();
        if let Some((from, sync_ms)) =
            chance.sometimes(50, |apart| (apart.within(&(200_000..=1_500_000)), apart.within(&(60..=300))))
        {
            let slow = WriteCost { sync: Duration::from_millis(sync_ms), ..WriteCost::default() };
            let quick = Incident::Commits(WriteCost::default());
            incidents.extend([(from, Incident::Commits(slow)), (from + 10_000, quick)]);
        }
        Self {
            kind: Kind::LongWait,
            drawn: chance.within(&(1_500..=3_000)) as u32 * size,
            late: chance.within(&(250..=1_000)) as u32 * size,
            late_secs: 1_200,
            gone_percent: chance.below(60) as u32,
            tempers: Tempers { think_secs: 2..=35, again_percent: 5, ..Self::calm(seed, line).tempers },
            incidents,
            ..Self::calm(seed, line)
        }
    }

    /// An evening on which the disk stalls while people wait: from the second minute on each commit takes most of a second, for
    /// three quarters of a minute. Then it is as before.
    pub fn stalled_disk(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x57a1_1ed0);
        let line =
            LineTerms { hard_cap: 200, agents_share: 0, rate_min_per_min: 60, rate_max_per_min: 240, grace_secs: 60 };
        let sync = Duration::from_millis(chance.within(&(600..=900)));
        let incidents = vec![
            (60_000, Incident::Commits(WriteCost { sync, ..WriteCost::default() })),
            (105_000, Incident::Commits(WriteCost::default())),
        ];
        let tempers = Tempers { think_secs: 2..=20, ..Self::calm(seed, line).tempers };
        Self { kind: Kind::StalledDisk, drawn: 500, late: 100, tempers, incidents, ..Self::calm(seed, line) }
    }

    /// An evening with far fewer places than people, on which three in ten reservations are given back within minutes.
    pub fn sold_out(seed: u64) -> Self {
        let line =
            LineTerms { hard_cap: 60, agents_share: 0, rate_min_per_min: 600, rate_max_per_min: 600, grace_secs: 30 };
        let tempers = Tempers { think_secs: 2..=10, cancel_percent: 30, ..Self::calm(seed, line).tempers };
        let calm = Self::calm(seed, line);
        let country = Country { clinics: 2, capacity: 4, visit_max_secs: 240, hold_ttl_secs: 120, ..calm.country };
        Self { kind: Kind::SoldOut, drawn: 850, late: 50, tempers, country, ..Self::calm(seed, line) }
    }

    /// Nobody misbehaves and nothing breaks.
    fn calm(seed: u64, line: LineTerms) -> Self {
        Self {
            kind: Kind::Random,
            seed,
            country: Country {
                clinics: 10,
                capacity: 200,
                open_hours: 6,
                hold_ttl_secs: 300,
                visit_max_secs: 900,
                line: Some(line),
            },
            drawn: 0,
            late: 0,
            late_secs: 60,
            sign_in_max_secs: 15,
            gone_percent: 0,
            mass_return: None,
            tempers: Tempers {
                think_secs: 15..=45,
                again_percent: 0,
                vanish_percent: 0,
                failed_percent: 0,
                dawdle_percent: 0,
                cancel_percent: 0,
            },
            devices_max: 2,
            agents: false,
            incidents: Vec::new(),
            ends_secs: 5_400,
        }
    }

    /// People who wait in the line, agents' callers apart.
    pub fn people(&self) -> u32 {
        self.drawn.saturating_add(self.late)
    }
}

impl Incident {
    /// Whether it is an order of an operator.
    pub(crate) fn is_of_the_line(&self) -> bool {
        let steers = matches!(self, Self::CapCut | Self::Pause | Self::Resume);
        steers || matches!(self, Self::CloseToArrivals | Self::ReopenToArrivals)
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
