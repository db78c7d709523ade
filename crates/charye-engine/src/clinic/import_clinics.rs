//! Room: engine/clinic. Clinics from CSV, streamed. Called by `charye import clinics`. Never knows sessions.

use std::io::Read;

use charye_domain::campaign::Bilingual;
use charye_domain::clinic::{Clinic, ClinicKind, Point};
use csv::StringRecord;
use rustc_hash::FxHashSet;

use super::csv_table::{Column, Complaint, CsvTable, Row, text};
use super::district::DistrictTable;
use super::import_error::{ImportCounts, ImportFailure};
use super::import_file::{CHUNK_ROWS, code_column, hand_on, optional, read_code, required};

/// Clinics in one file. Each costs 16 bytes while the file is read, to notice a code that stands twice.
const CLINICS_MAX: u64 = 1_000_000;

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

/// Sixteen bytes that stand for a code.
fn fingerprint(code: &str) -> u128 {
    let hash = blake3::hash(code.as_bytes());
    hash.as_bytes().iter().take(16).fold(0, |fingerprint, byte| fingerprint << 8 | u128::from(*byte))
}
