//! Room: rehearsal. What clinics are called and where they stand: invented, in Korean and English.
//!
//! Called by `clinics`. The words are everyday ones; a likeness to a real clinic is chance. Names are unique within a
//! district and repeat across districts, as real ones do.

use std::collections::BTreeSet;

use super::clinics::Sort;
use super::districts::{self, District};
use super::person_names;
use super::rng::Stream;
use super::romanise::{romanise, romanise_district};

/// A name in the two languages every screen speaks.
pub(super) struct Name {
    pub(super) ko: String,
    pub(super) en: String,
}

/// First words of clinic names.
#[rustfmt::skip]
const WORDS: [&str; 87] = [
    "가온", "가람", "강변", "건강한", "고운", "공원", "광장", "해맑은", "그린", "금빛", "기쁨", "길벗", "꿈", "나눔", "나래", "남산", "내일",
    "노을", "누리", "느티나무", "늘봄", "늘푸른", "다솜", "다정", "단비", "달빛", "동산", "두루", "두리", "드림", "들꽃", "라온", "마루", "마음",
    "맑은", "모두", "무지개", "물빛", "미소", "미래", "바른", "바름", "밝은", "별빛", "보람", "봄", "봄빛", "사랑", "산들", "산마루", "상쾌한",
    "새봄", "새빛", "새싹", "샛별", "서로", "소망", "소나무", "손길", "솔", "솔빛", "수정", "슬기", "신나라", "아라", "아침", "어울림", "여울",
    "연꽃", "열린", "온누리", "온유", "우리", "으뜸", "은하", "이웃", "정다운", "좋은", "중앙", "참", "참좋은", "초록", "큰숲", "튼튼", "푸른",
    "하나", "행복한",
];

/// Specialties of practices, with their share and their English.
const SPECIALTIES: [(u32, (&str, &str)); 10] = [
    (30, ("내과", "Internal Medicine")),
    (16, ("소아청소년과", "Pediatric")),
    (13, ("이비인후과", "ENT")),
    (12, ("가정의학과", "Family Medicine")),
    (8, ("정형외과", "Orthopedic")),
    (6, ("외과", "Surgery")),
    (5, ("산부인과", "Women's")),
    (3, ("신경과", "Neurology")),
    (3, ("비뇨의학과", "Urology")),
    (4, ("", "")),
];

/// Draws before a name gets a number, where a district is so full that names run out.
const DRAWS_MAX: u32 = 24;

/// A name that no other clinic of the district has; it is added to `taken`.
pub(super) fn name(stream: &mut Stream, district: &District, sort: Sort, taken: &mut BTreeSet<String>) -> Name {
    if let Sort::Centre | Sort::HealthCentre = sort {
        return numbered(taken, |number| public(district, sort, number));
    }
    let mut drawn = contracted(stream, district, sort);
    for _ in 0..DRAWS_MAX {
        if !taken.contains(&drawn.ko) {
            break;
        }
        drawn = contracted(stream, district, sort);
    }
    numbered(taken, |number| match number {
        1 => Name { ko: drawn.ko.clone(), en: drawn.en.clone() },
        _ => Name { ko: format!("{} 제{number}관", drawn.ko), en: format!("{} No. {number}", drawn.en) },
    })
}

/// The first of a row of names that is not taken; it is added to `taken`.
fn numbered(taken: &mut BTreeSet<String>, mut name: impl FnMut(u32) -> Name) -> Name {
    let mut number = 1;
    loop {
        let candidate = name(number);
        if taken.insert(candidate.ko.clone()) {
            return candidate;
        }
        number += 1;
    }
}

/// A public place, named after its district; from the second on with its number.
fn public(district: &District, sort: Sort, number: u32) -> Name {
    let (ko, en) = match sort {
        Sort::Centre => ("예방접종센터", "Vaccination Centre"),
        _ => ("보건소", "Public Health Centre"),
    };
    let (ordinal_ko, ordinal_en) = match number {
        1 => (String::new(), String::new()),
        _ => (format!("제{number}"), format!(" {number}")),
    };
    let (place, province) = (romanise_district(district.name), districts::province_in_english(district.province));
    Name {
        ko: format!("{} {ordinal_ko}{ko}", spaced(district.name)),
        en: format!("{place} {en}{ordinal_en}, {province}"),
    }
}

/// A practice or hospital, named after whatever its founder liked.
fn contracted(stream: &mut Stream, district: &District, sort: Sort) -> Name {
    let (ko, en) = match sort {
        Sort::Hospital => ("병원", "Hospital"),
        Sort::GeneralHospital => ("종합병원", "General Hospital"),
        _ => return practice(stream),
    };
    let word = stream.pick(&WORDS);
    // One in three is named after its district too.
    match stream.chance(333) {
        true => Name {
            ko: format!("{} {word}{ko}", spaced(district.name)),
            en: format!("{} {} {en}", romanise_district(district.name), romanise(word)),
        },
        false => Name { ko: format!("{word}{ko}"), en: format!("{} {en}", romanise(word)) },
    }
}

/// A practice is named after a word or, one in four, after its doctor.
fn practice(stream: &mut Stream) -> Name {
    let (specialty_ko, specialty_en) = stream.weighted(&SPECIALTIES);
    let (who_ko, who_en) = match stream.chance(250) {
        true => {
            let doctor = person_names::korean(stream);
            (doctor.ko, doctor.en)
        }
        false => {
            let word = stream.pick(&WORDS);
            (word.to_owned(), romanise(word))
        }
    };
    let space = if specialty_en.is_empty() { "" } else { " " };
    Name { ko: format!("{who_ko}{specialty_ko}의원"), en: format!("{who_en}{space}{specialty_en} Clinic") }
}

/// Invented roads.
#[rustfmt::skip]
const ROADS: [&str; 36] = [
    "가온로", "갈대길", "강마을로", "고운길", "구름다리길", "금모래로", "나루터길", "다솜로", "달맞이로", "동틀녘로", "들국화길", "마루턱길", "무지개로",
    "미리내로", "바람개비길", "반딧불로", "별헤는길", "봄내음로", "새솔로", "샛강나루로", "소나기길", "솔바람로", "아라마루로", "아침노을로", "억새풀길", "여우비길",
    "온새미로", "윤슬로", "은모래길", "은하수로", "차례로", "첫눈길", "큰나래로", "푸른솔길", "하늘마루로", "해오름로",
];

/// Neighbourhoods that a district's clinics lie in. Source: 3,500 for 250 districts, in Korea.
const NEIGHBOURHOODS: u32 = 13;

/// An address as printed; road and neighbourhood are invented, the district real. `index` counts the district's clinics.
pub(super) fn address(stream: &mut Stream, district: &District, index: u32) -> String {
    let road = stream.pick(&ROADS);
    let number = stream.below(280) + 1;
    let floor = stream.weighted(&[(30, ", 1층"), (30, ", 2층"), (18, ", 3층"), (8, ", 4층"), (14, "")]);
    // Sejong is a city without districts: its one row is named after itself.
    let place = match district.code {
        36110 => String::new(),
        _ => format!("{} ", spaced(district.name)),
    };
    let word = WORDS[((district.code + index % NEIGHBOURHOODS * 7) % WORDS.len() as u32) as usize];
    // Counties write town and township before the road, cities the neighbourhood behind it.
    match (district.name.ends_with('군'), index % NEIGHBOURHOODS) {
        (true, 0) => format!("{} {place}{word}읍 {road} {number}{floor}", district.province),
        (true, _) => format!("{} {place}{word}면 {road} {number}{floor}", district.province),
        (false, _) => format!("{} {place}{road} {number}{floor} ({word}동)", district.province),
    }
}

/// The ward of a city apart from the city, as addresses write it: 수원시 장안구.
fn spaced(name: &str) -> String {
    match name.split_once('시') {
        Some((city, ward)) if !ward.is_empty() && !city.is_empty() => format!("{city}시 {ward}"),
        _ => name.to_owned(),
    }
}
