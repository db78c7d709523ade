//! Room: rehearsal. A profile: which people come, when, with which habits, what goes wrong meanwhile, and what must hold.
//! One TOML file; three are bundled. Read by `charye rehearse`; documented in docs/rehearsal.md.
//!
//! Must never be trusted beyond its bounds: whoever wrote it, every figure is checked here, with its place and a remedy.

use std::fmt;

use serde::Deserialize;

use crate::load::{RATE_PER_SEC_MAX, TIME_MAX};

/// Bytes a profile may have.
pub const PROFILE_BYTES_MAX: usize = 64 * 1024;
/// People who may come in one rehearsal.
pub const PEOPLE_MAX: u64 = 20_000_000;
/// Corners an arrival curve may have, and faults an evening may have.
const LIST_MAX: usize = 64;

/// The bundled profiles: name and text.
pub const BUNDLED_PROFILES: [(&str, &str); 4] = [
    ("opening-2021", include_str!("../profiles/opening-2021.toml")),
    ("steady", include_str!("../profiles/steady.toml")),
    ("worst-evening", include_str!("../profiles/worst-evening.toml")),
    ("everyone-2021", include_str!("../profiles/everyone-2021.toml")),
];

/// An evening, at full scale and at the speed of people.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    #[serde(rename = "profile")]
    pub evening: EveningSection,
    pub people: PeopleSection,
    pub arrivals: ArrivalsSection,
    #[serde(default)]
    pub habits: HabitsSection,
    #[serde(default)]
    pub nation: NationSection,
    #[serde(default, rename = "fault")]
    pub faults: Vec<PlannedFault>,
    #[serde(default)]
    pub goals: Goals,
}

/// `[profile]`: what it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EveningSection {
    pub name: String,
    /// What it plays, in words.
    pub about: InBothLanguages,
    /// From the first arrival to the last. Unit: minutes.
    pub minutes: u32,
}

/// A text in Korean and English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InBothLanguages {
    pub ko: String,
    pub en: String,
}

/// `[people]`: who comes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleSection {
    /// People who may reserve and come, at full scale.
    pub may_reserve: u64,
    /// People at the door for each of them, themselves included.
    pub at_door: f64,
    /// Identities proven for each of them, their own included: the others look up their date and go.
    pub verifications: f64,
    /// Of a thousand who may reserve, how many come with a second device.
    #[serde(default)]
    pub two_devices_permille: u32,
    /// Of a thousand who sign in, how many do it at an identity provider, by its page and back. The others are signed in by
    /// the rehearsal itself.
    #[serde(default)]
    pub at_providers_permille: u32,
}

/// `[arrivals]`: when they come.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrivalsSection {
    /// Corners of the curve: until this minute, so many thousandths of the people have come.
    pub until: Vec<(u32, u32)>,
}

/// `[habits]`: what people do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HabitsSection {
    /// Of a thousand who hold a place, how many think before they confirm, and for how long.
    pub hesitate_permille: u32,
    pub hesitate_secs: (u32, u32),
    /// Of a thousand who hold a place, how many never confirm it.
    pub walk_away_permille: u32,
    /// Of a thousand who reserved, how many change it, and how many cancel it.
    pub change_permille: u32,
    pub cancel_permille: u32,
    /// Who was not let in within this time goes away; 0: nobody does. Unit: minutes.
    pub give_up_after_minutes: u32,
    /// Of a thousand who went away, how many come back once.
    pub come_back_permille: u32,
}

/// `[nation]`: what the rehearsal's own server is filled with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NationSection {
    /// Clinics at full scale. Unit: thousandths of the whole nation's.
    pub clinics_permille: u32,
    /// So few clinics that each has this many people who may reserve; 0: as many as there are. For places that run out.
    pub people_per_clinic: u32,
    /// Whether the evening is one on which everybody of the campaign may reserve, not a tenth of them.
    pub everyone: bool,
}

impl Default for NationSection {
    fn default() -> Self {
        Self { clinics_permille: 1_000, people_per_clinic: 0, everyone: false }
    }
}

/// The provider that hangs when the profile says that one does: the first of the rehearsal's own.
pub const HUNG_PROVIDER: &str = "oidc";

/// `[[fault]]`: what goes wrong, and when. Played on the rehearsal's own server only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    pub kind: FaultKind,
    pub at_minute: u32,
    /// How long it lasts, or how far the clock jumps; of a `kill`, nothing. Unit: seconds.
    #[serde(default)]
    pub secs: u32,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// SIGKILL, and a start over the same data.
    Kill,
    /// The wall clock jumps ahead while the server runs.
    ClockJump,
    /// An identity provider accepts and does not answer.
    ProviderHangs,
}

impl FaultKind {
    /// As a profile writes it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::ClockJump => "clock_jump",
            Self::ProviderHangs => "provider_hangs",
        }
    }
}

/// `[goals]`: what must hold. What is left out is shown and not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Goals {
    /// From the intended time to the answer. Unit: milliseconds, 99th percentile.
    pub sign_in_p99_ms: Option<u32>,
    pub look_up_p99_ms: Option<u32>,
    pub hold_p99_ms: Option<u32>,
    pub confirm_p99_ms: Option<u32>,
    /// Of a thousand who may reserve and did not walk away, how many reserved.
    pub reserved_permille_min: Option<u32>,
    /// Of a thousand waits promised, how many were kept.
    pub promises_kept_permille_min: Option<u32>,
    /// Answers 500 and broken connections, of a million requests.
    pub failed_per_million_max: Option<u32>,
}

/// Why a profile cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("{file}: it has {bytes} bytes; keep it within {PROFILE_BYTES_MAX}")]
    TooLong { file: String, bytes: usize },
    #[error("{file}: {reason}")]
    Unreadable { file: String, reason: String },
    #[error("{file}, line {line}, {key}: {reason}")]
    Value { file: String, line: usize, key: &'static str, reason: String },
}

impl Profile {
    /// The bundled profile of this name.
    pub fn bundled(name: &str) -> Option<Result<Self, ProfileError>> {
        let (name, text) = BUNDLED_PROFILES.iter().find(|(known, _)| *known == name)?;
        Some(Self::read(name, text))
    }

    /// Reads a profile; `file` is how errors name it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and what to do.
    pub fn read(file: &str, text: &str) -> Result<Self, ProfileError> {
        if text.len() > PROFILE_BYTES_MAX {
            return Err(ProfileError::TooLong { file: file.to_owned(), bytes: text.len() });
        }
        let profile: Self = toml::from_str(text)
            .map_err(|error| ProfileError::Unreadable { file: file.to_owned(), reason: error.to_string() })?;
        match profile.first_fault() {
            None => Ok(profile),
            Some((section, key, reason)) => {
                let line = line_of(text, section, key);
                Err(ProfileError::Value { file: file.to_owned(), line, key, reason })
            }
        }
    }

    /// Section, key and reason of the first value out of its bounds.
    fn first_fault(&self) -> Option<(&'static str, &'static str, String)> {
        let within = |section, key, value: u64, least: u64, most: u64| {
            let reason = || format!("{value} is out of bounds; give {least} to {most}");
            (!(least..=most).contains(&value)).then(|| (section, key, reason()))
        };
        let times = |key, value: f64, least: f64, most: f64| {
            let reason = || format!("{value} is out of bounds; give {least} to {most}");
            (!(least..=most).contains(&value)).then(|| ("people", key, reason()))
        };
        let permille = |section, key, value: u32| within(section, key, value.into(), 0, 1_000);
        let (evening, people, habits) = (&self.evening, &self.people, &self.habits);
        let minutes_max = TIME_MAX.as_secs() / 60 * u64::from(SPEED_MAX);
        name_fault(&evening.name)
            .or_else(|| within("profile", "minutes", evening.minutes.into(), 1, minutes_max))
            .or_else(|| within("people", "may_reserve", people.may_reserve, 1, PEOPLE_MAX))
            .or_else(|| times("at_door", people.at_door, 1.0, 100.0))
            .or_else(|| times("verifications", people.verifications, 1.0, people.at_door))
            .or_else(|| permille("people", "two_devices_permille", people.two_devices_permille))
            .or_else(|| permille("people", "at_providers_permille", people.at_providers_permille))
            .or_else(|| self.curve_fault())
            .or_else(|| permille("habits", "hesitate_permille", habits.hesitate_permille))
            .or_else(|| within("habits", "hesitate_secs", habits.hesitate_secs.1.into(), 0, 3_600))
            .or_else(|| {
                let (least, most) = habits.hesitate_secs;
                (least > most)
                    .then(|| ("habits", "hesitate_secs", format!("write [{most}, {least}]: the lesser first")))
            })
            .or_else(|| permille("habits", "walk_away_permille", habits.walk_away_permille))
            .or_else(|| permille("habits", "change_permille", habits.change_permille))
            .or_else(|| permille("habits", "cancel_permille", habits.cancel_permille))
            .or_else(|| within("habits", "give_up_after_minutes", habits.give_up_after_minutes.into(), 0, 1_440))
            .or_else(|| permille("habits", "come_back_permille", habits.come_back_permille))
            .or_else(|| within("nation", "clinics_permille", self.nation.clinics_permille.into(), 1, 1_000))
            .or_else(|| self.fault_fault())
    }

    fn curve_fault(&self) -> Option<(&'static str, &'static str, String)> {
        let corners = &self.arrivals.until;
        let reason = if corners.is_empty() || corners.len() > LIST_MAX {
            format!("it has {} corners; give 1 to {LIST_MAX}", corners.len())
        } else if corners.last() != Some(&(self.evening.minutes, 1_000)) {
            format!("its last corner must be [{}, 1000]: by the end, everybody has come", self.evening.minutes)
        } else if corners.windows(2).any(|pair| pair[0].0 >= pair[1].0 || pair[0].1 > pair[1].1) || corners[0].0 == 0 {
            "minutes must rise from corner to corner, from 1 on, and shares must not fall".to_owned()
        } else {
            return None;
        };
        Some(("arrivals", "until", reason))
    }

    fn fault_fault(&self) -> Option<(&'static str, &'static str, String)> {
        if self.faults.len() > LIST_MAX {
            return Some(("fault", "kind", format!("there are {}; give {LIST_MAX} at most", self.faults.len())));
        }
        let late = self.faults.iter().find(|fault| fault.at_minute > self.evening.minutes);
        let long = self.faults.iter().find(|fault| fault.secs > 86_400);
        let late = late.map(|fault| ("fault", "at_minute", format!("{} is after the last arrival", fault.at_minute)));
        late.or_else(|| long.map(|fault| ("fault", "secs", format!("{} is more than a day", fault.secs))))
    }

    /// How many people, how fast, over how long, at this scale and speed.
    ///
    /// # Errors
    /// `OverBound`: more than a rehearsal may be; nothing has been sent.
    pub fn sized(&self, scale: Scale) -> Result<Size, SizeError> {
        let may_reserve = ((self.people.may_reserve as f64) * scale.share).round().max(1.0) as u64;
        let at_door = ((may_reserve as f64) * self.people.at_door).round() as u64;
        let people_max = PEOPLE_MAX;
        if at_door > people_max {
            return Err(SizeError { what: "people at the door", wanted: at_door, bound: people_max, turn: "--scale" });
        }
        let millis = u64::from(self.evening.minutes) * 60_000 / u64::from(scale.speed.max(1));
        let bound = u64::try_from(TIME_MAX.as_millis()).unwrap_or(u64::MAX);
        if millis > bound {
            return Err(SizeError { what: "milliseconds of arrivals", wanted: millis, bound, turn: "--speed" });
        }
        let mut peak_per_sec = 0;
        let mut before = (0, 0);
        for &(minute, share) in &self.arrivals.until {
            let people = at_door * u64::from(share - before.1) / 1_000;
            let span_millis = u64::from(minute - before.0) * 60_000 / u64::from(scale.speed.max(1));
            peak_per_sec = peak_per_sec.max(people * 1_000 / span_millis.max(1));
            before = (minute, share);
        }
        let rate_max = u64::from(RATE_PER_SEC_MAX);
        if peak_per_sec > rate_max {
            let what = "arrivals a second";
            return Err(SizeError { what, wanted: peak_per_sec, bound: rate_max, turn: "--speed" });
        }
        Ok(Size { may_reserve, at_door, millis, peak_per_sec })
    }
}

/// Fastest a rehearsal may run against the clock.
pub const SPEED_MAX: u32 = 1_000;

/// How much of an evening is played, and how fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Share of the people who come, above 0 and at most 1.
    pub share: f64,
    /// How many times faster than people are: arrivals and hesitation, never what the server says.
    pub speed: u32,
}

/// What a profile comes to at a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// People who may reserve and come.
    pub may_reserve: u64,
    /// Everybody who comes.
    pub at_door: u64,
    /// From the first arrival to the last. Unit: milliseconds.
    pub millis: u64,
    /// Arrivals a second where the curve is steepest.
    pub peak_per_sec: u64,
}

/// A rehearsal that would be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} {what} are more than the bound of {bound}; turn {turn} down")]
pub struct SizeError {
    what: &'static str,
    wanted: u64,
    bound: u64,
    turn: &'static str,
}

fn name_fault(name: &str) -> Option<(&'static str, &'static str, String)> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let sound = (1..=40).contains(&name.len()) && name.bytes().all(plain);
    (!sound).then(|| ("profile", "name", "give 1 to 40 of a-z, 0-9 and -".to_owned()))
}

/// The line on which a key stands in its section, from 1; the section's own line, or 1, if the key is left out.
fn line_of(text: &str, section: &str, key: &str) -> usize {
    let mut within = false;
    let mut found = 1;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with('[') {
            within = line.trim_matches(['[', ']']) == section;
            if within {
                found = number;
            }
        } else if within && line.split('=').next().is_some_and(|name| name.trim() == key) {
            return number;
        }
    }
    found
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { may_reserve, at_door, millis, peak_per_sec } = self;
        let secs = millis.div_ceil(1_000);
        write!(f, "{at_door} people within {secs} s, up to {peak_per_sec} a second; {may_reserve} may reserve")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_profile_reads_and_has_the_name_it_is_called_by() {
        for (name, _) in BUNDLED_PROFILES {
            let profile = Profile::bundled(name).unwrap().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(profile.evening.name, name);
            assert!(!profile.evening.about.ko.is_empty() && !profile.evening.about.en.is_empty());
        }
        assert!(Profile::bundled("none-such").is_none());
    }

    #[test]
    fn a_value_out_of_bounds_is_refused_with_its_line() {
        let steady = BUNDLED_PROFILES[1].1;
        let check = |from: &str, to: &str, expect: &str| {
            let text = steady.replace(from, to);
            assert_ne!(text, steady, "{from} stands in the profile");
            let error = Profile::read("p.toml", &text).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("at_door = 1.3", "at_door = 0.5", "line 10, at_door: 0.5 is out of bounds; give 1 to 100");
        check("verifications = 1.2", "verifications = 2.0", "verifications: 2 is out of bounds; give 1 to 1.3");
        check("[[10, 1_000]]", "[[9, 1_000]]", "until: its last corner must be [10, 1000]");
        check("[[10, 1_000]]", "[[9, 400], [5, 500], [10, 1_000]]", "minutes must rise");
        check("hesitate_secs = [5, 90]", "hesitate_secs = [90, 5]", "write [5, 90]");
        check("minutes = 10", "minutes = 0", "line 6, minutes");
        check("cancel_permille = 30", "cancel_permille = 1_001", "give 0 to 1000");
        check("may_reserve = 60_000", "may_reserve = 60_000\nbreakfast = true", "unknown field `breakfast`");
        check("minutes = 10", "minutes = \"ten\"", "line 6");
    }

    #[test]
    fn a_rehearsal_over_its_bounds_is_refused_before_anything_is_sent() {
        let opening = Profile::bundled("opening-2021").unwrap().unwrap();
        let size = opening.sized(Scale { share: 0.01, speed: 10 }).unwrap();
        assert_eq!((size.may_reserve, size.at_door, size.millis), (6_484, 25_936, 180_000));
        // 14 % of them come within six seconds.
        assert_eq!(size.peak_per_sec, 605);
        let whole = opening.sized(Scale { share: 1.0, speed: 1 }).unwrap();
        assert_eq!(whole.peak_per_sec, 6_051, "{whole}");
        let error = opening.sized(Scale { share: 1.0, speed: 1_000 }).unwrap_err().to_string();
        assert!(error.contains("arrivals a second") && error.contains("--speed"), "{error}");
        let everyone = Profile::bundled("everyone-2021").unwrap().unwrap();
        let size = everyone.sized(Scale { share: 1.0, speed: 1 }).unwrap();
        assert_eq!((size.at_door, size.millis, size.peak_per_sec), (16_210_000, 1_800_000, 9_005));
        // The same people in three hours instead of half an hour: as slowly as a machine needs it, and no slower.
        let mut slower = everyone;
        for (minutes, fits) in [(180, true), (181, false)] {
            slower.evening.minutes = minutes;
            slower.arrivals.until = vec![(minutes, 1_000)];
            let sized = slower.sized(Scale { share: 1.0, speed: 1 });
            match sized {
                Ok(size) => assert!(fits && size.peak_per_sec == 1_500, "{size}"),
                Err(error) => assert!(!fits && error.to_string().contains("--speed"), "{error}"),
            }
        }
        let mut crowd = opening;
        crowd.people.may_reserve = 6_000_000;
        let error = crowd.sized(Scale { share: 1.0, speed: 1 }).unwrap_err().to_string();
        assert!(error.contains("24000000 people at the door") && error.contains("--scale"), "{error}");
    }
}
