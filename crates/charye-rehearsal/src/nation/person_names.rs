//! Room: rehearsal. Names of people who do not exist.
//!
//! Called by `citizens` for test people and by `clinic_names` for the doctors practices are named after. Never takes a
//! name from a list of real people: surnames and given syllables are common ones, drawn apart.

use super::clinic_names::Name;
use super::rng::Stream;
use super::romanise::romanise;

/// Surnames as often as they are (per mille, rounded; 2015 census order), with the spelling on most passports.
const SURNAMES: [(u32, (&str, &str)); 40] = [
    (215, ("김", "Kim")),
    (147, ("이", "Lee")),
    (84, ("박", "Park")),
    (47, ("최", "Choi")),
    (43, ("정", "Jung")),
    (24, ("강", "Kang")),
    (21, ("조", "Cho")),
    (21, ("윤", "Yoon")),
    (20, ("장", "Jang")),
    (15, ("임", "Lim")),
    (15, ("한", "Han")),
    (15, ("오", "Oh")),
    (14, ("서", "Seo")),
    (14, ("신", "Shin")),
    (14, ("권", "Kwon")),
    (14, ("황", "Hwang")),
    (14, ("안", "Ahn")),
    (13, ("송", "Song")),
    (11, ("전", "Jeon")),
    (11, ("홍", "Hong")),
    (10, ("유", "Yoo")),
    (9, ("고", "Ko")),
    (9, ("문", "Moon")),
    (9, ("양", "Yang")),
    (8, ("손", "Son")),
    (8, ("배", "Bae")),
    (8, ("백", "Baek")),
    (8, ("허", "Heo")),
    (7, ("남", "Nam")),
    (7, ("심", "Shim")),
    (6, ("노", "Noh")),
    (5, ("하", "Ha")),
    (4, ("곽", "Kwak")),
    (4, ("성", "Sung")),
    (4, ("차", "Cha")),
    (2, ("남궁", "Namgung")),
    (1, ("제갈", "Jegal")),
    (1, ("황보", "Hwangbo")),
    (1, ("선우", "Sunwoo")),
    (1, ("독고", "Dokgo")),
];

#[rustfmt::skip]
const GIVEN_FIRST: [&str; 36] = [
    "가", "건", "경", "규", "나", "다", "도", "동", "민", "병", "상", "서", "선", "성", "소", "수", "승", "시", "아", "연", "영",
    "예", "용", "우", "원", "유", "윤", "은", "재", "정", "주", "준", "지", "진", "태", "하",
];
#[rustfmt::skip]
const GIVEN_SECOND: [&str; 32] = [
    "경", "규", "기", "나", "늘", "라", "람", "린", "미", "민", "빈", "서", "석", "선", "솔", "수", "숙", "아", "연", "영", "우",
    "원", "윤", "은", "인", "정", "준", "진", "현", "호", "훈", "희",
];

/// A Korean name, written as on a form: surname and given name without a space; in English the surname last.
pub(super) fn korean(stream: &mut Stream) -> Name {
    let (surname_ko, surname_en) = stream.weighted(&SURNAMES);
    let mut given = stream.pick(&GIVEN_FIRST).to_owned();
    // One in fifty has a given name of one syllable.
    if !stream.chance(20) {
        given.push_str(stream.pick(&GIVEN_SECOND));
    }
    Name { ko: format!("{surname_ko}{given}"), en: format!("{} {surname_en}", romanise(&given)) }
}

#[rustfmt::skip]
const FOREIGN_GIVEN: [&str; 16] = [
    "Amina", "Bayarmaa", "Daniel", "Elena", "Fatima", "Hiroshi", "Ivan", "Joao", "Lan", "Maria", "Niran",
    "Olga", "Priya", "Samuel", "Thanh", "Wei",
];
#[rustfmt::skip]
const FOREIGN_SURNAMES: [&str; 16] = [
    "Anderson", "Batbayar", "Chen", "Dela Cruz", "Garcia", "Haddad", "Ivanova", "Khan", "Nguyen", "Okafor",
    "Petrov", "Rahman", "Sato", "Silva", "Tran", "Wong",
];

/// A foreign resident's name: registered in Latin letters, capitals, surname first.
pub(super) fn foreign(stream: &mut Stream) -> Name {
    let (given, surname) = (stream.pick(&FOREIGN_GIVEN), stream.pick(&FOREIGN_SURNAMES));
    Name { ko: format!("{surname} {given}").to_uppercase(), en: format!("{given} {surname}") }
}
