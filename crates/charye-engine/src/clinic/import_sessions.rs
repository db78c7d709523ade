//! Room: engine/clinic. Sessions of a campaign from CSV, streamed: a million rows take no more memory than a thousand.
//! Called by `charye import sessions`. Never lays out slots; the book does.

use std::io::Read;

use charye_domain::campaign::Campaign;
use charye_domain::ids::{ProductId, SlotId};
use charye_domain::slot::{ClinicSession, Weekdays, session_days_mask, slot_starts};
use charye_domain::time::MinuteOfDay;
use charye_domain::vaccine::{DoseNumber, VaccineProduct};
use csv::StringRecord;
use jiff::civil::Date;

use super::csv_table::{Column, Complaint, CsvTable, Row, number};
use super::import_error::{ImportCounts, ImportFailure};
use super::import_file::{CHUNK_ROWS, code_column, hand_on, optional, read_code, required};

/// Sessions of one clinic in a row that are compared with one another.
const SESSIONS_OF_A_CLINIC_MAX: usize = 1_000;

/// Reads the sessions of a campaign and hands them to `sink` in chunks of at most [`CHUNK_ROWS`].
///
/// `clinic_known` says whether a clinic code is active or staged. Within one clinic's consecutive rows, two sessions that
/// start a slot of the same product and dose at the same moment are refused; across a file that is not sorted by clinic
/// the book refuses them when the import is activated.
///
/// # Errors
/// As [`import_clinics`](super::import_clinics()).
pub fn import_sessions<R: Read, S>(
    file: &str,
    source: R,
    campaign: &Campaign,
    clinic_known: impl Fn(&str) -> bool,
    mut sink: impl FnMut(Vec<ClinicSession>) -> Result<(), S>,
) -> Result<ImportCounts, ImportFailure<S>> {
    let mut table = CsvTable::open(file, source, &SESSION_COLUMNS).map_err(ImportFailure::File)?;
    if !table.has(session_column::CODE) && !table.has(session_column::ENCRYPTED_CODE) {
        table.note(
            1,
            "the header has no column clinic_code",
            "add one called clinic_code or 요양기관기호 or 암호화요양기호",
        );
        return table.finish().map_err(ImportFailure::File);
    }
    let mut record = StringRecord::new();
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    let mut of_clinic: Vec<Held> = Vec::new();
    while let Some(row) = table.next(&mut record) {
        let Some(session) = read_session(&mut table, &row, campaign, &clinic_known) else { continue };
        if of_clinic.first().is_some_and(|first| first.session.clinic != session.clinic) {
            of_clinic.clear();
        }
        if of_clinic.len() >= SESSIONS_OF_A_CLINIC_MAX {
            let message = format!("the clinic has more than {SESSIONS_OF_A_CLINIC_MAX} sessions");
            table.note(row.line(), message, "join sessions that repeat on several days into one row");
            table.stop();
            break;
        }
        let held = Held { days: session_days_mask(campaign, &session), session: session.clone() };
        if let Some(start) = of_clinic.iter().find_map(|other| clash(other, &held)) {
            let message = format!("another row has a slot of this clinic, product and dose at {start} on the same day");
            let remedy = "let the sessions of one day not overlap".to_owned();
            table.note_cell(&row, session_column::START, message, remedy);
            continue;
        }
        of_clinic.push(held);
        table.accept();
        chunk.push(session);
        hand_on(&table, &mut chunk, CHUNK_ROWS, &mut sink)?;
    }
    hand_on(&table, &mut chunk, 1, &mut sink)?;
    table.finish().map_err(ImportFailure::File)
}

mod session_column {
    pub(super) const CODE: usize = 0;
    pub(super) const ENCRYPTED_CODE: usize = 1;
    pub(super) const PRODUCT: usize = 2;
    pub(super) const DOSE: usize = 3;
    pub(super) const FIRST_DAY: usize = 4;
    pub(super) const LAST_DAY: usize = 5;
    pub(super) const WEEKDAYS: usize = 6;
    pub(super) const START: usize = 7;
    pub(super) const END: usize = 8;
    pub(super) const SLOT_MINUTES: usize = 9;
    pub(super) const CAPACITY: usize = 10;
}

/// In the order of [`session_column`].
const SESSION_COLUMNS: [Column; 11] = [
    optional(&["clinic_code", "요양기관기호", "요양기관번호"]),
    optional(&["암호화요양기호"]),
    required(&["product", "백신"]),
    required(&["dose", "차수"]),
    required(&["first_day", "시작일"]),
    required(&["last_day", "종료일"]),
    required(&["weekdays", "요일"]),
    required(&["start", "시작시각"]),
    required(&["end", "종료시각"]),
    required(&["slot_minutes", "간격분"]),
    required(&["capacity", "정원"]),
];

fn read_session<R: Read>(
    table: &mut CsvTable<R>,
    row: &Row<'_>,
    campaign: &Campaign,
    clinic_known: impl Fn(&str) -> bool,
) -> Option<ClinicSession> {
    use session_column::{
        CAPACITY, CODE, DOSE, ENCRYPTED_CODE, END, FIRST_DAY, LAST_DAY, PRODUCT, SLOT_MINUTES, START, WEEKDAYS,
    };
    let clinic = read_code(table, row, CODE, ENCRYPTED_CODE);
    if clinic.as_ref().is_some_and(|code| !clinic_known(code)) {
        let column = code_column(table, CODE, ENCRYPTED_CODE);
        table.note_cell(row, column, "there is no such clinic".to_owned(), "import the clinics first".to_owned());
        return None;
    }
    let product = table.cell(row, PRODUCT, |cell| product(cell, campaign));
    let dose = table.cell(row, DOSE, dose);
    let first_day = table.cell(row, FIRST_DAY, day);
    let last_day = table.cell(row, LAST_DAY, day);
    let weekdays = table.cell(row, WEEKDAYS, weekdays);
    let start = table.cell(row, START, minute_of_day);
    let end = table.cell(row, END, minute_of_day);
    let slot_minutes = table.cell(row, SLOT_MINUTES, |cell| number(cell, 5, 720));
    let capacity = table.cell(row, CAPACITY, |cell| number(cell, 1, 10_000));
    let session = ClinicSession {
        clinic: clinic?,
        product: product?,
        dose: dose?,
        first_day: first_day?,
        last_day: last_day?,
        weekdays: weekdays?,
        start: start?,
        end: end?,
        slot_minutes: u16::try_from(slot_minutes?).unwrap_or(u16::MAX),
        capacity: u16::try_from(capacity?).unwrap_or(u16::MAX),
    };
    match check_session(&session, campaign) {
        Ok(()) => Some(session),
        Err((column, (message, remedy))) => {
            table.note_cell(row, column, message, remedy);
            None
        }
    }
}

/// Whether the cells of a session, good one by one, make sense together; if not, in which column that shows.
fn check_session(session: &ClinicSession, campaign: &Campaign) -> Result<(), (usize, Complaint)> {
    let slots = slot_starts(session).count();
    let doses = campaign.product(session.product).map_or(0, |product| product.doses);
    let wrong = |column, message: &str, remedy: String| Err((column, (message.to_owned(), remedy)));
    if session.dose.value() > doses {
        return wrong(session_column::DOSE, "the product has one dose only", "write 1".to_owned());
    }
    if session.last_day < session.first_day {
        let remedy = format!("write {} or later", session.first_day);
        return wrong(session_column::LAST_DAY, "the last day is before the first", remedy);
    }
    if session.end <= session.start {
        let remedy = format!("write a time after {}", session.start);
        return wrong(session_column::END, "the session ends before it begins", remedy);
    }
    if slots == 0 {
        let remedy = format!("write at most {}", session.end.0 - session.start.0);
        return wrong(session_column::SLOT_MINUTES, "not one slot fits into the session", remedy);
    }
    if slots > SlotId::PER_BLOCK as usize {
        let remedy = format!("lengthen the slots, so that at most {} fit", SlotId::PER_BLOCK);
        return wrong(session_column::SLOT_MINUTES, &format!("{slots} slots fit into the session"), remedy);
    }
    if session_days_mask(campaign, session) == 0 {
        let (first, last) = (campaign.first_day, campaign.last_day);
        let remedy = format!("name weekdays from {first} to {last} that the campaign does not close");
        return wrong(session_column::FIRST_DAY, "the session is held on no open day of the campaign", remedy);
    }
    Ok(())
}

/// A session with the days on which it is held.
struct Held {
    session: ClinicSession,
    days: u128,
}

/// The first moment at which both sessions start a slot of the same product and dose on a day they share.
fn clash(a: &Held, b: &Held) -> Option<MinuteOfDay> {
    let (one, other) = (&a.session, &b.session);
    let apart = one.end <= other.start || other.end <= one.start || a.days & b.days == 0;
    if apart || (one.product, one.dose) != (other.product, other.dose) {
        return None;
    }
    slot_starts(other).find(|start| slot_starts(one).any(|same| same == *start))
}

fn product(cell: &str, campaign: &Campaign) -> Result<ProductId, Complaint> {
    let wanted = cell.trim();
    let named = |product: &&VaccineProduct| product.code == wanted || product.name.ko == wanted;
    campaign.products.iter().find(named).map(|product| product.id).ok_or_else(|| {
        let codes: Vec<_> = campaign.products.iter().map(|product| product.code.as_str()).collect();
        ("the campaign has no such product".to_owned(), format!("write one of {}", codes.join(", ")))
    })
}

fn dose(cell: &str) -> Result<DoseNumber, Complaint> {
    match cell.trim() {
        "1" | "1차" => Ok(DoseNumber::First),
        "2" | "2차" => Ok(DoseNumber::Second),
        _ => Err(("not a dose".to_owned(), "write 1 or 2".to_owned())),
    }
}

fn day(cell: &str) -> Result<Date, Complaint> {
    let cell = cell.trim();
    let strict = cell.len() == 10 && cell.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let parsed = cell.parse::<Date>().ok().filter(|_| strict);
    parsed.ok_or_else(|| ("not a day of the calendar".to_owned(), "write a day such as 2021-08-26".to_owned()))
}

/// `HH:MM`, from 00:00 to 24:00, the end of the day.
fn minute_of_day(cell: &str) -> Result<MinuteOfDay, Complaint> {
    let wrong = || ("not a time of day".to_owned(), "write hours and minutes such as 09:30".to_owned());
    let (hours, minutes) = cell.trim().split_once(':').ok_or_else(wrong)?;
    let digits = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        let plain = digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| plain)
    };
    let (hours, minutes) = digits(hours, 1..=2).zip(digits(minutes, 2..=2)).ok_or_else(wrong)?;
    let of_day = hours * 60 + minutes;
    if minutes < 60 && of_day <= 1_440 { Ok(MinuteOfDay(of_day)) } else { Err(wrong()) }
}

/// `all`, days and ranges of days: `mon-fri`, `mon,wed,sat`, `월-금`, `월,수,토`.
fn weekdays(cell: &str) -> Result<Weekdays, Complaint> {
    const NAMES: [[&str; 2]; 7] =
        [["mon", "월"], ["tue", "화"], ["wed", "수"], ["thu", "목"], ["fri", "금"], ["sat", "토"], ["sun", "일"]];
    let wrong = || {
        let remedy = "write days such as mon-fri, mon,wed,sat, 월-금, 월,수,토 or all".to_owned();
        ("not weekdays".to_owned(), remedy)
    };
    let cell = cell.trim().to_ascii_lowercase();
    if cell == "all" || cell == "매일" {
        return Ok(Weekdays::ALL);
    }
    let index = |name: &str| NAMES.iter().position(|names| names.contains(&name.trim())).ok_or_else(wrong);
    let mut mask = 0;
    for part in cell.split([',', '·', ' ']).filter(|part| !part.trim().is_empty()) {
        let (from, to) = part.split_once(['-', '~']).unwrap_or((part, part));
        let (from, to) = (index(from)?, index(to)?);
        if from > to {
            return Err(wrong());
        }
        (from..=to).for_each(|day| mask |= 1 << day);
    }
    if mask == 0 { Err(wrong()) } else { Ok(Weekdays(mask)) }
}
