//! Room: rehearsal. Test people who are made when they are asked for: everybody is a function of the nation's seed and of
//! their place in it, and a national number leads back to the place, so that sixteen million need no file and no table.
//!
//! Called by `people` for those who come, and by the program for those who sign in. Holds the districts and three ranges of
//! days, whatever the count. Makes nobody who could exist: see `national_number`, and [`MadePeople::person`] for telephones.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Span;
use jiff::civil::Date;
use serde::Deserialize;
use thiserror::Error;

use super::citizens::{ADULT_YEARS, CHILD_YEARS, EARLIEST_BIRTH};
use super::districts;
use super::national_number::{FIRST_SERIAL, Residence, SERIALS, Sex, invalid_number};
use super::person_names;
use super::plan::{NationPlan, plus_days};
use super::rng::{Purpose, Stream};

/// More people than this are made on demand and written nowhere.
pub const WRITTEN_MAX: u32 = 1_000_000;
/// What a nation may have.
pub const MADE_MAX: u32 = 20_000_000;
/// Bytes that are read of a `nation.toml`.
const PLAN_BYTES_MAX: u64 = 64 * 1024;
/// Telephone numbers there are for them.
const PHONES: u32 = 10_000_000;
/// A range of fewer birth dates would crowd too many people on a day. Unit: days.
const BAND_DAYS_MIN: u32 = 365;

/// A nation's people, none of them held.
#[derive(Debug)]
pub struct MadePeople {
    seed: u64,
    count: u32,
    bands: [Band; 3],
    /// District codes, and adults of the districts up to each, it included.
    districts: Vec<(u32, u32)>,
    /// Born after this, one is a child and has a guardian.
    children_after: Date,
    /// Born before this, one is old enough to be a guardian.
    adults_before: Date,
}

/// One of them. Equal for equal seed and place, on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadePerson {
    /// Thirteen digits that belong to nobody.
    pub national_number: String,
    pub name_ko: String,
    pub name_en: String,
    pub birth_date: Date,
    /// Digits with hyphens.
    pub phone: String,
    pub district: u32,
}

/// Why there are no such people.
#[derive(Debug, Error)]
pub enum MadePeopleError {
    #[error("could not read {}", path.display())]
    Storage { path: PathBuf, source: io::Error },
    #[error("{}: {reason}", path.display())]
    Unfit { path: PathBuf, reason: String },
}

/// Birth dates in a row, and the places of each twenty whose people have them. A band's people are counted through: its
/// days are visited in steps that share no factor with their number, so that neighbours differ in year and digit; when each
/// day has had one, the next serial begins. So birth date and serial tell the place.
#[derive(Debug)]
struct Band {
    first: Date,
    days: u32,
    step: u32,
    /// `step * back` is 1 modulo `days`.
    back: u32,
    /// Places of each twenty, from `from` on.
    from: u32,
    width: u32,
}

/// Of each twenty, seventeen are of the cohort, one is younger, two are older.
const TWENTY: u32 = 20;

#[derive(Deserialize)]
struct NationFile {
    plan: PlanTold,
    people_on_demand: Option<OnDemandTold>,
}

#[derive(Deserialize)]
struct PlanTold {
    seed: String,
    first_day: String,
    born: (String, String),
}

#[derive(Deserialize)]
struct OnDemandTold {
    count: u32,
}

impl MadePeople {
    /// The people of the nation that this `nation.toml` tells, if it says `[people_on_demand] count`.
    ///
    /// # Errors
    /// The first thing that is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, MadePeopleError> {
        let storage = |source| MadePeopleError::Storage { path: path.to_owned(), source };
        let unfit = |reason: String| MadePeopleError::Unfit { path: path.to_owned(), reason };
        let mut text = String::new();
        let file = File::open(path).map_err(storage)?;
        file.take(PLAN_BYTES_MAX + 1).read_to_string(&mut text).map_err(storage)?;
        if text.len() as u64 > PLAN_BYTES_MAX {
            return Err(unfit(format!("it is larger than {PLAN_BYTES_MAX} bytes")));
        }
        let told: NationFile = toml::from_str(&text).map_err(|error| unfit(error.to_string()))?;
        let Some(OnDemandTold { count }) = told.people_on_demand else {
            return Err(unfit("this nation's people are not made on demand; name its citizens.csv".to_owned()));
        };
        let seed = told.plan.seed.parse().map_err(|_| unfit("seed must be a whole number, in quotes".to_owned()))?;
        let date = |text: &str| text.parse::<Date>().map_err(|_| unfit(format!("{text} is not a date")));
        let (born_from, born_to) = (date(&told.plan.born.0)?, date(&told.plan.born.1)?);
        let (first_day, usual) = (date(&told.plan.first_day)?, NationPlan::korea_2021(seed));
        let plan = NationPlan { first_day, citizens: count, born_from, born_to, ..usual };
        Self::of(&plan).map_err(|reason| unfit(reason.to_owned()))
    }

    /// The people of a plan.
    ///
    /// # Errors
    /// In words, why a plan has none.
    pub(super) fn of(plan: &NationPlan) -> Result<Self, &'static str> {
        if !(1..=MADE_MAX).contains(&plan.citizens) {
            return Err("its people must be 1 to 20000000");
        }
        let later = plus_days(plan.born_to, 3_650).min(plan.first_day);
        let earlier = plus_days(plan.born_from, -14_600).max(EARLIEST_BIRTH);
        let bands = [
            Band::of(plan.born_from, plan.born_to, 0, 17),
            Band::of(plus_days(plan.born_to, 1), later, 17, 1),
            Band::of(earlier, plus_days(plan.born_from, -1), 18, 2),
        ];
        let [Some(cohort), Some(younger), Some(older)] = bands else {
            return Err("people made on demand need a year of birth dates in the cohort, before it and after it");
        };
        let bands = [cohort, younger, older];
        if bands.iter().any(|band| band.people(plan.citizens) > band.days * SERIALS) {
            return Err("it has more people than numbers for their birth dates");
        }
        let districts = districts::bundled().map_err(|_| "the bundled table of districts is damaged")?;
        let adults_up_to = districts.iter().scan(0, |adults, district| {
            *adults += district.adults;
            Some((district.code, *adults))
        });
        let before = |years: i64| plan.first_day.saturating_sub(Span::new().years(years));
        Ok(Self {
            seed: plan.seed,
            count: plan.citizens,
            districts: adults_up_to.collect(),
            bands,
            children_after: before(CHILD_YEARS),
            adults_before: before(ADULT_YEARS),
        })
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The person at a place, from 0; nobody from the count on.
    ///
    /// Telephone numbers are 010-0000-0000 to 010-0999-9999, so that two people at most share one: what follows 010 may be
    /// dialled alone, where a leading 0 is the trunk prefix, so no subscriber's number begins with it.
    pub fn person(&self, index: u32) -> Option<MadePerson> {
        let (birth_date, serial) = self.birth(index)?;
        let mut stream = self.stream(index);
        let district = self.drawn_district(&mut stream);
        let sex = if stream.chance(500) { Sex::Female } else { Sex::Male };
        let (name, residence) = match stream.chance(40) {
            true => (person_names::foreign(&mut stream), Residence::Foreign),
            false => (person_names::korean(&mut stream), Residence::Citizen),
        };
        let national_number = invalid_number(birth_date, sex, residence, serial, stream.below(8));
        let phone = index % PHONES;
        let phone = format!("010-{:04}-{:04}", phone / 10_000, phone % 10_000);
        Some(MadePerson { national_number, name_ko: name.ko, name_en: name.en, birth_date, phone, district })
    }

    /// The place of the person with this national number of thirteen digits. It is read out of the number, and the person
    /// there is made and compared: nobody else's number leads anywhere.
    pub fn index_of(&self, national_number: &str) -> Option<u32> {
        if national_number.len() != 13 || !national_number.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let digits = |range: std::ops::Range<usize>| national_number[range].parse::<u32>().ok();
        let century = if matches!(digits(6..7)?, 3 | 4 | 7 | 8) { 2_000 } else { 1_900 };
        let birth_date = Date::new(century + digits(0..2)? as i16, digits(2..4)? as i8, digits(4..6)? as i8).ok()?;
        let serial = digits(7..12)?.checked_sub(FIRST_SERIAL)?;
        let index = self.bands.iter().find_map(|band| band.index_of(birth_date, serial))?;
        self.person(index).filter(|person| person.national_number == national_number).map(|_| index)
    }

    /// The place of a child's guardian: the adult who stands nearest before; none for others.
    pub fn guardian_of(&self, index: u32) -> Option<u32> {
        if self.birth_date(index)? <= self.children_after {
            return None;
        }
        // Two of every twenty are older than the cohort, so there is one among the forty before, or nobody is an adult.
        let before = index.saturating_sub(2 * TWENTY)..index;
        before.rev().find(|other| self.birth_date(*other).is_some_and(|born| born < self.adults_before))
    }

    /// When the person at a place was born.
    pub(crate) fn birth_date(&self, index: u32) -> Option<Date> {
        self.birth(index).map(|(birth_date, _)| birth_date)
    }

    /// Where the person at a place lives.
    pub(crate) fn district(&self, index: u32) -> u32 {
        self.drawn_district(&mut self.stream(index))
    }

    /// One place for every birth date that anybody has.
    pub(crate) fn a_place_for_each_birth_date(&self) -> impl Iterator<Item = u32> {
        let places = |band: &Band| {
            let (from, width) = (band.from, band.width);
            (0..band.days.min(band.people(self.count))).map(move |rank| rank / width * TWENTY + from + rank % width)
        };
        self.bands.iter().flat_map(places).collect::<Vec<_>>().into_iter()
    }

    /// Birth date, and which of those born on the day.
    fn birth(&self, index: u32) -> Option<(Date, u32)> {
        let place = index % TWENTY;
        let band = self.bands.iter().find(|band| (band.from..band.from + band.width).contains(&place))?;
        let rank = index / TWENTY * band.width + place - band.from;
        (index < self.count).then(|| (band.day(rank), rank / band.days))
    }

    /// First draws the district, so that it can be had alone.
    fn stream(&self, index: u32) -> Stream {
        Stream::open(self.seed, Purpose::MadePeople, index)
    }

    /// A district, the more adults the likelier.
    fn drawn_district(&self, stream: &mut Stream) -> u32 {
        let drawn = stream.below(self.districts.last().map_or(0, |(_, adults)| *adults));
        let position = self.districts.partition_point(|(_, up_to)| *up_to <= drawn);
        self.districts.get(position).map_or(0, |(code, _)| *code)
    }
}

impl Band {
    /// Nothing if the dates are fewer than a year's.
    fn of(first: Date, last: Date, from: u32, width: u32) -> Option<Self> {
        let days = u32::try_from((last - first).get_days()).ok()? + 1;
        if days < BAND_DAYS_MIN {
            return None;
        }
        // About the golden section of the days; a step that shares no factor with their number has a way back.
        let (step, back) = (days * 5 / 8..days).find_map(|step| way_back(step, days).map(|back| (step, back)))?;
        Some(Self { first, days, step, back, from, width })
    }

    /// How many of the first `count` people are of this band.
    fn people(&self, count: u32) -> u32 {
        count / TWENTY * self.width + (count % TWENTY).saturating_sub(self.from).min(self.width)
    }

    fn day(&self, rank: u32) -> Date {
        let day = u64::from(rank % self.days) * u64::from(self.step) % u64::from(self.days);
        plus_days(self.first, day.cast_signed())
    }

    fn index_of(&self, birth_date: Date, serial: u32) -> Option<u32> {
        let day = u32::try_from((birth_date - self.first).get_days()).ok().filter(|day| *day < self.days)?;
        let within = u64::from(day) * u64::from(self.back) % u64::from(self.days);
        let rank = serial.checked_mul(self.days)?.checked_add(within as u32)?;
        (rank / self.width).checked_mul(TWENTY)?.checked_add(self.from + rank % self.width)
    }
}

/// The number that undoes a multiplication by `step` modulo `days`, if there is one.
fn way_back(step: u32, days: u32) -> Option<u32> {
    let (mut rest, mut next_rest) = (i64::from(days), i64::from(step));
    let (mut back, mut next_back) = (0_i64, 1_i64);
    while next_rest != 0 {
        let times = rest / next_rest;
        (rest, next_rest) = (next_rest, rest - times * next_rest);
        (back, next_back) = (next_back, back - times * next_back);
    }
    (rest == 1).then(|| back.rem_euclid(i64::from(days)) as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn people(count: u32) -> MadePeople {
        MadePeople::of(&NationPlan { citizens: count, ..NationPlan::korea_2021(2021) }).unwrap()
    }

    #[test]
    fn a_number_leads_back_to_its_place_in_a_nation_of_the_whole_country() {
        let people = people(MADE_MAX);
        let places = (0..MADE_MAX).step_by(9_973).chain(0..200).chain(MADE_MAX - 200..MADE_MAX);
        for index in places {
            let person = people.person(index).unwrap();
            assert_eq!(people.index_of(&person.national_number), Some(index), "{person:?}");
            assert_eq!(people.birth_date(index), Some(person.birth_date));
            assert_eq!(people.district(index), person.district);
            let digits: Vec<u8> = person.phone.bytes().filter(u8::is_ascii_digit).collect();
            assert!(digits.starts_with(b"0100") && digits.len() == 11, "{}", person.phone);
        }
        assert_eq!(people.person(MADE_MAX), None);
    }

    #[test]
    fn another_check_digit_or_serial_or_length_leads_nowhere() {
        let (people, whole) = (people(5_000), people(MADE_MAX));
        for index in (0..5_000).step_by(97) {
            let number = people.person(index).unwrap().national_number;
            let last = number.as_bytes()[12] - b'0';
            for digit in (0..10).filter(|digit| *digit != last) {
                assert_eq!(people.index_of(&format!("{}{digit}", &number[..12])), None);
            }
            assert_eq!(people.index_of(&number[..12]), None);
            assert_eq!(people.index_of(&format!("{number}0")), None);
        }
        let beyond = whole.person(5_000).unwrap().national_number;
        assert_eq!(people.index_of(&beyond), None, "a smaller nation does not know whom a larger one has");
        for number in ["", "0000000000000", "9999999999999", "850230297000x", "가나다라마"] {
            assert_eq!(people.index_of(number), None, "{number}");
        }
    }

    #[test]
    fn nobody_has_anothers_number_and_seventeen_of_twenty_are_of_the_cohort() {
        let (people, plan) = (people(60_000), NationPlan::korea_2021(2021));
        let made: Vec<MadePerson> = (0..60_000).map(|index| people.person(index).unwrap()).collect();
        let numbers: BTreeSet<&str> = made.iter().map(|person| person.national_number.as_str()).collect();
        assert_eq!(numbers.len(), made.len());
        let in_cohort = |person: &&MadePerson| (plan.born_from..=plan.born_to).contains(&person.birth_date);
        assert_eq!(made.iter().filter(in_cohort).count(), 51_000);
        for digit in 0..10 {
            let born = made.iter().filter(in_cohort).filter(|person| person.birth_date.day() % 10 == digit).count();
            assert!((4_000..6_500).contains(&born), "{born} end in {digit}");
        }
        let dates: BTreeSet<Date> = made.iter().map(|person| person.birth_date).collect();
        let told = people.a_place_for_each_birth_date().map(|index| people.birth_date(index).unwrap());
        assert_eq!(told.collect::<BTreeSet<Date>>(), dates);
    }

    #[test]
    fn a_childs_guardian_is_an_adult_and_nobody_else_has_one() {
        let people = people(40_000);
        let mut children = 0;
        for index in 40..40_000 {
            let born = people.birth_date(index).unwrap();
            let Some(guardian) = people.guardian_of(index) else {
                assert!(born <= people.children_after);
                continue;
            };
            children += 1;
            assert!(born > people.children_after && people.birth_date(guardian).unwrap() < people.adults_before);
        }
        assert!(children > 1_000, "{children}");
    }

    #[test]
    fn a_plan_without_room_for_its_people_is_refused_in_words() {
        let plan = NationPlan::korea_2021(1);
        let narrow = NationPlan { born_from: plan.born_to, citizens: 2_000_000, ..plan.clone() };
        assert!(MadePeople::of(&narrow).unwrap_err().contains("a year of birth dates"));
        let crowded = NationPlan { born_from: plus_days(plan.born_to, -400), citizens: 2_000_000, ..plan.clone() };
        assert!(MadePeople::of(&crowded).unwrap_err().contains("more people than numbers"));
        let many = NationPlan { citizens: MADE_MAX + 1, ..plan };
        assert!(MadePeople::of(&many).unwrap_err().contains("20000000"));
    }
}
