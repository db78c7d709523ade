//! Room: rehearsal. Who may be sent to the door: the target's own rehearsal people, from its `citizens.csv`, told apart by
//! what the target says of their birth dates. Called by `evening`, before anything is measured.
//!
//! Must never decide who may reserve: the target is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::citizen::Intentions;
use crate::nation::rng::Stream;
use crate::profile::{HabitsSection, PeopleSection, Size};

/// Rows that are read.
const ROWS_MAX: u32 = 20_000_000;

/// `YYYY-MM-DD`.
pub(crate) type BirthDate = [u8; 10];

/// One of the target's people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// Line of the file, from 0: what the rehearsal sign-in takes.
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
    #[error("{wanted} people who may reserve now are wanted, and the target has {there}; turn --scale down")]
    TooFew { wanted: u64, there: u64 },
}

/// Reads everybody.
pub(crate) fn read(path: &Path) -> Result<Vec<Person>, PeopleError> {
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

/// Everybody who comes, in the order in which they come.
#[derive(Debug)]
pub(crate) struct Door {
    comers: Vec<Comer>,
    people: Vec<Person>,
    habits: HabitsSection,
    at_providers_permille: u32,
    /// Indices of the providers that people go to.
    providers: Vec<u8>,
    speed: u32,
}

#[derive(Clone, Copy, Debug)]
struct Comer {
    /// Index in `people`.
    person: u32,
    kind: ComerKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComerKind {
    MayReserve,
    FirstOfTwoDevices,
    SecondDevice,
    /// Signs in and is told another date.
    AnotherDay,
    /// Only asks for their date.
    OnlyAsks,
}

impl Door {
    /// Chooses who comes: `may_reserve` says it of each birth date.
    ///
    /// # Errors
    /// `TooFew`: the target has not so many who may reserve.
    pub(crate) fn open(
        people: Vec<Person>,
        may_reserve: &BTreeMap<BirthDate, bool>,
        plan: (&PeopleSection, &HabitsSection),
        size: Size,
        speed: u32,
        dice: &mut Stream,
    ) -> Result<Self, PeopleError> {
        let (section, habits) = plan;
        let indices = 0..u32::try_from(people.len()).unwrap_or(u32::MAX);
        let may = |index: &u32| may_reserve.get(&people[*index as usize].birth_date) == Some(&true);
        let (mut eligible, mut others): (Vec<u32>, Vec<u32>) = indices.partition(may);
        let there = eligible.len() as u64;
        if there < size.may_reserve {
            return Err(PeopleError::TooFew { wanted: size.may_reserve, there });
        }
        shuffle(&mut eligible, dice);
        shuffle(&mut others, dice);
        let mut comers = Vec::new();
        for &person in eligible.iter().take(usize::try_from(size.may_reserve).unwrap_or(usize::MAX)) {
            if dice.chance(section.two_devices_permille) {
                comers.push(Comer { person, kind: ComerKind::FirstOfTwoDevices });
                comers.push(Comer { person, kind: ComerKind::SecondDevice });
            } else {
                comers.push(Comer { person, kind: ComerKind::MayReserve });
            }
        }
        let verified = ((section.verifications - 1.0) * size.may_reserve as f64).round() as u64;
        let rest = size.at_door.saturating_sub(comers.len() as u64);
        // Where everybody may reserve, those who only look are they.
        let pool = if others.is_empty() { &eligible } else { &others };
        for (number, &person) in (0..rest).zip(pool.iter().cycle()) {
            let signs_in = number < verified && !others.is_empty();
            let kind = if signs_in { ComerKind::AnotherDay } else { ComerKind::OnlyAsks };
            comers.push(Comer { person, kind });
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
        let person = self.people[comer.person as usize];
        let habits = &self.habits;
        let (least, most) = habits.hesitate_secs;
        let thought = u64::from(least) * 1_000 + u64::from(dice.below((most - least) * 1_000 + 1));
        let hesitates = if dice.chance(habits.hesitate_permille) { thought / u64::from(self.speed) } else { 0 };
        let is_led = !self.providers.is_empty() && dice.chance(self.at_providers_permille);
        let chosen = is_led.then(|| dice.below(u32::try_from(self.providers.len()).unwrap_or(u32::MAX)) as usize);
        Some(Intentions {
            row: person.row,
            device: if comer.kind == ComerKind::SecondDevice { 2 } else { 1 },
            has_two_devices: matches!(comer.kind, ComerKind::FirstOfTwoDevices | ComerKind::SecondDevice),
            may_reserve: !matches!(comer.kind, ComerKind::AnotherDay | ComerKind::OnlyAsks),
            district: person.district,
            birth_date: person.birth_date,
            provider: chosen.and_then(|chosen| self.providers.get(chosen).copied()),
            only_asks: comer.kind == ComerKind::OnlyAsks,
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
        Door::open(people, &told, (section, &HabitsSection::default()), size, 1, &mut dice)
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
