//! Room: rehearsal. Test people: most may reserve, some are too young or too old, a few are hard on software.
//!
//! Called by `generate`; read back by the rehearsal identity provider, which lets a visitor sign in as one of them.
//! Never makes a person who could exist: see `national_number`, and telephone numbers that are assigned to nobody.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;

use super::clinic_names::Name;
use super::districts::District;
use super::national_number::{Residence, SERIALS, Sex, invalid_number};
use super::person_names;
use super::plan::{NationPlan, plus_days};
use super::rng::{Purpose, Stream};

/// One test person.
pub(super) struct DemoCitizen {
    pub(super) national_number: String,
    pub(super) name: Name,
    pub(super) born: Date,
    pub(super) phone: String,
    pub(super) district: u32,
}

/// Test people of a plan, one after another: first the cast, then the crowd. Ends after the plan's count.
pub(super) struct Citizens<'nation> {
    plan: &'nation NationPlan,
    districts: &'nation [District],
    /// Adults of the districts up to each, it included.
    adults_up_to: Vec<u32>,
    stream: Stream,
    cast: std::vec::IntoIter<Role>,
    /// Serials given out, by birth date and seventh digit's meaning.
    serials: BTreeMap<(Date, bool, bool), u32>,
    written: u32,
    in_cohort: u32,
}

/// A person whose name and birth date were chosen with care.
struct Role {
    ko: &'static str,
    en: &'static str,
    born: Date,
    residence: Residence,
}

impl<'nation> Citizens<'nation> {
    pub(super) fn of(plan: &'nation NationPlan, districts: &'nation [District]) -> Self {
        let stream = Stream::open(plan.seed, Purpose::Citizens, 0);
        let cast = cast(plan).into_iter();
        let adults_up_to = districts
            .iter()
            .scan(0, |adults, district| {
                *adults += district.adults;
                Some(*adults)
            })
            .collect();
        Self { plan, districts, adults_up_to, stream, cast, serials: BTreeMap::new(), written: 0, in_cohort: 0 }
    }

    /// Ages of the crowd, twenty by twenty: seventeen of the cohort, one too young, two too old.
    fn birth_date(&mut self) -> Date {
        let plan = self.plan;
        let (first, last) = match self.written % 20 {
            17 => (plus_days(plan.born_to, 1), plus_days(plan.born_to, 3_650).min(plan.first_day)),
            18 | 19 => (plus_days(plan.born_from, -14_600).max(EARLIEST_BIRTH), plus_days(plan.born_from, -1)),
            _ => return self.birth_date_in_cohort(),
        };
        // A range of less than a year would crowd too many people on a day: the cohort takes them.
        match (last - first).get_days() {
            ..365 => self.birth_date_in_cohort(),
            days => plus_days(first, i64::from(self.stream.below(days.unsigned_abs() + 1))),
        }
    }

    /// Every last digit of the day of birth in every year in turn, so that a few hundred people already hold each.
    fn birth_date_in_cohort(&mut self) -> Date {
        let (from, to) = (self.plan.born_from, self.plan.born_to);
        let turn = self.in_cohort;
        self.in_cohort += 1;
        let years = u32::from((to.year() - from.year()).unsigned_abs()) + 1;
        let year = from.year() + (turn / 10 % years) as i16;
        for _ in 0..16 {
            let month = self.stream.below(12) as i8 + 1;
            let day = (turn % 10 + 10 * self.stream.below(4)) as i8;
            if let Ok(born) = Date::new(year, month, day)
                && (from..=to).contains(&born)
            {
                return born;
            }
        }
        // Hardly any day of that year is in the cohort: any day of the cohort then.
        plus_days(from, i64::from(self.stream.below((to - from).get_days().unsigned_abs() + 1)))
    }

    fn citizen(&mut self, name: Name, born: Date, residence: Residence) -> DemoCitizen {
        let sex = if self.stream.chance(500) { Sex::Female } else { Sex::Male };
        let given = self.serials.entry((born, sex == Sex::Female, residence == Residence::Foreign)).or_default();
        // A step that shares no factor with the count visits every serial once.
        let serial = (*given * 769 + 541) % SERIALS;
        *given += 1;
        let spin = self.stream.below(8);
        let phone = format!("010-{:04}-{:04}", self.written / 10_000, self.written % 10_000);
        let district = self.district();
        DemoCitizen { national_number: invalid_number(born, sex, residence, serial, spin), name, born, phone, district }
    }

    /// A district, the more adults the likelier.
    fn district(&mut self) -> u32 {
        let adults = self.adults_up_to.last().copied().unwrap_or(0);
        let drawn = self.stream.below(adults);
        let position = self.adults_up_to.partition_point(|up_to| *up_to <= drawn);
        self.districts.get(position).map_or(0, |district| district.code)
    }
}

/// Who is whose guardian: a child's is the adult who stands nearest before them in the file.
pub(super) struct Families {
    /// Born after this, one is a child.
    children_after: Date,
    /// Born before this, one is an adult.
    adults_before: Date,
    adult: String,
}

impl Families {
    pub(super) fn of(plan: &NationPlan) -> Self {
        let before = |years: i64| plan.first_day.saturating_sub(Span::new().years(years));
        Self { children_after: before(CHILD_YEARS), adults_before: before(ADULT_YEARS), adult: String::new() }
    }

    /// The national number of this person's guardian; empty for who has none.
    pub(super) fn guardian_of(&mut self, citizen: &DemoCitizen) -> &str {
        if citizen.born < self.adults_before {
            self.adult.clone_from(&citizen.national_number);
        }
        if citizen.born > self.children_after { &self.adult } else { "" }
    }
}

/// Younger than this one needs a guardian. Unit: years.
pub(super) const CHILD_YEARS: i64 = 14;
/// From this age on one may be a child's guardian. Unit: years.
pub(super) const ADULT_YEARS: i64 = 30;

/// Nobody is born before; the seventh digit of a number tells no earlier century here.
pub(super) const EARLIEST_BIRTH: Date = jiff::civil::date(1900, 1, 1);

impl Iterator for Citizens<'_> {
    type Item = DemoCitizen;

    fn next(&mut self) -> Option<DemoCitizen> {
        if self.written >= self.plan.citizens {
            return None;
        }
        let citizen = match self.cast.next() {
            Some(role) => {
                let name = Name { ko: role.ko.to_owned(), en: role.en.to_owned() };
                self.citizen(name, role.born, role.residence)
            }
            None => {
                let born = self.birth_date();
                let (name, residence) = match self.stream.chance(40) {
                    true => (person_names::foreign(&mut self.stream), Residence::Foreign),
                    false => (person_names::korean(&mut self.stream), Residence::Citizen),
                };
                self.citizen(name, born, residence)
            }
        };
        self.written += 1;
        Some(citizen)
    }
}

/// The people a demonstration and its tests ask for by name.
fn cast(plan: &NationPlan) -> Vec<Role> {
    let (from, to) = (plan.born_from, plan.born_to);
    let middle = plus_days(from, i64::from((to - from).get_days() / 2));
    let latest = plan.first_day;
    // The first such day of the cohort from its middle on, or the middle itself.
    let in_cohort = |wanted: fn(Date) -> bool| {
        let mut days = middle.series(Span::new().days(1)).take_while(|day| *day <= to);
        days.find(|day| wanted(*day)).unwrap_or(middle)
    };
    let citizen = |ko, en, born| Role { ko, en, born, residence: Residence::Citizen };
    let foreign = |ko, en, born| Role { ko, en, born, residence: Residence::Foreign };
    let twins = in_cohort(|day| day.day() == 7);
    vec![
        // An ordinary person, and the first and last days that a rule may get wrong by one.
        citizen("김차례", "Charye Kim", middle),
        citizen("이처음", "Cheoeum Lee", from),
        citizen("박마지막", "Majimak Park", to),
        citizen("최하루", "Haru Choi", plus_days(from, -1).max(EARLIEST_BIRTH)),
        citizen("정내일", "Naeil Jung", plus_days(to, 1).min(latest)),
        // Days of birth that the rotation must find a day for.
        citizen("강윤달", "Yundal Kang", in_cohort(|day| day.month() == 2 && day.day() == 29)),
        citizen("조그믐", "Geumeum Cho", in_cohort(|day| day.day() == 31)),
        citizen("윤열흘", "Yeolheul Yoon", in_cohort(|day| day.day() == 10)),
        citizen("장서른", "Seoreun Jang", in_cohort(|day| day.day() == 30)),
        // Two people, one name, one birth date: nobody may merge them.
        citizen("김민준", "Minjun Kim", twins),
        citizen("김민준", "Minjun Kim", twins),
        // Names that break forms: two-syllable surnames, one-syllable given names, a syllable that EUC-KR lacks, length.
        citizen("제갈민서", "Minseo Jegal", middle),
        citizen("남궁솔", "Sol Namgung", middle),
        citizen("허별", "Byeol Heo", middle),
        citizen("이믜르", "Muireu Lee", middle),
        citizen(
            "한새벽이슬머금은들꽃처럼맑고고운아이",
            "Saebyeogiseulmeogeumeundeulkkotcheoreommalgogoounai Han",
            middle,
        ),
        // Foreign residents: Latin letters, marks, commas, and one name longer than most columns.
        foreign("O'CONNOR-MÜLLER SIÂN", "Siân O'Connor-Müller", middle),
        foreign("NGUYEN THI THU HA", "Nguyễn Thị Thu Hà", in_cohort(|day| day.day() == 19)),
        foreign("리, 명화", "Ri, Myonghwa", middle),
        foreign(
            "VAN DER WESTHUIZEN-RAKOTOMALALA MAXIMILIANA ALEXANDRA WILHELMINA",
            "Maximiliana Alexandra Wilhelmina van der Westhuizen-Rakotomalala",
            middle,
        ),
    ]
}
