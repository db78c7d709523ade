//! Room: gateway/identity. The rehearsal's identity provider: a tester chooses one of the demo nation's people and is them.
//!
//! Made by `server/wiring`, used by web through the port `RehearsalPeople`. Cannot be made without the configuration's
//! word that this is a rehearsal, and takes no national number that could be a real person's.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use charye_domain::campaign::UniquenessScheme;
use charye_engine::Failure;
use charye_engine::ports::{
    Assurance, Doing, GuardianRegistry, GuardianSaid, Keys, PersonalDetails, ProvenCitizen, RehearsalCitizen,
    RehearsalCitizenId, RehearsalFilter, RehearsalPeople,
};
use jiff::civil::Date;
use serde::Deserialize;

use super::prove_citizen;

/// People a file may hold; a generated nation writes at most as many.
pub const CITIZENS_MAX: usize = 1_000_000;
/// Bytes a file may have.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Guardians that a person may have.
const GUARDIANS_MAX: usize = 2;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;
/// People a page may list.
const PAGE_MAX: usize = 100;
/// People made on demand that are looked at for a page.
const LOOKED_AT_MAX: u32 = 50_000;

/// The section `[rehearsal]` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RehearsalSection {
    /// Whether this installation is a rehearsal or demonstration. Every page then says so.
    pub enabled: bool,
    /// The test people's `citizens.csv`, or the `nation.toml` of a nation whose people are made on demand.
    pub citizens: Option<PathBuf>,
    /// Processor time burnt on a listener's thread before each request is answered: a slower machine. Unit: microseconds.
    pub burn_us: u32,
    /// The same on the sequencer's thread before each command is decided.
    pub burn_command_us: u32,
    /// The port of 127.0.0.1 on which the rehearsal's own identity providers answer, 0 for any free one; left out: there are
    /// none, and people are chosen on our own page.
    pub identity_port: Option<u16>,
}

impl RehearsalSection {
    /// Most time that a request or a command may burn. Unit: microseconds.
    pub const BURN_MAX_US: u32 = 100_000;

    /// The permission to make a [`RehearsalProvider`], if the configuration gives it.
    pub fn allowance(&self) -> Option<RehearsalAllowed> {
        self.enabled.then_some(RehearsalAllowed(()))
    }
}

/// Proof that the configuration says rehearsal. Made by [`RehearsalSection::allowance`] only.
#[derive(Clone, Copy, Debug)]
pub struct RehearsalAllowed(());

/// Why test people were not loaded.
#[derive(Debug, thiserror::Error)]
pub enum CitizensFileError {
    #[error("could not read {}", path.display())]
    Storage { path: PathBuf, source: std::io::Error },
    #[error("{}: {reason}", path.display())]
    Unfit { path: PathBuf, reason: String },
    #[error("{} line {line}, column {column}: {reason}", path.display())]
    Cell { path: PathBuf, line: u64, column: &'static str, reason: String },
}

/// Test people whom nobody holds: each is made from their place when asked for. Implemented by the program, over a nation.
pub trait PeopleOnDemand: Send + Sync {
    /// How many there are; their places are 0 to one less.
    fn count(&self) -> u32;
    /// The one at a place: the same whenever asked.
    fn citizen(&self, place: u32) -> Option<MadeCitizen>;
    /// The place of the one with these thirteen digits.
    fn place_of(&self, national_number: &str) -> Option<u32>;
}

/// One of them, as a row of `citizens.csv` would tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeCitizen {
    /// Thirteen digits with a wrong check digit.
    pub national_number: String,
    pub name_ko: String,
    pub name_en: String,
    pub birth_date: Date,
    /// Digits, with hyphens or without.
    pub phone: String,
    pub district: u32,
    /// A child's guardian.
    pub guardian_number: Option<String>,
}

/// The rehearsal's people and the keys to prove them with.
pub struct RehearsalProvider {
    folk: Folk,
    keys: Arc<dyn Keys>,
}

/// Where the people are.
enum Folk {
    /// Read from a file.
    Read { citizens: Vec<TestCitizen>, by_number: HashMap<NationalNumber, RehearsalCitizenId> },
    /// Made when asked for.
    Made(Arc<dyn PeopleOnDemand>),
}

/// Thirteen digits in ASCII.
type NationalNumber = [u8; 13];

#[derive(Clone)]
struct TestCitizen {
    number: NationalNumber,
    name_ko: String,
    name_en: String,
    birth_date: Date,
    phone: String,
    district: u32,
    guardians: Box<[NationalNumber]>,
}

impl RehearsalProvider {
    /// Loads `citizens.csv`: UTF-8, with or without a byte order mark, or EUC-KR; columns by name in any order.
    ///
    /// # Errors
    /// The first thing that is wrong, with line and column.
    pub fn load(_allowed: RehearsalAllowed, path: &Path, keys: Arc<dyn Keys>) -> Result<Self, CitizensFileError> {
        let text = read_text(path)?;
        Self::parse(path, &text, keys)
    }

    /// The same over people who are made on demand.
    pub fn on_demand(_allowed: RehearsalAllowed, people: Arc<dyn PeopleOnDemand>, keys: Arc<dyn Keys>) -> Self {
        Self { folk: Folk::Made(people), keys }
    }

    fn parse(path: &Path, text: &str, keys: Arc<dyn Keys>) -> Result<Self, CitizensFileError> {
        let unfit = |reason: String| CitizensFileError::Unfit { path: path.to_owned(), reason };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|error| unfit(error.to_string()))?.clone();
        let place = |name: &str| {
            let mut places = headers.iter().enumerate().filter(|(_, header)| header.trim() == name);
            match (places.next(), places.next()) {
                (Some((place, _)), None) => Ok(place),
                (None, _) => Err(unfit(format!("the header has no column `{name}`"))),
                _ => Err(unfit(format!("the header has column `{name}` twice"))),
            }
        };
        let places = Places {
            number: place("national_number")?,
            name_ko: place("name_ko")?,
            name_en: place("name_en")?,
            birth_date: place("birth_date")?,
            phone: place("phone")?,
            district: place("district_code")?,
            guardians: headers
                .iter()
                .any(|header| header.trim() == "guardian_numbers")
                .then(|| place("guardian_numbers"))
                .transpose()?,
        };

        let mut citizens: Vec<TestCitizen> = Vec::new();
        let mut by_number = HashMap::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| unfit(error.to_string()))? {
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |column, reason| CitizensFileError::Cell { path: path.to_owned(), line, column, reason };
            if record.len() != headers.len() {
                return Err(cell("all", format!("the row has {} cells, the header {}", record.len(), headers.len())));
            }
            if citizens.len() == CITIZENS_MAX {
                return Err(unfit(format!("it has more than {CITIZENS_MAX} people")));
            }
            let citizen = places.read(&record).map_err(|(column, reason)| cell(column, reason))?;
            let id = RehearsalCitizenId(citizens.len() as u32);
            if by_number.insert(citizen.number, id).is_some() {
                return Err(cell("national_number", "another row has this number".to_owned()));
            }
            citizens.push(citizen);
        }
        if citizens.is_empty() {
            return Err(unfit("it has no people".to_owned()));
        }
        Ok(Self { folk: Folk::Read { citizens, by_number }, keys })
    }

    fn citizen(&self, id: RehearsalCitizenId) -> Option<Cow<'_, TestCitizen>> {
        match &self.folk {
            Folk::Read { citizens, .. } => citizens.get(usize::try_from(id.0).ok()?).map(Cow::Borrowed),
            Folk::Made(people) => people.citizen(id.0).and_then(TestCitizen::made).map(Cow::Owned),
        }
    }

    fn numbered(&self, number: &NationalNumber) -> Option<RehearsalCitizenId> {
        match &self.folk {
            Folk::Read { by_number, .. } => by_number.get(number).copied(),
            Folk::Made(people) => people.place_of(std::str::from_utf8(number).ok()?).map(RehearsalCitizenId),
        }
    }
}

/// What the rehearsal's own providers tell about somebody. Stays in the gateway: it has the made-up national number.
pub(super) struct Attested {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) birth_date: Date,
    pub(super) phone: String,
}

impl RehearsalProvider {
    /// One of the people, as a provider knows them.
    pub(super) fn attested(&self, id: RehearsalCitizenId) -> Option<Attested> {
        let citizen = self.citizen(id)?;
        Some(Attested {
            number: citizen.number.iter().copied().map(char::from).collect(),
            name: citizen.name_ko.clone(),
            birth_date: citizen.birth_date,
            phone: citizen.phone.clone(),
        })
    }
}

impl RehearsalPeople for RehearsalProvider {
    fn count(&self) -> usize {
        match &self.folk {
            Folk::Read { citizens, .. } => citizens.len(),
            Folk::Made(people) => people.count() as usize,
        }
    }

    /// Of people made on demand only so many are looked at, from `after` on, that a page never takes long.
    fn list(&self, filter: &RehearsalFilter, after: Option<RehearsalCitizenId>, limit: usize) -> Vec<RehearsalCitizen> {
        let wanted = filter.name.trim().to_lowercase();
        let first = after.map_or(0, |id| id.0.saturating_add(1));
        let end = match &self.folk {
            Folk::Read { citizens, .. } => u32::try_from(citizens.len()).unwrap_or(u32::MAX),
            Folk::Made(people) => people.count().min(first.saturating_add(LOOKED_AT_MAX)),
        };
        let rest = (first..end).map(RehearsalCitizenId).filter_map(|id| Some((id, self.citizen(id)?)));
        rest.filter(|(_, citizen)| citizen.matches(filter, &wanted))
            .take(limit.min(PAGE_MAX))
            .map(|(id, citizen)| citizen.shown(id))
            .collect()
    }

    fn by_number(&self, number: &str) -> Option<RehearsalCitizenId> {
        self.numbered(&parse_number(number)?)
    }

    fn prove(&self, id: RehearsalCitizenId) -> Option<ProvenCitizen> {
        let citizen = self.citizen(id)?;
        let details = PersonalDetails {
            name: citizen.name_ko.clone(),
            birth_date: citizen.birth_date,
            phone: citizen.phone.clone(),
        };
        Some(prove_citizen(&*self.keys, UniquenessScheme::Rehearsal, &citizen.number, details, Assurance::Rehearsed))
    }
}

impl GuardianRegistry for RehearsalProvider {
    fn attest<'a>(&'a self, said: &'a GuardianSaid) -> Doing<'a, Result<Option<ProvenCitizen>, Failure>> {
        Box::pin(async move { Ok(self.child_of(said)) })
    }
}

impl RehearsalProvider {
    /// The child, if everything said of it is right and the guardian is one of its own.
    fn child_of(&self, said: &GuardianSaid) -> Option<ProvenCitizen> {
        let id = self.by_number(&said.child_number)?;
        let child = self.citizen(id)?;
        let is_guardian = |number: &NationalNumber| {
            let guardian = self.numbered(number).and_then(|id| self.citizen(id));
            guardian.is_some_and(|guardian| {
                let known = (&guardian.name_ko, guardian.birth_date, &guardian.phone);
                known == (&said.guardian.name, said.guardian.birth_date, &said.guardian.phone)
            })
        };
        let is_named = child.name_ko == said.child_name.trim() && child.birth_date == said.child_birth_date;
        (is_named && child.guardians.iter().any(is_guardian)).then(|| self.prove(id)).flatten()
    }
}

impl TestCitizen {
    /// Nobody, if it could be a real person: the fence of a file's rows stands here too.
    fn made(citizen: MadeCitizen) -> Option<Self> {
        let number = parse_number(&citizen.national_number).filter(|number| !could_be_real(number))?;
        let guardians: Box<[_]> = citizen.guardian_number.as_deref().and_then(parse_number).into_iter().collect();
        Some(Self {
            number,
            name_ko: citizen.name_ko,
            name_en: citizen.name_en,
            birth_date: citizen.birth_date,
            phone: citizen.phone.chars().filter(char::is_ascii_digit).collect(),
            district: citizen.district,
            guardians,
        })
    }

    fn matches(&self, filter: &RehearsalFilter, wanted_name: &str) -> bool {
        let name_fits = wanted_name.is_empty()
            || self.name_ko.to_lowercase().contains(wanted_name)
            || self.name_en.to_lowercase().contains(wanted_name);
        name_fits
            && filter.born_from.is_none_or(|from| from <= self.birth_date)
            && filter.born_to.is_none_or(|to| self.birth_date <= to)
            && filter.birth_day_digit.is_none_or(|digit| self.birth_date.day().unsigned_abs() % 10 == digit)
            && filter.district.is_none_or(|district| district == self.district)
    }

    fn shown(&self, id: RehearsalCitizenId) -> RehearsalCitizen {
        RehearsalCitizen {
            id,
            name_ko: self.name_ko.clone(),
            name_en: self.name_en.clone(),
            birth_date: self.birth_date,
            district: self.district,
        }
    }
}

/// Where each column stands.
struct Places {
    number: usize,
    name_ko: usize,
    name_en: usize,
    birth_date: usize,
    phone: usize,
    district: usize,
    /// Left out by nations without children.
    guardians: Option<usize>,
}

impl Places {
    fn read(&self, record: &csv::StringRecord) -> Result<TestCitizen, (&'static str, String)> {
        let cell = |place: usize| record.get(place).unwrap_or_default().trim();
        let number = parse_number(cell(self.number)).ok_or(("national_number", "must be 13 digits".to_owned()))?;
        if could_be_real(&number) {
            let reason = "its check digit is right, so it could be a real person's number; test people have wrong ones";
            return Err(("national_number", reason.to_owned()));
        }
        let name = |column, place| match cell(place) {
            "" => Err((column, "must not be empty".to_owned())),
            name if name.chars().count() > NAME_CHARS_MAX => {
                Err((column, format!("is longer than {NAME_CHARS_MAX} characters")))
            }
            name if name.chars().any(char::is_control) => Err((column, "has control characters in it".to_owned())),
            name => Ok(name.to_owned()),
        };
        let birth_date = cell(self.birth_date)
            .parse()
            .map_err(|_| ("birth_date", "must be a date such as 1985-02-28".to_owned()))?;
        let phone: String = cell(self.phone).chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        let phone_fits =
            phone.is_empty() || (9..=11).contains(&phone.len()) && phone.bytes().all(|c| c.is_ascii_digit());
        if !phone_fits {
            return Err(("phone", "must be 9 to 11 digits, or empty".to_owned()));
        }
        let district = cell(self.district);
        let district = Some(district)
            .filter(|code| code.len() == 5 && code.bytes().all(|c| c.is_ascii_digit()))
            .and_then(|code| code.parse().ok())
            .ok_or(("district_code", "must be five digits".to_owned()))?;
        Ok(TestCitizen {
            number,
            name_ko: name("name_ko", self.name_ko)?,
            name_en: name("name_en", self.name_en)?,
            birth_date,
            phone,
            district,
            guardians: self.guardians(record)?,
        })
    }
}

impl Places {
    /// National numbers of the person's guardians, if the file tells any: at most two, with a semicolon between them.
    fn guardians(&self, record: &csv::StringRecord) -> Result<Box<[NationalNumber]>, (&'static str, String)> {
        let cell = self.guardians.and_then(|place| record.get(place)).unwrap_or_default().trim();
        let unfit =
            || ("guardian_numbers", "must be at most two numbers of 13 digits, with `;` between them".to_owned());
        let numbers = cell.split(';').map(str::trim).filter(|number| !number.is_empty());
        let numbers: Vec<_> = numbers.map(parse_number).collect::<Option<_>>().ok_or_else(unfit)?;
        if numbers.len() > GUARDIANS_MAX { Err(unfit()) } else { Ok(numbers.into()) }
    }
}

/// Thirteen digits, with spaces or hyphens anywhere.
fn parse_number(text: &str) -> Option<NationalNumber> {
    let mut number = [0; 13];
    let mut count = 0;
    for c in text.bytes().filter(|c| !matches!(c, b' ' | b'-')) {
        *number.get_mut(count).filter(|_| c.is_ascii_digit())? = c;
        count += 1;
    }
    (count == number.len()).then_some(number)
}

/// Whether the check digit is right for a citizen or a foreign resident (weights 2 to 9, 2 to 5, modulo 11).
fn could_be_real(number: &NationalNumber) -> bool {
    let digits = number.map(|c| u32::from(c - b'0'));
    let [body @ .., check] = digits;
    let sum: u32 = body.iter().zip([2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]).map(|(digit, weight)| digit * weight).sum();
    let rest = sum % 11;
    check == (11 - rest) % 10 || check == (13 - rest) % 10
}

fn read_text(path: &Path) -> Result<String, CitizensFileError> {
    let storage = |source| CitizensFileError::Storage { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(storage)?.len();
    if size > FILE_BYTES_MAX {
        return Err(CitizensFileError::Unfit {
            path: path.to_owned(),
            reason: format!("it is larger than {FILE_BYTES_MAX} bytes"),
        });
    }
    let bytes = std::fs::read(path).map_err(storage)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => encoding_rs::EUC_KR
            .decode_without_bom_handling_and_without_replacement(bytes)
            .map(Cow::into_owned)
            .ok_or_else(|| CitizensFileError::Unfit {
                path: path.to_owned(),
                reason: "it is neither UTF-8 nor EUC-KR".to_owned(),
            }),
    }
}

#[cfg(test)]
mod tests {
    use charye_domain::time::UnixMillis;
    use jiff::civil::date;
    use tempfile::TempDir;

    use super::*;
    use crate::keys::{self, DataFolder, LocalKeys};

    const HEADER: &str = "national_number,name_ko,name_en,birth_date,phone,district_code\n";
    const THREE: &str = "850228-2961230,김하늘,Kim Haneul,1985-02-28,010-0000-0001,11110\n\
                         9012311961111,이바다,Lee Bada,1990-12-31,,26110\n\
                         0003054970005,\"O'Neil, 강\",\"O'Neil, Kang\",2000-03-05,01000000003,11110\n";

    fn keys(folder: &TempDir) -> Arc<dyn Keys> {
        let path = folder.path().join("keys.toml");
        if !path.exists() {
            keys::init(&path, UnixMillis(0)).unwrap();
        }
        Arc::new(LocalKeys::open(&path, &folder.path().join("keys.check"), DataFolder::New).unwrap())
    }

    fn load(bytes: &[u8]) -> Result<RehearsalProvider, CitizensFileError> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("citizens.csv");
        std::fs::write(&path, bytes).unwrap();
        let allowed = RehearsalSection { enabled: true, ..RehearsalSection::default() }.allowance().unwrap();
        RehearsalProvider::load(allowed, &path, keys(&folder))
    }

    fn three() -> RehearsalProvider {
        load(format!("{HEADER}{THREE}").as_bytes()).unwrap()
    }

    #[test]
    fn without_the_word_of_the_configuration_there_is_no_rehearsal() {
        assert!(RehearsalSection::default().allowance().is_none());
        let section: RehearsalSection = toml::from_str("citizens = \"citizens.csv\"").unwrap();
        assert!(section.allowance().is_none());
        assert!(toml::from_str::<RehearsalSection>("enabled = \"yes\"").is_err());
        assert!(toml::from_str::<RehearsalSection>("enable = true").is_err());
    }

    #[test]
    fn people_are_listed_filtered_and_paged() {
        let provider = three();
        let names = |filter: RehearsalFilter, after, limit| -> Vec<String> {
            provider.list(&filter, after, limit).into_iter().map(|citizen| citizen.name_ko).collect()
        };
        let all = RehearsalFilter::default;
        assert_eq!(provider.count(), 3);
        assert_eq!(names(all(), None, 100), ["김하늘", "이바다", "O'Neil, 강"]);
        assert_eq!(names(all(), Some(RehearsalCitizenId(0)), 1), ["이바다"]);
        assert_eq!(names(all(), Some(RehearsalCitizenId(u32::MAX)), 1), [""; 0]);
        assert_eq!(names(all(), None, 0), [""; 0]);
        assert_eq!(names(RehearsalFilter { name: " haneul ".to_owned(), ..all() }, None, 9), ["김하늘"]);
        assert_eq!(names(RehearsalFilter { district: Some(11110), ..all() }, None, 9), ["김하늘", "O'Neil, 강"]);
        assert_eq!(names(RehearsalFilter { birth_day_digit: Some(8), ..all() }, None, 9), ["김하늘"]);
        assert_eq!(
            names(RehearsalFilter { born_from: Some(date(1985, 3, 1)), ..all() }, None, 9),
            ["이바다", "O'Neil, 강"]
        );
        assert_eq!(names(RehearsalFilter { born_to: Some(date(1985, 2, 28)), ..all() }, None, 9), ["김하늘"]);
    }

    #[test]
    fn someone_is_found_by_number_and_proved_by_keys_alone() {
        let provider = three();
        let id = provider.by_number(" 850228 - 2961230").unwrap();
        let proven = provider.prove(id).unwrap();
        assert_eq!((proven.scheme, proven.assurance), (UniquenessScheme::Rehearsal, Assurance::Rehearsed));
        assert_eq!(proven.key, provider.keys.citizen_key("rehearsal", b"8502282961230"));
        assert_eq!((proven.details.name.as_str(), proven.details.phone.as_str()), ("김하늘", "01000000001"));
        assert!(!format!("{proven:?}").contains("85022"), "the number does not leave the gateway");
        assert!(provider.by_number("850228296123").is_none());
        assert!(provider.by_number("85022829612300").is_none());
        assert!(provider.by_number("850228296123a").is_none());
        assert!(provider.prove(RehearsalCitizenId(3)).is_none());
    }

    /// Whoever is at place `n` has `n` in their number. Of each three, one could be real.
    struct Numbered(u32);

    impl PeopleOnDemand for Numbered {
        fn count(&self) -> u32 {
            self.0
        }

        fn citizen(&self, place: u32) -> Option<MadeCitizen> {
            let body = format!("8502282{place:05}");
            let real = (0..10).find(|digit| could_be_real(&parse_number(&format!("{body}{digit}")).unwrap()));
            let wrong = (0..10).find(|digit| !could_be_real(&parse_number(&format!("{body}{digit}")).unwrap()));
            let check = if place % 3 == 2 { real } else { wrong }.unwrap();
            (place < self.0).then(|| MadeCitizen {
                national_number: format!("{body}{check}"),
                name_ko: format!("사람{place}"),
                name_en: format!("Person {place}"),
                birth_date: date(1985, 2, 28),
                phone: "010-0000-0001".to_owned(),
                district: 11110 + place % 2,
                guardian_number: None,
            })
        }

        fn place_of(&self, national_number: &str) -> Option<u32> {
            let place = national_number[7..12].parse().ok()?;
            self.citizen(place).filter(|citizen| citizen.national_number == national_number).map(|_| place)
        }
    }

    #[test]
    fn people_made_on_demand_are_proved_and_listed_and_none_who_could_be_real() {
        let folder = TempDir::new().unwrap();
        let allowed = RehearsalSection { enabled: true, ..RehearsalSection::default() }.allowance().unwrap();
        let provider = RehearsalProvider::on_demand(allowed, Arc::new(Numbered(90_000)), keys(&folder));
        assert_eq!(provider.count(), 90_000);
        let number = Numbered(90_000).citizen(4_321).unwrap().national_number;
        let id = provider.by_number(&format!("{}-{}", &number[..6], &number[6..])).unwrap();
        assert_eq!(id, RehearsalCitizenId(4_321));
        let proven = provider.prove(id).unwrap();
        assert_eq!(proven.key, provider.keys.citizen_key("rehearsal", number.as_bytes()));
        assert_eq!((proven.details.name.as_str(), proven.details.phone.as_str()), ("사람4321", "01000000001"));
        assert!(provider.prove(RehearsalCitizenId(2)).is_none(), "their number could be a real person's");
        assert!(provider.prove(RehearsalCitizenId(90_000)).is_none());
        let listed = provider.list(&RehearsalFilter::default(), None, 3);
        assert_eq!(listed.iter().map(|citizen| citizen.id.0).collect::<Vec<_>>(), [0, 1, 3]);
        let named = |name: &str, after| {
            let filter = RehearsalFilter { name: name.to_owned(), ..RehearsalFilter::default() };
            provider.list(&filter, after, 9).len()
        };
        assert_eq!((named("사람40000", None), named("사람60000", None)), (1, 0), "so far a page looks, and no farther");
        assert_eq!(named("사람60000", Some(RehearsalCitizenId(49_999))), 1);
    }

    #[test]
    fn a_guardian_is_known_by_the_childs_row_and_by_nothing_else() {
        let header = HEADER.replace('\n', ",guardian_numbers\n");
        let family = "850228-2961230,김하늘,Kim Haneul,1985-02-28,010-0000-0001,11110,\n\
                      150309-3961110,김하나,Kim Hana,2015-03-09,,11110,850228-2961230\n\
                      901231-1961111,이바다,Lee Bada,1990-12-31,010-0000-0003,26110,\n";
        let registry = load(format!("{header}{family}").as_bytes()).unwrap();
        let said = |guardian: &str, child_name: &str, child_birth_date, child_number: &str| {
            let id = registry.by_number(guardian).unwrap();
            let guardian = registry.prove(id).unwrap().details;
            let child_number = child_number.to_owned();
            registry.child_of(&GuardianSaid {
                guardian,
                child_name: child_name.to_owned(),
                child_birth_date,
                child_number,
            })
        };
        let (born, child, mother) = (date(2015, 3, 9), "150309-3961110", "850228-2961230");
        let proven = said(mother, " 김하나 ", born, child).unwrap();
        assert_eq!((proven.details.name.as_str(), proven.details.birth_date), ("김하나", born));
        assert_eq!(said("901231-1961111", "김하나", born, child), None, "another's child");
        assert_eq!(said(mother, "김두나", born, child), None);
        assert_eq!(said(mother, "김하나", date(2015, 3, 10), child), None);
        assert_eq!(said(mother, "이바다", date(1990, 12, 31), "901231-1961111"), None, "no child of hers");
        let torn = format!("{header}{}", family.replace(",850228-2961230\n", ",85\n"));
        let Err(CitizensFileError::Cell { line, column, .. }) = load(torn.as_bytes()) else { panic!("taken") };
        assert_eq!((line, column), (3, "guardian_numbers"));
    }

    #[test]
    fn after_a_rotation_the_former_key_is_proved_too() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("citizens.csv");
        std::fs::write(&path, format!("{HEADER}{THREE}")).unwrap();
        let allowed = RehearsalSection { enabled: true, ..RehearsalSection::default() }.allowance().unwrap();
        let prove = || {
            let provider = RehearsalProvider::load(allowed, &path, keys(&folder)).unwrap();
            provider.prove(RehearsalCitizenId(0)).unwrap()
        };
        let before = prove();
        assert!(before.former.is_empty());
        keys::rotate(&folder.path().join("keys.toml"), UnixMillis(0)).unwrap();
        let after = prove();
        assert_eq!(after.former, [before.key]);
        assert_ne!(after.key, before.key);
    }

    #[test]
    fn the_same_people_are_read_with_a_mark_in_euc_kr_and_in_another_order() {
        let text = format!("{HEADER}{THREE}");
        let names = |provider: &RehearsalProvider| -> Vec<String> {
            let all = provider.list(&RehearsalFilter::default(), None, 100);
            all.into_iter().map(|citizen| citizen.name_ko).collect()
        };
        let plain = names(&three());
        assert_eq!(names(&load(format!("\u{feff}{text}").as_bytes()).unwrap()), plain);
        assert_eq!(names(&load(&encoding_rs::EUC_KR.encode(&text).0).unwrap()), plain);
        let turned = "district_code,phone,birth_date,name_en,name_ko,national_number,note\n\
                      11110,010-0000-0001,1985-02-28,Kim Haneul,김하늘,8502282961230,first\n";
        assert_eq!(names(&load(turned.as_bytes()).unwrap()), plain[..1]);
    }

    #[test]
    fn bad_files_are_refused_with_line_and_column() {
        let row = |change: (&str, &str)| {
            format!(
                "{HEADER}{THREE}{}",
                "8502282961249,박,Park,1985-02-28,01000000009,11110\n".replace(change.0, change.1)
            )
        };
        let rows = [
            (String::new(), "no column `national_number`"),
            ("a,b\n1,2\n".to_owned(), "no column `national_number`"),
            (HEADER.to_owned(), "no people"),
            (format!("national_number,{HEADER}{THREE}"), "`national_number` twice"),
            (row(("8502282961249", "850228296124")), "line 5, column national_number: must be 13 digits"),
            (row(("8502282961249", "850228296124x")), "line 5, column national_number: must be 13 digits"),
            (row(("8502282961249", "8502282961230")), "line 5, column national_number: another row"),
            (row((",박,", ",,")), "line 5, column name_ko: must not be empty"),
            (row(("Park", &"P".repeat(81))), "line 5, column name_en: is longer"),
            (row(("Park", "\"Pa\nrk\"")), "line 5, column name_en: has control"),
            (row(("1985-02-28", "1985-02-29")), "line 5, column birth_date: must be a date"),
            (row(("01000000009", "0100000000x")), "line 5, column phone: must be 9 to 11"),
            (row(("01000000009", "010000000090")), "line 5, column phone: must be 9 to 11"),
            (row(("11110", "1111")), "line 5, column district_code: must be five"),
            (row((",11110", "")), "line 5, column all: the row has 5 cells"),
            (row(("박", &"박".repeat(4_000_000))), "line 5, column name_ko: is longer"),
        ];
        for (text, expected) in rows {
            let said = load(text.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(expected), "{expected}: {:.200}", said);
        }
        let neither = load(&[HEADER.as_bytes(), &[0xff, 0x80, 0x0a]].concat()).err().unwrap().to_string();
        assert!(neither.contains("neither UTF-8 nor EUC-KR"), "{neither}");
    }

    #[test]
    fn a_number_with_a_right_check_digit_is_refused() {
        // Weighted sum of 850228-296124: 16+15+0+10+12+56+16+81+12+3+8+20 = 249; 249 % 11 = 7; (11-7)%10 = 4, (13-7)%10 = 6.
        for (digit, real) in (0..10).map(|digit| (digit, digit == 4 || digit == 6)) {
            let text = format!("{HEADER}850228296124{digit},박,Park,1985-02-28,,11110\n");
            assert_eq!(load(text.as_bytes()).is_err(), real, "{digit}");
        }
    }
}
