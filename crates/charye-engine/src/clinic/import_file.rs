//! Room: engine/clinic. Clinics and sessions from CSV, streamed: a million rows take no more memory than a thousand.
//!
//! Columns go by our names or by those of Korea's public hospital list; UTF-8 and EUC-KR are told apart by themselves.
//! Rows are handed on in chunks as they are read; what is staged counts only once the import is activated, so a file that
//! turns out bad in its last line has no effect. Called by `charye import clinics|sessions`.

use std::io::Read;

use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::clinic::{Clinic, ClinicKind, Point};
use charye_domain::ids::{ProductId, SlotId};
use charye_domain::slot::{ClinicSession, Weekdays, session_days_mask, slot_starts};
use charye_domain::time::MinuteOfDay;
use charye_domain::vaccine::DoseNumber;
use csv::StringRecord;
use jiff::civil::Date;
use rustc_hash::FxHashSet;

use super::csv_table::{Column, Complaint, CsvTable, Presence, Row, number, text};
use super::district::DistrictTable;
use super::import_error::{ImportCounts, ImportFailure};

/// Rows in a chunk, as many as one staging command takes.
pub const CHUNK_ROWS: usize = 1_000;

/// Clinics in one file. Each costs 16 bytes while the file is read, to notice a code that stands twice.
const CLINICS_MAX: u64 = 1_000_000;

/// Sessions of one clinic in a row that are compared with one another.
const SESSIONS_OF_A_CLINIC_MAX: usize = 1_000;

mod clinic_column {
    pub(super) const CODE: usize = 0;
    pub(super) const ENCRYPTED_CODE: usize = 1;
    pub(super) const KIND: usize = 2;
    pub(super) const NAME_KO: usize = 3;
    pub(super) const NAME_EN: usize = 4;
    pub(super) const DISTRICT_CODE: usize = 5;
    pub(super) const PROVINCE: usize = 6;
    pub(super) const DISTRICT: usize = 7;
    pub(super) const ADDRESS: usize = 8;
    pub(super) const PHONE: usize = 9;
    pub(super) const LAT: usize = 10;
    pub(super) const LON: usize = 11;
}

/// In the order of [`clinic_column`].
const CLINIC_COLUMNS: [Column; 12] = [
    optional(&["clinic_code", "요양기관번호", "요양기관기호"]),
    optional(&["암호화요양기호"]),
    required(&["kind", "종별코드명"]),
    required(&["name_ko", "요양기관명", "기관명"]),
    optional(&["name_en"]),
    optional(&["district_code"]),
    optional(&["province", "시도코드명", "시도명"]),
    optional(&["district", "시군구코드명", "시군구명"]),
    optional(&["address", "주소", "소재지도로명주소"]),
    optional(&["phone", "전화번호"]),
    optional(&["lat", "좌표(Y)"]),
    optional(&["lon", "좌표(X)"]),
];

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

const fn required(names: &'static [&'static str]) -> Column {
    Column { names, presence: Presence::Required }
}

const fn optional(names: &'static [&'static str]) -> Column {
    Column { names, presence: Presence::Optional }
}

/// Reads clinics and hands them to `sink` in chunks of at most [`CHUNK_ROWS`].
///
/// # Errors
/// `File`: everything wrong with the file, at most 100 errors; good rows before an error may have been handed on.
/// `Sink`: the sink's own error, at once.
pub fn import_clinics<R: Read, S>(
    file: &str,
    source: R,
    districts: &DistrictTable,
    mut sink: impl FnMut(Vec<Clinic>) -> Result<(), S>,
) -> Result<ImportCounts, ImportFailure<S>> {
    let mut table = CsvTable::open(file, source, &CLINIC_COLUMNS).map_err(ImportFailure::File)?;
    check_clinic_header(&mut table);
    if !table.is_good() {
        return table.finish().map_err(ImportFailure::File);
    }
    let mut record = StringRecord::new();
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    let mut codes_seen: FxHashSet<u128> = FxHashSet::default();
    while let Some(row) = table.next(&mut record) {
        let Some(clinic) = read_clinic(&mut table, &row, districts) else { continue };
        if !codes_seen.insert(fingerprint(&clinic.code)) {
            let column = code_column(&table, clinic_column::CODE, clinic_column::ENCRYPTED_CODE);
            let message = "the clinic stands in the file twice".to_owned();
            table.note_cell(&row, column, message, "keep one of its rows".to_owned());
            continue;
        }
        if codes_seen.len() as u64 > CLINICS_MAX {
            table.note(row.line(), format!("more than {CLINICS_MAX} clinics"), "divide the file");
            table.stop();
            break;
        }
        table.accept();
        chunk.push(clinic);
        hand_on(&table, &mut chunk, CHUNK_ROWS, &mut sink)?;
    }
    hand_on(&table, &mut chunk, 1, &mut sink)?;
    table.finish().map_err(ImportFailure::File)
}

/// Reads the sessions of a campaign and hands them to `sink` in chunks of at most [`CHUNK_ROWS`].
///
/// `clinic_known` says whether a clinic code is active or staged. Within one clinic's consecutive rows, two sessions that
/// start a slot of the same product and dose at the same moment are refused; across a file that is not sorted by clinic
/// the book refuses them when the import is activated.
///
/// # Errors
/// As [`import_clinics`].
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

/// Hands a chunk on once it has `rows_min` rows. After an error nothing more is handed on: the file will be refused.
fn hand_on<R: Read, T, S>(
    table: &CsvTable<R>,
    chunk: &mut Vec<T>,
    rows_min: usize,
    sink: &mut impl FnMut(Vec<T>) -> Result<(), S>,
) -> Result<(), ImportFailure<S>> {
    if chunk.len() < rows_min {
        return Ok(());
    }
    let full = std::mem::replace(chunk, Vec::with_capacity(CHUNK_ROWS));
    if table.is_good() { sink(full).map_err(ImportFailure::Sink) } else { Ok(()) }
}

fn check_clinic_header<R: Read>(table: &mut CsvTable<R>) {
    if !table.has(clinic_column::CODE) && !table.has(clinic_column::ENCRYPTED_CODE) {
        let remedy = "add one called clinic_code or 요양기관번호 or 요양기관기호 or 암호화요양기호";
        table.note(1, "the header has no column clinic_code", remedy);
    }
    let by_names = table.has(clinic_column::PROVINCE) && table.has(clinic_column::DISTRICT);
    if !table.has(clinic_column::DISTRICT_CODE) && !by_names {
        let remedy = "add district_code, or both province (시도코드명) and district (시군구코드명)";
        table.note(1, "the header says nothing of the district", remedy);
    }
    if table.has(clinic_column::LAT) != table.has(clinic_column::LON) {
        table.note(1, "the header has one of lat and lon only", "add the other, or remove it");
    }
}

fn read_clinic<R: Read>(table: &mut CsvTable<R>, row: &Row<'_>, districts: &DistrictTable) -> Option<Clinic> {
    use clinic_column::{ADDRESS, CODE, ENCRYPTED_CODE, KIND, NAME_EN, NAME_KO, PHONE};
    let code = read_code(table, row, CODE, ENCRYPTED_CODE);
    let kind = table.cell(row, KIND, clinic_kind);
    let name_ko = table.cell(row, NAME_KO, |cell| text(cell, 1..=80));
    let name_en = table.cell(row, NAME_EN, |cell| text(cell, 0..=80));
    let district = read_district(table, row, districts);
    let address = table.cell(row, ADDRESS, |cell| text(cell, 0..=200));
    let phone = table.cell(row, PHONE, |cell| text(cell, 0..=40));
    let point = read_point(table, row);
    let (ko, en) = (name_ko?, name_en?);
    let en = if en.is_empty() { ko.clone() } else { en };
    Some(Clinic {
        code: code?,
        kind: kind?,
        name: Bilingual { ko, en },
        district: district?,
        address: address?,
        phone: phone?,
        point: point?,
    })
}

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

/// The column a clinic's code stands in: ours if the file has it, else the encrypted one.
fn code_column<R: Read>(table: &CsvTable<R>, plain: usize, encrypted: usize) -> usize {
    if table.has(plain) { plain } else { encrypted }
}

/// A clinic's code. The public hospital list has encrypted codes of up to 100 characters (암호화요양기호), which are longer
/// than a code may be: those are hashed, always, so that the same clinic has the same code in every file.
fn read_code<R: Read>(table: &mut CsvTable<R>, row: &Row<'_>, plain: usize, encrypted: usize) -> Option<String> {
    if table.has(plain) {
        return table.cell(row, plain, clinic_code);
    }
    table.cell(row, encrypted, |cell| {
        let text = cell.trim();
        if text.is_empty() || text.len() > 200 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            let remedy = "copy it from the public list, 1 to 200 printable ASCII characters".to_owned();
            return Err(("not an encrypted clinic code".to_owned(), remedy));
        }
        let hash = blake3::hash(text.as_bytes()).to_hex();
        Ok(format!("hira-{}", hash.get(..24).unwrap_or_default()))
    })
}

fn clinic_code(cell: &str) -> Result<String, Complaint> {
    let code = cell.trim();
    let good = code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if !good || code.is_empty() || code.len() > 32 || code.starts_with('-') {
        let remedy = "write 1 to 32 of the characters A-Z, a-z, 0-9, ., _ and -, not beginning with -".to_owned();
        return Err(("not a clinic code".to_owned(), remedy));
    }
    Ok(code.to_owned())
}

fn clinic_kind(cell: &str) -> Result<ClinicKind, Complaint> {
    match text(cell, 1..=40)?.as_str() {
        "contracted" => Ok(ClinicKind::Contracted),
        "centre" | "예방접종센터" => Ok(ClinicKind::Centre),
        "health_centre" | "보건소" | "보건지소" | "보건의료원" | "보건진료소" => {
            Ok(ClinicKind::HealthCentre)
        }
        // The public list has some thirty kinds of practices and hospitals, in Korean: all of them give doses under contract.
        other if !other.is_ascii() => Ok(ClinicKind::Contracted),
        _ => Err(("not a kind of clinic".to_owned(), "write contracted, centre or health_centre".to_owned())),
    }
}

fn read_district<R: Read>(table: &mut CsvTable<R>, row: &Row<'_>, districts: &DistrictTable) -> Option<u32> {
    use clinic_column::{DISTRICT, DISTRICT_CODE, PROVINCE};
    let code_given = !table.raw(row, DISTRICT_CODE).trim().is_empty();
    let names_given = table.has(PROVINCE) && table.has(DISTRICT);
    if code_given || !names_given {
        return table.cell(row, DISTRICT_CODE, |cell| {
            let known = cell.trim().parse::<u32>().ok().and_then(|code| districts.by_code(code));
            let unknown =
                || ("there is no district of this code".to_owned(), "write the five digits of a 시군구".to_owned());
            known.map(|district| district.code).ok_or_else(unknown)
        });
    }
    let province = table.raw(row, PROVINCE);
    let known = districts.by_names(province, table.raw(row, DISTRICT)).map(|district| district.code);
    if known.is_none() {
        let column = if province.trim().is_empty() { PROVINCE } else { DISTRICT };
        let remedy = "write both names as the public hospital list does, or the district_code".to_owned();
        table.note_cell(row, column, "there is no district of this name in the province".to_owned(), remedy);
    }
    known
}

/// The point of a clinic: `Some(None)` if the file gives none, `None` if what it gives is wrong, which is noted.
#[expect(clippy::option_option, reason = "the outer one is whether it could be read, the inner one is the answer")]
fn read_point<R: Read>(table: &mut CsvTable<R>, row: &Row<'_>) -> Option<Option<Point>> {
    use clinic_column::{LAT, LON};
    let given = |column| !table.raw(row, column).trim().is_empty();
    match (given(LAT), given(LON)) {
        (false, false) => Some(None),
        (true, true) => {
            let lat_e6 = table.cell(row, LAT, |cell| millionths(cell, 90));
            let lon_e6 = table.cell(row, LON, |cell| millionths(cell, 180));
            Some(Some(Point { lat_e6: lat_e6?, lon_e6: lon_e6? }))
        }
        (lat, _) => {
            let column = if lat { LON } else { LAT };
            let remedy = "write both lat and lon, or neither".to_owned();
            table.note_cell(row, column, "half of a point".to_owned(), remedy);
            None
        }
    }
}

/// Decimal degrees as millionths, rounded. A leading minus is a number's own, not a formula.
fn millionths(cell: &str, degrees_max: i32) -> Result<i32, Complaint> {
    let cell = cell.trim();
    let plain = cell.len() <= 24 && cell.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    let degrees = cell.parse::<f64>().ok().filter(|degrees| plain && degrees.abs() <= f64::from(degrees_max));
    let remedy = || format!("write decimal degrees from -{degrees_max} to {degrees_max}, such as 37.566536");
    degrees.map(|degrees| (degrees * 1e6).round() as i32).ok_or_else(|| ("not a coordinate".to_owned(), remedy()))
}

fn product(cell: &str, campaign: &Campaign) -> Result<ProductId, Complaint> {
    let wanted = cell.trim();
    let named = |product: &&charye_domain::vaccine::VaccineProduct| product.code == wanted || product.name.ko == wanted;
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

/// Sixteen bytes that stand for a code.
fn fingerprint(code: &str) -> u128 {
    let hash = blake3::hash(code.as_bytes());
    hash.as_bytes().iter().take(16).fold(0, |fingerprint, byte| fingerprint << 8 | u128::from(*byte))
}
