//! Room: rehearsal. The demo nation: about 16,000 clinics in Korea's real districts, some 20 million slots, and test
//! people, made from a seed and written as the CSV files that the program imports.
//!
//! Called by the commands `charye nation generate` and `charye demo`, and by tests. Takes no clock and no chance but the
//! plan's seed; holds one district in memory at a time; knows no other crate's types.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use thiserror::Error;

mod plan;

mod districts;
pub(crate) mod rng;

mod clinic_names;
mod clinics;
mod opening_hours;
mod sessions;

mod citizens;
mod made;
mod national_number;
mod person_names;
mod romanise;

mod writer;

pub use made::{MADE_MAX, MadePeople, MadePeopleError, MadePerson, WRITTEN_MAX};
pub use plan::NationPlan;

use citizens::{Citizens, Families};
use clinics::{ClinicCounts, DemoClinic};
use districts::District;
use plan::OpenDays;
use rng::{Purpose, Stream};
use sessions::DemoSession;
use writer::TableWriter;

/// Writes a nation into `directory`, which is made if absent: `clinics.csv`, `sessions.csv`, `citizens.csv`,
/// `nation.toml` (what was asked and what came of it) and `README.md`. Files of these names are replaced; others stay.
///
/// Of more than [`WRITTEN_MAX`] people there is no `citizens.csv`: `nation.toml` says how many there are, and
/// [`MadePeople`] makes them when they are asked for.
///
/// The same plan writes the same bytes, on every machine. `progress` is called after each district and after each
/// thousand people.
///
/// # Errors
/// `Plan`: nothing was written. `Write`: a file could not be made; files already whole stay.
pub fn generate(
    plan: &NationPlan,
    directory: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<NationReport, NationError> {
    plan.check()?;
    let districts = districts::bundled()?;
    fs::create_dir_all(directory).map_err(|source| NationError::Write { path: directory.to_owned(), source })?;
    let mut report = NationReport::of(plan);
    write_clinics(plan, &districts, directory, &mut report, progress)?;
    if plan.citizens <= WRITTEN_MAX {
        write_citizens(plan, &districts, directory, &mut report, progress)?;
    } else {
        remove_citizens(directory)?;
        report.citizens = plan.citizens;
    }
    writer::write_text(directory, "nation.toml", &as_toml(plan, &report))?;
    writer::write_text(directory, "README.md", &readme(plan, &report))?;
    Ok(report)
}

/// How far a generation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub step: Step,
    /// Of `total`, counted in what the step says.
    pub done: u32,
    pub total: u32,
}

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Clinics and their sessions; counted in districts.
    Clinics,
    /// Test people; counted in people.
    Citizens,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NationReport {
    pub contracted: u32,
    pub centres: u32,
    pub health_centres: u32,
    /// Rows of sessions.csv.
    pub clinic_sessions: u64,
    /// Slot starts of all clinics, products, doses and days, closed days left out.
    pub slots: u64,
    /// Places in slots for first and for second doses.
    pub first_dose_places: u64,
    pub second_dose_places: u64,
    pub citizens: u32,
    /// First and last vaccination day, both included.
    pub first_day: Date,
    pub last_day: Date,
    /// The tables.
    pub files: Vec<NationFile>,
}

/// One table that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NationFile {
    pub name: &'static str,
    /// Without the header.
    pub rows: u64,
    pub bytes: u64,
    /// BLAKE3 of the whole file, hexadecimal.
    pub blake3: String,
}

/// Why there is no nation.
#[derive(Debug, Error)]
pub enum NationError {
    #[error("the plan cannot be carried out: {field} {reason}")]
    Plan { field: &'static str, reason: &'static str },
    #[error("the bundled table kr_districts.csv is damaged at line {line}")]
    DistrictTable { line: usize },
    #[error("could not write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl NationReport {
    /// A report of nothing yet.
    fn of(plan: &NationPlan) -> Self {
        Self {
            contracted: 0,
            centres: 0,
            health_centres: 0,
            clinic_sessions: 0,
            slots: 0,
            first_dose_places: 0,
            second_dose_places: 0,
            citizens: 0,
            first_day: plan.first_day,
            last_day: plan.last_day(),
            files: Vec::with_capacity(3),
        }
    }

    /// All clinics.
    pub fn clinics(&self) -> u32 {
        self.contracted + self.centres + self.health_centres
    }

    fn count_clinic(&mut self, clinic: &DemoClinic) {
        match clinic.sort.kind() {
            "centre" => self.centres += 1,
            "health_centre" => self.health_centres += 1,
            _ => self.contracted += 1,
        }
    }

    fn count_session(&mut self, session: &DemoSession, open: &OpenDays) {
        let slots = u64::from(session.part.slots(session.slot_minutes) * open.count(session.part.weekdays));
        self.clinic_sessions += 1;
        self.slots += slots;
        let places = slots * u64::from(session.capacity);
        match session.dose {
            1 => self.first_dose_places += places,
            _ => self.second_dose_places += places,
        }
    }
}

impl fmt::Display for NationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} clinics: {} contracted, {} centres, {} health centres",
            self.clinics(),
            self.contracted,
            self.centres,
            self.health_centres
        )?;
        writeln!(
            f,
            "{} slots from {} clinic sessions, {} to {}",
            self.slots, self.clinic_sessions, self.first_day, self.last_day
        )?;
        writeln!(f, "{} places for first doses, {} for second", self.first_dose_places, self.second_dose_places)?;
        write!(f, "{} test people", self.citizens)?;
        for file in &self.files {
            write!(f, "\n{}: {} rows, {} bytes, blake3 {}", file.name, file.rows, file.bytes, file.blake3)?;
        }
        Ok(())
    }
}

fn write_clinics(
    plan: &NationPlan,
    districts: &[District],
    directory: &Path,
    report: &mut NationReport,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), NationError> {
    let mut clinic_table = TableWriter::begin(
        directory,
        "clinics.csv",
        &["clinic_code", "kind", "name_ko", "name_en", "district_code", "address", "phone", "lat", "lon"],
    )?;
    let mut session_table = TableWriter::begin(
        directory,
        "sessions.csv",
        &[
            "clinic_code",
            "product",
            "dose",
            "first_day",
            "last_day",
            "weekdays",
            "start",
            "end",
            "slot_minutes",
            "capacity",
        ],
    )?;
    let counts = ClinicCounts::of(plan.scale_permille, districts);
    let open = [OpenDays::of(plan, 1), OpenDays::of(plan, 2)];
    let dates = [1, 2].map(|dose| plan.dose_days(dose)).map(|(first, last)| (first.to_string(), last.to_string()));
    for (position, district) in districts.iter().enumerate() {
        let places = clinics::places_of(district, plan.scale_permille);
        let mut stream = Stream::open(plan.seed, Purpose::ClinicSessions, district.code);
        for clinic in clinics::clinics_of(plan.seed, district, &counts, position, places, report.clinics()) {
            write_clinic(&mut clinic_table, district, &clinic)?;
            report.count_clinic(&clinic);
            for session in sessions::sessions_of(&mut stream, &clinic, plan.products.len(), &open[0]) {
                let dose = usize::from(session.dose) - 1;
                write_session(&mut session_table, &clinic, &session, &plan.products[session.product], &dates[dose])?;
                report.count_session(&session, &open[dose]);
            }
        }
        progress(Progress { step: Step::Clinics, done: position as u32 + 1, total: districts.len() as u32 });
    }
    report.files.push(clinic_table.finish()?);
    report.files.push(session_table.finish()?);
    Ok(())
}

fn write_clinic(table: &mut TableWriter, district: &District, clinic: &DemoClinic) -> Result<(), NationError> {
    table.row(&[
        &clinic.code,
        clinic.sort.kind(),
        &clinic.name_ko,
        &clinic.name_en,
        &district.code.to_string(),
        &clinic.address,
        &clinic.phone,
        &degrees(clinic.lat_e5),
        &degrees(clinic.lon_e5),
    ])
}

fn write_session(
    table: &mut TableWriter,
    clinic: &DemoClinic,
    session: &DemoSession,
    product: &str,
    (first_day, last_day): &(String, String),
) -> Result<(), NationError> {
    table.row(&[
        &clinic.code,
        product,
        if session.dose == 1 { "1" } else { "2" },
        first_day,
        last_day,
        &sessions::weekday_words(session.part.weekdays),
        &clock(session.part.start),
        &clock(session.part.end),
        &session.slot_minutes.to_string(),
        &session.capacity.to_string(),
    ])
}

fn write_citizens(
    plan: &NationPlan,
    districts: &[District],
    directory: &Path,
    report: &mut NationReport,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), NationError> {
    let header = ["national_number", "name_ko", "name_en", "birth_date", "phone", "district_code", "guardian_numbers"];
    let mut families = Families::of(plan);
    let mut table = TableWriter::begin(directory, "citizens.csv", &header)?;
    for citizen in Citizens::of(plan, districts) {
        table.row(&[
            &citizen.national_number,
            &citizen.name.ko,
            &citizen.name.en,
            &citizen.born.to_string(),
            &citizen.phone,
            &citizen.district.to_string(),
            families.guardian_of(&citizen),
        ])?;
        report.citizens += 1;
        if report.citizens.is_multiple_of(1_000) || report.citizens == plan.citizens {
            progress(Progress { step: Step::Citizens, done: report.citizens, total: plan.citizens });
        }
    }
    report.files.push(table.finish()?);
    Ok(())
}

/// Takes an earlier nation's people away: they are not this one's.
fn remove_citizens(directory: &Path) -> Result<(), NationError> {
    let path = directory.join("citizens.csv");
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(NationError::Write { path, source }),
        _ => Ok(()),
    }
}

/// Hundred-thousandths of a degree as decimal degrees; Korea has no negative ones.
fn degrees(e5: i32) -> String {
    format!("{}.{:05}", e5 / 100_000, e5 % 100_000)
}

/// Minutes since midnight as `HH:MM`.
fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// What was asked and what came of it. Written by hand: every value is a number, a date or a checked code.
fn as_toml(plan: &NationPlan, report: &NationReport) -> String {
    let quoted = |words: Vec<String>| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "# The demo nation in this folder: every clinic, number and person is invented; see README.md.\n\
         [plan]\nseed = \"{}\"\nscale_permille = {}\nfirst_day = \"{}\"\nlast_day = \"{}\"\nfirst_dose_days = {}\n\
         dose_two_days = [{}, {}]\nproducts = [{}]\nholidays = [{}]\nborn = [\"{}\", \"{}\"]\n\n\
         [totals]\ncontracted = {}\ncentres = {}\nhealth_centres = {}\nclinic_sessions = {}\nslots = {}\n\
         first_dose_places = {}\nsecond_dose_places = {}\ncitizens = {}\n",
        plan.seed,
        plan.scale_permille,
        plan.first_day,
        report.last_day,
        plan.first_dose_days,
        plan.dose_two_days_min,
        plan.dose_two_days_max,
        quoted(plan.products.clone()),
        quoted(plan.holidays.iter().map(Date::to_string).collect()),
        plan.born_from,
        plan.born_to,
        report.contracted,
        report.centres,
        report.health_centres,
        report.clinic_sessions,
        report.slots,
        report.first_dose_places,
        report.second_dose_places,
        report.citizens,
    );
    if plan.citizens > WRITTEN_MAX {
        text.push_str(&format!("\n[people_on_demand]\ncount = {}\n", plan.citizens));
    }
    for file in &report.files {
        text.push_str(&format!(
            "\n[[files]]\nname = \"{}\"\nrows = {}\nbytes = {}\nblake3 = \"{}\"\n",
            file.name, file.rows, file.bytes, file.blake3
        ));
    }
    text
}

fn readme(plan: &NationPlan, report: &NationReport) -> String {
    format!(
        "# A demo nation (seed {}, scale {}/1000)\n\n\
         ```text\n{report}\n```\n\n\
         Everything here is invented but the districts. Clinics and roads have made-up names; a likeness is chance.\n\
         Points lie around the real centre of their district; nobody checked that they are on dry land.\n\
         Landline exchanges begin with 000 and mobile numbers with 010-0: ranges that are assigned to nobody.\n\
         National numbers are invalid twice over: their check digit is wrong for citizens and for foreign residents,\n\
         and their serial begins with 97 to 99, codes of no register office.\n\n\
         Made again byte for byte from the plan in nation.toml; the hashes are there too.\n\n\
         District names, centres and numbers of adults: aggregated from 중앙선거관리위원회 and 통계청 SGIS\n\
         (공공누리 제1유형), by way of vuski/admdongkor (CC BY 4.0). Codes are of 2022.\n",
        plan.seed, plan.scale_permille,
    )
}
