//! Room: engine/clinic. What is wrong with a file is said with line, column, excerpt and remedy; never a panic.

use std::convert::Infallible;

use encoding_rs::EUC_KR;
use proptest::prelude::*;

use super::super::{DistrictTable, ImportFailure, ROW_ERRORS_MAX, import_clinics, import_sessions};
use super::{campaign, clinics, sessions};

/// One door for clinics: a good row in which one cell becomes `cell`; the first error must be `expect`.
#[track_caller]
fn check_clinic(column: &str, cell: &str, expect: &str) {
    let header = "clinic_code,kind,name_ko,name_en,district_code,address,phone,lat,lon";
    let good = ["C1", "contracted", "의원", "Clinic", "11110", "주소", "02-1", "37.5", "127.0"];
    let cells = header.split(',').zip(good).map(|(name, good)| if name == column { cell } else { good });
    let file = format!("{header}\n{}\n", cells.collect::<Vec<_>>().join(","));
    first_error(clinics(file.as_bytes()).map(|_| ()), expect, cell);
}

/// One door for sessions, likewise.
#[track_caller]
fn check_session(changes: &[(&str, &str)], expect: &str) {
    let header = "clinic_code,product,dose,first_day,last_day,weekdays,start,end,slot_minutes,capacity";
    let good = ["C1", "pfizer", "1", "2021-08-26", "2021-09-30", "mon-fri", "09:00", "12:00", "30", "6"];
    let cells = header
        .split(',')
        .zip(good)
        .map(|(name, good)| changes.iter().find(|(changed, _)| *changed == name).map_or(good, |(_, cell)| cell));
    let file = format!("{header}\n{}\n", cells.collect::<Vec<_>>().join(","));
    first_error(sessions(file.as_bytes()).map(|_| ()), expect, changes.first().map_or("", |(_, cell)| cell));
}

#[track_caller]
fn first_error(result: Result<(), super::ImportErrors>, expect: &str, about: &str) {
    let shown = match result {
        Ok(()) => "good".to_owned(),
        Err(errors) => errors.errors[0].to_string().replace("\n    remedy: ", " | "),
    };
    assert_eq!(shown, expect, "{}", about.escape_debug());
}

#[test]
fn cells_of_clinics_are_checked_one_by_one() {
    check_clinic("kind", "contracted", "good");
    check_clinic(
        "clinic_code",
        "",
        "clinics.csv:2: column clinic_code (\"\"): not a clinic code | write 1 to 32 of the characters A-Z, a-z, 0-9, ., _ and -, not beginning with -",
    );
    check_clinic(
        "clinic_code",
        "C 1",
        "clinics.csv:2: column clinic_code (\"C 1\"): not a clinic code | write 1 to 32 of the characters A-Z, a-z, 0-9, ., _ and -, not beginning with -",
    );
    check_clinic(
        "clinic_code",
        &"x".repeat(33),
        "clinics.csv:2: column clinic_code (\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"): not a clinic code | write 1 to 32 of the characters A-Z, a-z, 0-9, ., _ and -, not beginning with -",
    );
    check_clinic(
        "kind",
        "hospital",
        "clinics.csv:2: column kind (\"hospital\"): not a kind of clinic | write contracted, centre or health_centre",
    );
    check_clinic("name_ko", " ", "clinics.csv:2: column name_ko (\" \"): the cell is empty | write 1 to 80 characters");
    check_clinic(
        "name_ko",
        &"가".repeat(81),
        "clinics.csv:2: column name_ko (\"가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가가..\"): the cell has 81 characters | write 1 to 80 characters",
    );
    check_clinic(
        "district_code",
        "99999",
        "clinics.csv:2: column district_code (\"99999\"): there is no district of this code | write the five digits of a 시군구",
    );
    check_clinic(
        "district_code",
        "서울",
        "clinics.csv:2: column district_code (\"서울\"): there is no district of this code | write the five digits of a 시군구",
    );
    check_clinic(
        "lat",
        "91",
        "clinics.csv:2: column lat (\"91\"): not a coordinate | write decimal degrees from -90 to 90, such as 37.566536",
    );
    check_clinic(
        "lat",
        "NaN",
        "clinics.csv:2: column lat (\"NaN\"): not a coordinate | write decimal degrees from -90 to 90, such as 37.566536",
    );
    check_clinic(
        "lat",
        "1e1",
        "clinics.csv:2: column lat (\"1e1\"): not a coordinate | write decimal degrees from -90 to 90, such as 37.566536",
    );
    check_clinic("lon", "", "clinics.csv:2: column lon (\"\"): half of a point | write both lat and lon, or neither");
}

#[test]
fn cells_that_a_spreadsheet_would_run_are_refused_in_texts() {
    for formula in ["=1+1", "+82", "-x", "@SUM(A1)", "\"\t=1\"", "\"\r=1\"", "  =1"] {
        for column in ["name_ko", "name_en", "address", "phone"] {
            let header = "clinic_code,kind,name_ko,name_en,district_code,address,phone";
            let good = ["C1", "contracted", "의원", "Clinic", "11110", "주소", "02-1"];
            let cells = header.split(',').zip(good).map(|(name, good)| if name == column { formula } else { good });
            let file = format!("{header}\n{}\n", cells.collect::<Vec<_>>().join(","));
            let errors = clinics(file.as_bytes()).unwrap_err().errors;
            assert_eq!(errors[0].message, "the cell would be run as a formula by a spreadsheet", "{column}: {formula}");
        }
    }
    check_clinic(
        "clinic_code",
        "-1",
        "clinics.csv:2: column clinic_code (\"-1\"): not a clinic code | write 1 to 32 of the characters A-Z, a-z, 0-9, ., _ and -, not beginning with -",
    );
    check_clinic("lat", "-37.5", "good");
}

#[test]
fn control_characters_are_refused_and_never_shown_as_they_are() {
    check_clinic(
        "address",
        "a\u{1b}[31mred\u{7}",
        "clinics.csv:2: column address (\"a\\u{1b}[31mred\\u{7}\"): the cell has control characters | write it on one line, without tabs",
    );
    check_clinic(
        "name_en",
        "a\u{0}b",
        "clinics.csv:2: column name_en (\"a\\0b\"): the cell has control characters | write it on one line, without tabs",
    );
}

#[test]
fn a_clinic_that_stands_twice_is_refused() {
    let file =
        "clinic_code,kind,name_ko,district_code\nC1,contracted,가,11110\nC2,contracted,나,11110\nC1,centre,다,11110\n";
    first_error(
        clinics(file.as_bytes()).map(|_| ()),
        "clinics.csv:4: column clinic_code (\"C1\"): the clinic stands in the file twice | keep one of its rows",
        "twice",
    );
}

#[test]
fn cells_of_sessions_are_checked_one_by_one_and_together() {
    check_session(&[], "good");
    check_session(
        &[("clinic_code", "X1")],
        "sessions.csv:2: column clinic_code (\"X1\"): there is no such clinic | import the clinics first",
    );
    check_session(
        &[("product", "sputnik")],
        "sessions.csv:2: column product (\"sputnik\"): the campaign has no such product | write one of pfizer, moderna",
    );
    check_session(&[("dose", "3")], "sessions.csv:2: column dose (\"3\"): not a dose | write 1 or 2");
    check_session(
        &[("first_day", "2021-02-30")],
        "sessions.csv:2: column first_day (\"2021-02-30\"): not a day of the calendar | write a day such as 2021-08-26",
    );
    check_session(
        &[("first_day", "20210826")],
        "sessions.csv:2: column first_day (\"20210826\"): not a day of the calendar | write a day such as 2021-08-26",
    );
    check_session(
        &[("first_day", "2021-10-01")],
        "sessions.csv:2: column last_day (\"2021-09-30\"): the last day is before the first | write 2021-10-01 or later",
    );
    check_session(
        &[("first_day", "2022-01-01"), ("last_day", "2022-01-31")],
        "sessions.csv:2: column first_day (\"2022-01-01\"): the session is held on no open day of the campaign | name weekdays from 2021-08-26 to 2021-11-11 that the campaign does not close",
    );
    check_session(
        &[("first_day", "2021-09-20"), ("last_day", "2021-09-22")],
        "sessions.csv:2: column first_day (\"2021-09-20\"): the session is held on no open day of the campaign | name weekdays from 2021-08-26 to 2021-11-11 that the campaign does not close",
    );
    check_session(
        &[("weekdays", "fri-mon")],
        "sessions.csv:2: column weekdays (\"fri-mon\"): not weekdays | write days such as mon-fri, mon,wed,sat, 월-금, 월,수,토 or all",
    );
    check_session(
        &[("weekdays", "")],
        "sessions.csv:2: column weekdays (\"\"): not weekdays | write days such as mon-fri, mon,wed,sat, 월-금, 월,수,토 or all",
    );
    check_session(
        &[("weekdays", "someday")],
        "sessions.csv:2: column weekdays (\"someday\"): not weekdays | write days such as mon-fri, mon,wed,sat, 월-금, 월,수,토 or all",
    );
    check_session(
        &[("start", "9")],
        "sessions.csv:2: column start (\"9\"): not a time of day | write hours and minutes such as 09:30",
    );
    check_session(
        &[("start", "25:00")],
        "sessions.csv:2: column start (\"25:00\"): not a time of day | write hours and minutes such as 09:30",
    );
    check_session(
        &[("start", "09:60")],
        "sessions.csv:2: column start (\"09:60\"): not a time of day | write hours and minutes such as 09:30",
    );
    check_session(
        &[("start", "12:00")],
        "sessions.csv:2: column end (\"12:00\"): the session ends before it begins | write a time after 12:00",
    );
    check_session(
        &[("slot_minutes", "4")],
        "sessions.csv:2: column slot_minutes (\"4\"): not a number in range | write a whole number from 5 to 720",
    );
    check_session(
        &[("slot_minutes", "300")],
        "sessions.csv:2: column slot_minutes (\"300\"): not one slot fits into the session | write at most 180",
    );
    check_session(
        &[("start", "00:00"), ("end", "24:00"), ("slot_minutes", "20")],
        "sessions.csv:2: column slot_minutes (\"20\"): 72 slots fit into the session | lengthen the slots, so that at most 64 fit",
    );
    check_session(
        &[("capacity", "0")],
        "sessions.csv:2: column capacity (\"0\"): not a number in range | write a whole number from 1 to 10000",
    );
    check_session(
        &[("capacity", "10001")],
        "sessions.csv:2: column capacity (\"10001\"): not a number in range | write a whole number from 1 to 10000",
    );
    check_session(
        &[("capacity", "-5")],
        "sessions.csv:2: column capacity (\"-5\"): not a number in range | write a whole number from 1 to 10000",
    );
    check_session(
        &[("capacity", "6.5")],
        "sessions.csv:2: column capacity (\"6.5\"): not a number in range | write a whole number from 1 to 10000",
    );
}

#[test]
fn slots_of_one_clinic_that_start_together_are_refused() {
    let header = "clinic_code,product,dose,first_day,last_day,weekdays,start,end,slot_minutes,capacity";
    let first = "C1,pfizer,1,2021-08-26,2021-09-30,mon-fri,09:00,12:00,30,6";
    let check = |second: &str, clash: bool| {
        let file = format!("{header}\n{first}\n{second}\n");
        assert_eq!(sessions(file.as_bytes()).is_err(), clash, "{second}");
    };
    check("C1,pfizer,1,2021-08-26,2021-09-30,mon-fri,11:30,13:00,30,6", true);
    check("C1,pfizer,1,2021-09-27,2021-10-30,thu,09:30,10:00,30,6", true);
    check("C1,pfizer,1,2021-08-26,2021-09-30,mon-fri,12:00,13:00,30,6", false);
    check("C1,pfizer,1,2021-08-26,2021-09-30,mon-fri,09:15,12:00,30,6", false);
    check("C1,pfizer,1,2021-08-26,2021-09-30,sat,09:00,12:00,30,6", false);
    check("C1,pfizer,1,2021-10-01,2021-10-30,mon-fri,09:00,12:00,30,6", false);
    check("C1,moderna,1,2021-08-26,2021-09-30,mon-fri,09:00,12:00,30,6", false);
    check("C1,pfizer,2,2021-08-26,2021-09-30,mon-fri,09:00,12:00,30,6", false);
    check("C2,pfizer,1,2021-08-26,2021-09-30,mon-fri,09:00,12:00,30,6", false);
}

#[test]
fn headers_are_checked_before_any_row() {
    let check = |file: &str, expect: &str| first_error(clinics(file.as_bytes()).map(|_| ()), expect, file);
    check("", "clinics.csv:1: the file is empty | write a header row with the names of the columns");
    check(
        "kind,name_ko,district_code\n",
        "clinics.csv:1: the header has no column clinic_code | add one called clinic_code or 요양기관번호 or 요양기관기호 or 암호화요양기호",
    );
    check(
        "clinic_code,name_ko,district_code\n",
        "clinics.csv:1: the header has no column kind | add one called kind or 종별코드명",
    );
    check(
        "clinic_code,kind,name_ko\n",
        "clinics.csv:1: the header says nothing of the district | add district_code, or both province (시도코드명) and district (시군구코드명)",
    );
    check(
        "clinic_code,kind,name_ko,province\n",
        "clinics.csv:1: the header says nothing of the district | add district_code, or both province (시도코드명) and district (시군구코드명)",
    );
    check(
        "clinic_code,kind,종별코드명,name_ko,district_code\n",
        "clinics.csv:1: the columns \"kind\" and \"종별코드명\" mean the same | keep one of them",
    );
    check(
        "clinic_code,kind,name_ko,district_code,lat\n",
        "clinics.csv:1: the header has one of lat and lon only | add the other, or remove it",
    );
    let wide = format!("clinic_code{}\n", ",x".repeat(300));
    check(&wide, "clinics.csv:1: the header has 301 columns | keep it within 256");
    first_error(
        sessions(b"product\n").map(|_| ()),
        "sessions.csv:1: the header has no column dose | add one called dose or 차수",
        "sessions",
    );
}

#[test]
fn a_province_without_that_district_is_named() {
    let file = "clinic_code,kind,name_ko,province,district\nC1,의원,가,경기,강남구\n";
    first_error(
        clinics(file.as_bytes()).map(|_| ()),
        "clinics.csv:2: column district (\"강남구\"): there is no district of this name in the province | write both names as the public hospital list does, or the district_code",
        "province",
    );
}

#[test]
fn wrong_encodings_are_refused_with_the_byte() {
    let good = "clinic_code,kind,name_ko,district_code\nC1,contracted,의원,11110\n";
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(good.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    first_error(
        clinics(&utf16).map(|_| ()),
        "clinics.csv:1: the file is UTF-16 | save the file as CSV in UTF-8",
        "UTF-16",
    );
    let mut neither = good.as_bytes().to_vec();
    let at = good.find("의").unwrap();
    neither[at..at + 3].copy_from_slice(&[0xff, 0xff, 0xff]);
    first_error(
        clinics(&neither).map(|_| ()),
        "clinics.csv:1: byte 53 is neither UTF-8 nor EUC-KR | save the file as CSV in UTF-8",
        "neither",
    );
    // ASCII for longer than is looked at, then EUC-KR: told apart too late, so the place is named.
    let mut late: Vec<u8> = b"clinic_code,kind,name_ko,district_code\n".to_vec();
    (0..3_000).for_each(|n| late.extend(format!("C{n},contracted,clinic number {n},11110\n").bytes()));
    let at = late.len() + "D1,contracted,".len();
    late.extend(EUC_KR.encode("D1,contracted,의원,11110\n").0.iter());
    let errors = clinics(&late).unwrap_err();
    assert_eq!(errors.errors[0].message, format!("byte {at} is not UTF-8, as the file is up to there"));
    assert!(errors.stopped_early);
}

#[test]
fn rows_that_are_short_or_long_are_read_by_name() {
    let header = "clinic_code,kind,name_ko,district_code,phone\n";
    assert!(clinics(format!("{header}C1,contracted,가,11110\n").as_bytes()).is_ok(), "optional cells may be left off");
    assert!(clinics(format!("{header}C1,contracted,가,11110,1,2,3\n").as_bytes()).is_ok());
    first_error(
        clinics(format!("{header}C1,contracted\n").as_bytes()).map(|_| ()),
        "clinics.csv:2: column name_ko (\"\"): the cell is empty | write 1 to 80 characters",
        "short",
    );
}

#[test]
fn after_a_hundred_errors_reading_stops() {
    let rows: String = (0..500).map(|n| format!("C{n},contracted,,11110\n")).collect();
    let errors = clinics(format!("clinic_code,kind,name_ko,district_code\n{rows}").as_bytes()).unwrap_err();
    assert_eq!((errors.errors.len(), errors.counts.rows, errors.stopped_early), (ROW_ERRORS_MAX, 100, true));
    assert!(errors.to_string().ends_with("0 of 100 rows are good; reading stopped here, there may be more errors"));
}

#[test]
fn after_an_error_nothing_more_is_handed_on_but_all_errors_are_found() {
    let mut file = String::from("clinic_code,kind,name_ko,district_code\n");
    (0..3_500).for_each(|n| {
        let name = if n == 1_500 || n == 3_400 { "" } else { "의원" };
        file.push_str(&format!("C{n},contracted,{name},11110\n"));
    });
    let mut handed_on = 0;
    let result = import_clinics("c.csv", file.as_bytes(), &DistrictTable::korea(), |chunk| -> Result<(), Infallible> {
        handed_on += chunk.len();
        Ok(())
    });
    let Err(ImportFailure::File(errors)) = result else { panic!("two names are missing") };
    assert_eq!(errors.errors.iter().map(|error| error.line).collect::<Vec<_>>(), [1_502, 3_402]);
    assert_eq!((handed_on, errors.counts.rows, errors.counts.accepted), (1_000, 3_500, 3_498));
}

#[test]
fn a_sink_that_refuses_ends_the_import() {
    let file = "clinic_code,kind,name_ko,district_code\nC1,contracted,가,11110\n";
    let result = import_clinics("c.csv", file.as_bytes(), &DistrictTable::korea(), |_| Err("full"));
    assert!(matches!(result, Err(ImportFailure::Sink("full"))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_the_readers_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), headed in any::<bool>()) {
        if headed {
            let header = b"clinic_code,kind,name_ko,district_code,lat,lon,address\n";
            bytes.splice(0..0, header.iter().copied());
        }
        let _ = clinics(&bytes);
        let _ = import_sessions("s.csv", bytes.as_slice(), &campaign(), |_| true, |_| Ok::<(), Infallible>(()));
    }

    #[test]
    fn no_damage_to_a_good_file_makes_the_reader_panic(at in any::<prop::sample::Index>(), put in "[\"',=\\n\\r\u{0}가a-]{0,8}") {
        let good = "clinic_code,kind,name_ko,district_code\nC1,contracted,의원,11110\nC2,centre,센터,11140\n";
        let mut bytes = good.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes.splice(at..at, put.bytes());
        if let Ok((clinics, counts)) = clinics(&bytes) {
            prop_assert_eq!(clinics.len() as u64, counts.accepted);
        }
    }
}
