//! Room: rehearsal. Who may be sent to the door: the target's own rehearsal people, from its `citizens.csv` or made as its
//! `nation.toml` says, told apart by what the target says of their birth dates. Called by `evening`, before anything is measured.
//!
//! Must never decide who may reserve: the target is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::citizen::Intentions;
use crate::nation::rng::Stream;
use crate::nation::{MADE_MAX, MadePeople, MadePeopleError};
use crate::profile::{HabitsSection, PeopleSection, Size};

/// Rows that are read.
const ROWS_MAX: u32 = MADE_MAX;

/// `YYYY-MM-DD`.
pub(crate) type BirthDate = [u8; 10];

/// One of the target's people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// Line of the file or place in the nation, from 0: what the rehearsal sign-in takes.
    pub(crate) row: u32,
    pub(crate) district: u32,
    pub(crate) birth_date: BirthDate,
}

/// Why people cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("could not read {}", path.display())]
    Storage { path: PathBuf, source: csv::Error },
    #[error("{} line {line}: no birth_date or district_code as a rehearsal's citizens.csv has them", path.display())]
    Row { path: PathBuf, line: u64 },
    #[error(transparent)]
    Made(#[from] MadePeopleError),
    #[error("{wanted} people who may reserve now are wanted, and the target has {there}; turn --scale down")]
    TooFew { wanted: u64, there: u64 },
}

/// Everybody whom the target knows.
#[derive(Debug)]
pub(crate) enum Folk {
    /// As the file has them.
    Read(Vec<Person>),
    /// Held nowhere.
    Made(MadePeople),
}

impl Folk {
    /// Reads everybody from a `citizens.csv`, or learns from a `nation.toml` how they are made.
    pub(crate) fn read(path: &Path) -> Result<Self, PeopleError> {
        match path.extension().is_some_and(|extension| extension == "toml") {
            true => Ok(Self::Made(MadePeople::read(path)?)),
            false => Ok(Self::Read(read_rows(path)?)),
        }
    }

    fn count(&self) -> u32 {
        match self {
            Self::Read(people) => u32::try_from(people.len()).unwrap_or(u32::MAX),
            Self::Made(people) => people.count(),
        }
    }

    fn person(&self, index: u32) -> Option<Person> {
        match self {
            Self::Read(people) => people.get(index as usize).copied(),
            Self::Made(people) => {
                let birth_date = written(people.birth_date(index)?);
                Some(Person { row: index, district: people.district(index), birth_date })
            }
        }
    }

    fn birth_date(&self, index: u32) -> Option<BirthDate> {
        match self {
            Self::Read(people) => people.get(index as usize).map(|person| person.birth_date),
            Self::Made(people) => people.birth_date(index).map(written),
        }
    }

    /// Every birth date that anybody has, once.
    pub(crate) fn birth_dates(&self) -> BTreeSet<BirthDate> {
        match self {
            Self::Read(people) => people.iter().map(|person| person.birth_date).collect(),
            Self::Made(people) => {
                people.a_place_for_each_birth_date().filter_map(|index| self.birth_date(index)).collect()
            }
        }
    }
}

/// `YYYY-MM-DD`, without an allocation: it is asked of everybody. Years here have four digits.
fn written(date: Date) -> BirthDate {
    let digit = |number: u16| b'0' + (number % 10) as u8;
    let (year, month, day) =
        (date.year().unsigned_abs(), u16::from(date.month().unsigned_abs()), u16::from(date.day().unsigned_abs()));
    let [a, b, c, d] = [year / 1_000, year / 100, year / 10, year].map(digit);
    [a, b, c, d, b'-', digit(month / 10), digit(month), b'-', digit(day / 10), digit(day)]
}

fn read_rows(path: &Path) -> Result<Vec<Person>, PeopleError> {
    let storage = |source| PeopleError::Storage { path: path.to_owned(), source };
    let mut reader = csv::Reader::from_path(path).map_err(storage)?;
    let headers = reader.headers().map_err(storage)?.clone();
    let column = |name: &str| headers.iter().position(|header| header.trim_start_matches('\u{feff}') == name);
    let unreadable = |line| PeopleError::Row { path: path.to_owned(), line };
    let (Some(born), Some(district)) = (column("birth_date"), column("district_code")) else {
        return Err(unreadable(1));
    };
    let mut people = Vec::new();
    let mut record = csv::StringRecord::new();
    for row in 0..ROWS_MAX {
        if !reader.read_record(&mut record).map_err(storage)? {
            break;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let birth_date = record.get(born).and_then(|text| BirthDate::try_from(text.as_bytes()).ok());
        let district = record.get(district).and_then(|text| text.parse().ok());
        let (Some(birth_date), Some(district)) = (birth_date, district) else { return Err(unreadable(line)) };
        people.push(Person { row, district, birth_date });
    }
    Ok(people)
}

/// Everybody who comes, in the order in which they come. Four bytes for each; twelve for each of the people meanwhile.
#[derive(Debug)]
pub(crate) struct Door {
    comers: Vec<Comer>,
    people: Folk,
    habits: HabitsSection,
    at_providers_permille: u32,
    /// Indices of the providers that people go to.
    providers: Vec<u8>,
    speed: u32,
}

/// Index in the folk, and in the four highest bits the kind: there may be sixteen million.
#[derive(Clone, Copy, Debug)]
struct Comer(u32);

impl Comer {
    const KIND_SHIFT: u32 = 28;

    fn new(person: u32, kind: ComerKind) -> Self {
        const { assert!(ROWS_MAX <= 1 << Self::KIND_SHIFT, "an index leaves four bits for the kind") };
        Self(person | (kind as u32) << Self::KIND_SHIFT)
    }

    fn person(self) -> u32 {
        self.0 & ((1 << Self::KIND_SHIFT) - 1)
    }

    fn kind(self) -> ComerKind {
        match self.0 >> Self::KIND_SHIFT {
            0 => ComerKind::MayReserve,
            1 => ComerKind::FirstOfTwoDevices,
            2 => ComerKind::SecondDevice,
            3 => ComerKind::AnotherDay,
            _ => ComerKind::OnlyAsks,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComerKind {
    MayReserve = 0,
    FirstOfTwoDevices = 1,
    SecondDevice = 2,
    /// Signs in and is told another date.
    AnotherDay = 3,
    /// Only asks for their date.
    OnlyAsks = 4,
}

impl Door {
    /// Chooses who comes: `may_reserve` says it of each birth date.
    ///
    /// # Errors
    /// `TooFew`: the target has not so many who may reserve.
    pub(crate) fn open(
        people: Folk,
        may_reserve: &BTreeMap<BirthDate, bool>,
        plan: (&PeopleSection, &HabitsSection),
        size: Size,
        speed: u32,
        dice: &mut Stream,
    ) -> Result<Self, PeopleError> {
        let (section, habits) = plan;
        let may = |index: &u32| people.birth_date(*index).is_some_and(|date| may_reserve.get(&date) == Some(&true));
        let (mut eligible, mut others): (Vec<u32>, Vec<u32>) = (0..people.count()).partition(may);
        let there = eligible.len() as u64;
        if there < size.may_reserve {
            return Err(PeopleError::TooFew { wanted: size.may_reserve, there });
        }
        shuffle(&mut eligible, dice);
        shuffle(&mut others, dice);
        let mut comers = Vec::new();
        for &person in eligible.iter().take(usize::try_from(size.may_reserve).unwrap_or(usize::MAX)) {
            if dice.chance(section.two_devices_permille) {
                comers.push(Comer::new(person, ComerKind::FirstOfTwoDevices));
                comers.push(Comer::new(person, ComerKind::SecondDevice));
            } else {
                comers.push(Comer::new(person, ComerKind::MayReserve));
            }
        }
        let verified = ((section.verifications - 1.0) * size.may_reserve as f64).round() as u64;
        let rest = size.at_door.saturating_sub(comers.len() as u64);
        // Where everybody may reserve, those who only look are they.
        let pool = if others.is_empty() { &eligible } else { &others };
        for (number, &person) in (0..rest).zip(pool.iter().cycle()) {
            let signs_in = number < verified && !others.is_empty();
            let kind = if signs_in { ComerKind::AnotherDay } else { ComerKind::OnlyAsks };
            comers.push(Comer::new(person, kind));
        }
        shuffle(&mut comers, dice);
        let at_providers_permille = section.at_providers_permille;
        Ok(Self {
            comers,
            people,
            habits: habits.clone(),
            at_providers_permille,
            providers: Vec::new(),
            speed: speed.max(1),
        })
    }

    /// These providers are open to people, by their indices: each is chosen as often as the others.
    pub(crate) fn leads_to(&mut self, providers: Vec<u8>) {
        self.providers = providers;
    }

    /// How many come.
    pub(crate) fn count(&self) -> u64 {
        self.comers.len() as u64
    }

    /// Who comes at this place, and with which intentions.
    pub(crate) fn comer(&self, number: u64, dice: &mut Stream) -> Option<Intentions> {
        let comer = self.comers.get(usize::try_from(number).ok()?)?;
        let (person, kind) = (self.people.person(comer.person())?, comer.kind());
        let habits = &self.habits;
        let (least, most) = habits.hesitate_secs;
        let thought = u64::from(least) * 1_000 + u64::from(dice.below((most - least) * 1_000 + 1));
        let hesitates = if dice.chance(habits.hesitate_permille) { thought / u64::from(self.speed) } else { 0 };
        let is_led = !self.providers.is_empty() && dice.chance(self.at_providers_permille);
        let chosen = is_led.then(|| dice.below(u32::try_from(self.providers.len()).unwrap_or(u32::MAX)) as usize);
        Some(Intentions {
            row: person.row,
            device: if kind == ComerKind::SecondDevice { 2 } else { 1 },
            has_two_devices: matches!(kind, ComerKind::FirstOfTwoDevices | ComerKind::SecondDevice),
            may_reserve: !matches!(kind, ComerKind::AnotherDay | ComerKind::OnlyAsks),
            district: person.district,
            birth_date: person.birth_date,
            provider: chosen.and_then(|chosen| self.providers.get(chosen).copied()),
            only_asks: kind == ComerKind::OnlyAsks,
            hesitates: std::time::Duration::from_millis(hesitates),
            walks_away: dice.chance(habits.walk_away_permille),
            changes: dice.chance(habits.change_permille),
            cancels: dice.chance(habits.cancel_permille),
            comes_back: dice.chance(habits.come_back_permille),
        })
    }
}

/// Fisher and Yates.
fn shuffle<T>(list: &mut [T], dice: &mut Stream) {
    for index in (1..list.len()).rev() {
        let other = dice.below(u32::try_from(index + 1).unwrap_or(u32::MAX));
        list.swap(index, other as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nation::rng::Purpose;

    fn person(row: u32) -> Person {
        let digit = b'0' + (row % 10) as u8;
        Person { row, district: 11_110, birth_date: [b'1', b'9', b'9', b'0', b'-', b'0', b'1', b'-', b'1', digit] }
    }

    fn open(at_door: u64, may_reserve: u64, section: &PeopleSection) -> Result<Door, PeopleError> {
        let people: Vec<Person> = (0..1_000).map(person).collect();
        let told = people.iter().map(|person| (person.birth_date, person.birth_date[9] == b'3')).collect();
        let size = Size { may_reserve, at_door, millis: 1_000, peak_per_sec: 0 };
        let mut dice = Stream::open(7, Purpose::Habits, 0);
        Door::open(Folk::Read(people), &told, (section, &HabitsSection::default()), size, 1, &mut dice)
    }

    fn section(two_devices_permille: u32) -> PeopleSection {
        PeopleSection {
            may_reserve: 50,
            at_door: 4.0,
            verifications: 2.5,
            two_devices_permille,
            at_providers_permille: 0,
        }
    }

    #[test]
    fn four_come_for_each_who_may_reserve_and_two_and_a_half_sign_in() {
        let door = open(200, 50, &section(0)).unwrap();
        let mut dice = Stream::open(8, Purpose::Habits, 0);
        let comers: Vec<Intentions> = (0..door.count()).map(|number| door.comer(number, &mut dice).unwrap()).collect();
        assert_eq!(comers.len(), 200);
        assert_eq!(comers.iter().filter(|comer| comer.may_reserve).count(), 50);
        assert_eq!(comers.iter().filter(|comer| !comer.only_asks).count(), 125);
        assert!(comers.iter().all(|comer| comer.may_reserve == (comer.birth_date[9] == b'3')));
        let mut rows: Vec<u32> = comers.iter().filter(|comer| comer.may_reserve).map(|comer| comer.row).collect();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 50, "nobody who may reserve comes twice");
        assert!(door.comer(200, &mut dice).is_none());
    }

    #[test]
    fn a_second_device_is_the_same_person() {
        let door = open(200, 50, &section(1_000)).unwrap();
        let mut dice = Stream::open(8, Purpose::Habits, 0);
        let comers: Vec<Intentions> = (0..door.count()).map(|number| door.comer(number, &mut dice).unwrap()).collect();
        let devices = |device| {
            let mut rows: Vec<u32> = comers
                .iter()
                .filter(|comer| comer.may_reserve && comer.device == device)
                .map(|comer| comer.row)
                .collect();
            rows.sort_unstable();
            rows
        };
        assert_eq!(devices(1).len(), 50);
        assert_eq!(devices(1), devices(2));
        assert!(comers.iter().filter(|comer| comer.may_reserve).all(|comer| comer.has_two_devices));
    }

    #[test]
    fn more_than_there_are_is_refused() {
        let error = open(1_000, 101, &section(0)).unwrap_err();
        assert!(matches!(error, PeopleError::TooFew { wanted: 101, there: 100 }), "{error}");
    }
}
