//! Room: engine/clinic. Good files: our columns, the public list's columns, both encodings, districts by any name.

use charye_domain::clinic::{ClinicKind, Point};
use charye_domain::ids::ProductId;
use charye_domain::slot::Weekdays;
use charye_domain::time::MinuteOfDay;
use charye_domain::vaccine::DoseNumber;
use encoding_rs::EUC_KR;
use jiff::civil::date;

use super::super::DistrictTable;
use super::{clinics, sessions};

const OURS: &str = "clinic_code,kind,name_ko,name_en,district_code,address,phone,lat,lon\n\
    C1,contracted,미소의원,Miso Clinic,11110,\"서울 종로구 길, 1\",02-123-4567,37.5838,126.9882\n\
    C2,centre,종로센터,,11110,,,,\n\
    C3,health_centre,\"큰 \"\"보건소\"\"\",,51110,주소,033,-37.5,-0.0000014\n";

/// A piece of the public hospital list, with columns Charye does not ask for.
const PUBLIC_LIST: &str = "암호화요양기호,요양기관명,종별코드명,시도코드명,시군구코드명,읍면동,주소,전화번호,총의사수,좌표(X),좌표(Y)\n\
    JDQ4MTg4MSM1MSMkMSMkMCMkODkkMzgxMzUxIzExIyQxIyQzIyQ4OSQyNjE4MzIjNDEjJDEjJDgjJDgz,가람의원,의원,서울,강남구,역삼동,서울특별시 강남구,02-555-0000,3,127.0365,37.5006\n\
    JDQ4MTYyMiM4MSMkMSMkNCMkODk=,수원보건소,보건소,경기,수원장안구,,경기도 수원시,031-228-0000,1,127.01,37.30\n";

#[test]
fn our_own_columns_are_read() {
    let (clinics, counts) = clinics(OURS.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((counts.rows, counts.accepted, counts.bytes), (3, 3, OURS.len() as u64));
    assert_eq!(clinics[0].name.en, "Miso Clinic");
    assert_eq!(clinics[0].address, "서울 종로구 길, 1");
    assert_eq!(clinics[0].point, Some(Point { lat_e6: 37_583_800, lon_e6: 126_988_200 }));
    assert_eq!((clinics[1].kind, clinics[1].point), (ClinicKind::Centre, None));
    assert_eq!(clinics[1].name.en, "종로센터", "no English name: the Korean one");
    assert_eq!(clinics[2].name.ko, "큰 \"보건소\"");
    assert_eq!(clinics[2].district, 42_110, "today's code of 춘천 leads to the table's");
    assert_eq!(clinics[2].point, Some(Point { lat_e6: -37_500_000, lon_e6: -1 }), "a minus is a number's own");
}

#[test]
fn columns_may_stand_in_any_order_and_lines_may_end_in_either_way() {
    let windows = "lon,lat,kind,clinic_code,DISTRICT_CODE, name_ko \r\n126.9,37.5,contracted,C1,11110,의원\r\n\r\n";
    let (clinics, counts) = clinics(windows.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((clinics[0].code.as_str(), counts.rows), ("C1", 1), "blank lines are not rows");
}

#[test]
fn the_public_list_is_read_in_either_encoding_with_and_without_a_mark() {
    let (expect, _) = clinics(PUBLIC_LIST.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((expect[0].district, expect[1].district), (11_680, 41_111));
    assert_eq!((expect[0].kind, expect[1].kind), (ClinicKind::Contracted, ClinicKind::HealthCentre));
    assert_eq!(expect[0].point, Some(Point { lat_e6: 37_500_600, lon_e6: 127_036_500 }), "X is the longitude");
    let (euc_kr, _, unmappable) = EUC_KR.encode(PUBLIC_LIST);
    assert!(!unmappable);
    assert_eq!(clinics(&euc_kr).unwrap_or_else(|errors| panic!("{errors}")).0, expect);
    let marked = format!("\u{feff}{PUBLIC_LIST}");
    assert_eq!(clinics(marked.as_bytes()).unwrap_or_else(|errors| panic!("{errors}")).0, expect);
}

#[test]
fn encrypted_codes_are_hashed_to_the_same_code_in_both_files() {
    let (clinics, _) = clinics(PUBLIC_LIST.as_bytes()).unwrap();
    assert!(clinics[0].code.starts_with("hira-") && clinics[0].code.len() == 29);
    assert_ne!(clinics[0].code, clinics[1].code);
    let encrypted = PUBLIC_LIST.lines().nth(2).unwrap().split(',').next().unwrap();
    let file = format!(
        "암호화요양기호,백신,차수,시작일,종료일,요일,시작시각,종료시각,간격분,정원\n\
         {encrypted},화이자,1차,2021-08-26,2021-09-30,월-금,09:00,12:00,30,6\n"
    );
    let (sessions, _) = sessions(file.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(sessions[0].clinic, clinics[1].code);
}

#[test]
fn sessions_are_read_with_weekdays_in_both_languages() {
    let header = "clinic_code,product,dose,first_day,last_day,weekdays,start,end,slot_minutes,capacity\n";
    for (written, bits) in [
        ("mon-fri", 0b001_1111),
        ("\"mon,wed,sat\"", 0b010_0101),
        ("월-금", 0b001_1111),
        ("\"월,수,토\"", 0b010_0101),
        ("MON-Sun", 0b111_1111),
        ("all", 0b111_1111),
        ("매일", 0b111_1111),
        ("\"월~수, 토\"", 0b010_0111),
    ] {
        let file = format!("{header}C1,moderna,2,2021-09-30,2021-11-11,{written},9:00,24:00,60,10000\n");
        let (sessions, _) = sessions(file.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
        let session = &sessions[0];
        assert_eq!(session.weekdays, Weekdays(bits), "{written}");
        assert_eq!((session.product, session.dose), (ProductId(1), DoseNumber::Second));
        assert_eq!((session.first_day, session.last_day), (date(2021, 9, 30), date(2021, 11, 11)));
        assert_eq!((session.start, session.end), (MinuteOfDay(540), MinuteOfDay(1_440)));
        assert_eq!((session.slot_minutes, session.capacity), (60, 10_000));
    }
}

#[test]
fn every_district_has_a_name_in_both_languages() {
    let table = DistrictTable::korea();
    assert_eq!(table.districts().len(), 250);
    for district in table.districts() {
        assert!(!district.province_en.is_empty() && district.name_en.is_ascii(), "{}", district.code);
        assert!(["-gu", "-si", "-gun"].iter().any(|kind| district.name_en.ends_with(kind)), "{}", district.name_en);
    }
    let suwon = table.by_code(41111).unwrap();
    assert_eq!((suwon.province_en.as_str(), suwon.name_en.as_str()), ("Gyeonggi", "Suwon-si Jangan-gu"));
}

#[test]
fn every_district_is_found_by_its_code_and_its_names() {
    let table = DistrictTable::korea();
    assert_eq!(table.districts().len(), 250);
    for district in table.districts() {
        assert_eq!(table.by_code(district.code), Some(district));
        assert_eq!(table.by_names(&district.province, &district.name), Some(district), "{}", district.name);
    }
}

#[test]
fn districts_are_found_under_short_and_later_names_and_codes() {
    let table = DistrictTable::korea();
    let check = |province, district, expect: Option<u32>| {
        let found = table.by_names(province, district).map(|district| district.code);
        assert_eq!(found, expect, "{province} {district}");
    };
    check("서울", "강남구", Some(11_680));
    check("경기", "수원장안구", Some(41_111));
    check("경기도", "수원시 장안구", Some(41_111));
    check("부산", "부산동구", Some(26_170));
    check("대구광역시", "군위군", Some(47_720));
    check("경북", "군위군", Some(47_720));
    check("강원특별자치도", "춘천시", Some(42_110));
    check("전북특별자치도", "전주시 완산구", Some(45_111));
    check("세종", "세종시", table.by_names("세종특별자치시", "세종시").map(|district| district.code));
    check("경기", "강남구", None);
    check("", "", None);
    check("서울", "구", None);
    for (today, of_the_table) in [(51_110, 42_110), (52_111, 45_111), (27_720, 47_720)] {
        assert_eq!(table.by_code(today), table.by_code(of_the_table), "{today}");
        assert!(table.by_code(today).is_some());
    }
    assert_eq!(table.by_code(51_999), None);
    assert_eq!(table.by_code(u32::MAX), None);
}
