//! Room: engine/campaign. What people and operators read: descriptions in both languages, differences, moved calendars.

use charye_domain::campaign::UniquenessScheme;
use charye_domain::identity::Assurance;
use charye_domain::time::UnixMillis;
use jiff::civil::{Date, DateTime, date};

use super::super::{
    Language, canonical_text, days_to_open, describe_for, diff, particle, read_campaign, read_published, shift,
};
use super::bundled_file;

/// Each text that differs from its snapshot is shown whole.
#[track_caller]
fn same(got: &str, expect: &str) {
    let expect: Vec<&str> = expect.trim().lines().map(str::trim_start).collect();
    let got_lines: Vec<&str> = got.lines().map(str::trim_start).collect();
    assert_eq!(got_lines, expect, "\n{got}");
}

fn described(code: &str, birth: Date, at: DateTime, language: Language) -> String {
    let campaign = bundled_file(code).campaign;
    describe_for(&campaign, birth, UnixMillis::from_civil(at, &campaign.time_zone).unwrap(), language)
}

#[test]
fn a_person_is_told_who_may_reserve_what_when() {
    let at = date(2021, 8, 9).at(12, 0, 0, 0);
    same(
        &described("kr-2021-18-49", date(1990, 3, 9), at, Language::Korean),
        "18~49세 코로나19 예방접종 (kr-2021-18-49)
        1990년 3월 9일생: 아직 예약할 수 없습니다. 2021년 8월 9일(월) 20:00부터 예약할 수 있습니다 (생일 끝자리 9).
        예약할 수 있는 때:
          - 2021년 8월 9일(월) 20:00부터 2021년 8월 10일(화) 18:00까지: 생일 끝자리 9
          - 2021년 8월 20일(금) 20:00부터 2021년 8월 21일(토) 18:00까지: 추가 예약 18~35세
          - 2021년 8월 21일(토) 20:00부터 2021년 9월 18일(토) 18:00까지: 18~49세 누구나
        줄을 서서 차례가 되면 들어갑니다. 시작 12시간 전부터 추첨에 참여할 수 있습니다.
        접종 기간: 2021년 8월 26일(목)부터 2021년 11월 11일(목)까지 (쉬는 날 7일)
        화이자는 두 번 맞습니다. 2차는 1차 35~42일 뒤(표준 42일)이며, 1차와 함께 같은 기관에 예약합니다.
        모더나는 두 번 맞습니다. 2차는 1차 35~42일 뒤(표준 42일)이며, 1차와 함께 같은 기관에 예약합니다.",
    );
    same(
        &described("kr-2021-18-49", date(1990, 3, 9), at, Language::English),
        "COVID-19 vaccination, ages 18 to 49 (kr-2021-18-49)
        Born 9 March 1990: not yet. May reserve from Mon 9 August 2021 20:00 (birthdays ending in 9).
        May reserve:
          - Mon 9 August 2021 20:00 to Tue 10 August 2021 18:00: birthdays ending in 9
          - Fri 20 August 2021 20:00 to Sat 21 August 2021 18:00: catch-up, ages 18 to 35
          - Sat 21 August 2021 20:00 to Sat 18 September 2021 18:00: everyone aged 18 to 49
        People wait in a line and come in when called. Places are drawn among those who enrol in the 12 hours before.
        Vaccination: Thu 26 August 2021 to Thu 11 November 2021 (7 closed days)
        Pfizer: two doses, the second 35 to 42 days after the first (standard 42), reserved together at the same clinic.
        Moderna: two doses, the second 35 to 42 days after the first (standard 42), reserved together at the same clinic.",
    );
}

#[test]
fn the_second_line_says_what_holds_now() {
    let check = |birth: Date, at: DateTime, ko: &str, en: &str| {
        let second = |language| described("kr-2021-18-49", birth, at, language).lines().nth(1).unwrap().to_owned();
        assert_eq!(second(Language::Korean), ko);
        assert_eq!(second(Language::English), en);
    };
    check(
        date(1980, 5, 29),
        date(2021, 8, 10).at(0, 30, 0, 0),
        "1980년 5월 29일생: 지금 예약할 수 있습니다. 생일 끝자리 9 예약은 2021년 8월 10일(화) 18:00까지입니다.",
        "Born 29 May 1980: may reserve now. The opening for birthdays ending in 9 ends Tue 10 August 2021 18:00.",
    );
    check(
        date(1960, 5, 29),
        date(2021, 8, 10).at(0, 30, 0, 0),
        "1960년 5월 29일생: 예약 대상이 아닙니다. 18~49세 코로나19 예방접종은 1972년 1월 1일~1985년 12월 31일, \
         1986년 1월 1일~2003년 12월 31일에 태어난 사람이 대상입니다.",
        "Born 29 May 1960: not in this campaign. It is for people born 1 January 1972 to 31 December 1985 \
         or 1 January 1986 to 31 December 2003.",
    );
    check(
        date(1980, 5, 29),
        date(2021, 9, 18).at(18, 0, 0, 0),
        "1980년 5월 29일생: 예약 기간이 끝났습니다 (마지막 마감 2021년 9월 18일(토) 18:00).",
        "Born 29 May 1980: all openings are over. The last one closed Sat 18 September 2021 18:00.",
    );
}

#[test]
fn a_product_of_one_dose_is_described_as_such() {
    let at = date(2026, 10, 5).at(9, 0, 0, 0);
    let last = |language| described("one-clinic", date(1950, 1, 1), at, language).lines().last().unwrap().to_owned();
    assert_eq!(last(Language::Korean), "독감은 한 번 맞습니다.");
    assert_eq!(last(Language::English), "Flu: one dose.");
}

#[test]
fn particles_follow_the_last_sound() {
    for (word, expect) in [
        ("화이자", "는"),
        ("독감", "은"),
        ("예약", "은"),
        ("모더나(2차)", "는"),
        ("접종(서울)", "은"),
        ("끝자리 9", "는"),
        ("끝자리 8", "은"),
        ("", "는"),
        ("…", "는"),
    ] {
        assert_eq!(particle(word, "은", "는"), expect, "{word}");
    }
}

#[test]
fn equal_campaigns_differ_in_nothing_and_each_change_says_its_effect() {
    let bundled = super::super::bundled("kr-2021-18-49").unwrap();
    let old = bundled_file("kr-2021-18-49").campaign;
    assert_eq!(diff(&old, &old), []);
    let check = |from: &str, to: &str, expect: &[&str]| {
        assert!(bundled.text.contains(from), "{from}");
        let new = read_campaign("b.toml", bundled.text.replacen(from, to, 1).as_bytes()).unwrap().campaign;
        let said: Vec<String> = diff(&old, &new).iter().map(|c| format!("{} | {}", c.what, c.effect)).collect();
        assert_eq!(said, expect, "{from} -> {to}");
    };
    check(
        "evening = 2021-08-19\nopens = \"20:00\"",
        "evening = 2021-08-19\nopens = \"21:00\"",
        &["windows of ages 36 to 49 | may reserve 2021-08-19 21:00 to 2021-08-20 18:00 instead of \
           2021-08-19 20:00 to 2021-08-20 18:00"],
    );
    check(
        "digits = [9, 0, 1,",
        "digits = [9, 1, 0,",
        &[
            "windows of ages 36 to 49, birthdays ending in 0 | may reserve 2021-08-11 20:00 to 2021-08-12 18:00 \
             instead of 2021-08-10 20:00 to 2021-08-11 18:00",
            "windows of ages 36 to 49, birthdays ending in 1 | may reserve 2021-08-10 20:00 to 2021-08-11 18:00 \
             instead of 2021-08-11 20:00 to 2021-08-12 18:00",
            "windows of ages 18 to 35, birthdays ending in 0 | may reserve 2021-08-11 20:00 to 2021-08-12 18:00 \
             instead of 2021-08-10 20:00 to 2021-08-11 18:00",
            "windows of ages 18 to 35, birthdays ending in 1 | may reserve 2021-08-10 20:00 to 2021-08-11 18:00 \
             instead of 2021-08-11 20:00 to 2021-08-12 18:00",
            "name of opening 2: 생일 끝자리 0 / birthdays ending in 0 -> 생일 끝자리 1 / birthdays ending in 1 | \
             people read another name",
            "name of opening 3: 생일 끝자리 1 / birthdays ending in 1 -> 생일 끝자리 0 / birthdays ending in 0 | \
             people read another name",
        ],
    );
    check(
        "closed_days = []",
        "closed_days = [2021-09-01]",
        &["closed now: 2021-09-01 | reservations on these days must be moved"],
    );
    check(
        "born_to = 2003-12-31",
        "born_to = 2004-12-31",
        &["cohort age-18-35: born 1986-01-01 to 2003-12-31 -> 1986-01-01 to 2004-12-31 | \
           people born 2004-01-01 to 2004-12-31 join it"],
    );
    check(
        "interval_days = [35, 42]",
        "interval_days = [28, 42]",
        &["interval of pfizer: 35 to 42 days, standard 42 -> 28 to 42 days, standard 42 | \
           reserved pairs stay as they are; new and changed ones follow the new interval"],
    );
    check(
        "evening = 2021-08-20\nopens = \"20:00\"\ncloses = \"18:00\"",
        "evening = 2021-08-20\nopens = \"20:00\"\ncloses = \"18:00\"\nshare = 0",
        &[],
    );
}

#[test]
fn a_change_of_releases_is_told_at_each_moment() {
    let old = bundled_file("one-clinic").campaign;
    let mut new = old.clone();
    new.openings[0].cumulative_share = 5_000;
    let said: Vec<String> = diff(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["released at 2026-10-05 09:00: 100.00 % in all -> 50.00 % in all\n    \
          effect: more or fewer places are free from then on"]
    );
}

#[test]
fn a_shifted_campaign_keeps_its_hours_moves_its_days_and_takes_the_new_holidays() {
    let file = bundled_file("kr-2021-18-49");
    let moved = shift(&file, 365).unwrap();
    let window = &moved.campaign.openings[0].window;
    assert_eq!(window.opens_civil, date(2022, 8, 9).at(20, 0, 0, 0));
    assert_eq!(window.opens_at.civil(&moved.campaign.time_zone), window.opens_civil);
    assert_eq!(moved.campaign.first_day, date(2022, 8, 26));
    // Chuseok 2022 was 9 to 11 September, with a substitute holiday on the 12th.
    let september: Vec<Date> = moved.campaign.closed_days.iter().copied().filter(|day| day.month() == 9).collect();
    assert_eq!(september, [date(2022, 9, 9), date(2022, 9, 10), date(2022, 9, 11), date(2022, 9, 12)]);
    assert_eq!(moved.campaign.cohorts, file.campaign.cohorts, "birth dates stay");
    let again = read_campaign("moved", canonical_text(&moved).as_bytes()).unwrap();
    assert_eq!(again.campaign, moved.campaign);
}

#[test]
fn shifting_there_and_back_changes_nothing_and_beyond_the_calendar_is_refused() {
    let file = bundled_file("kr-2021-18-49");
    for days in [-700, -1, 0, 1, 1_931, 9_000] {
        assert_eq!(shift(&shift(&file, days).unwrap(), -days).unwrap(), file, "{days}");
    }
    for days in [i32::MIN, -60_000, 70_000, i32::MAX] {
        assert!(shift(&file, days).is_err(), "{days}");
    }
}

#[test]
fn the_demo_is_open_now_or_this_evening() {
    let file = bundled_file("kr-2021-18-49");
    for (at, opens) in [
        (date(2026, 11, 22).at(13, 20, 0, 0), date(2026, 11, 21)),
        (date(2026, 11, 22).at(17, 59, 0, 0), date(2026, 11, 21)),
        (date(2026, 11, 22).at(18, 0, 0, 0), date(2026, 11, 22)),
        (date(2026, 11, 22).at(19, 59, 0, 0), date(2026, 11, 22)),
        (date(2026, 11, 22).at(20, 0, 0, 0), date(2026, 11, 22)),
        (date(2026, 11, 22).at(23, 59, 0, 0), date(2026, 11, 22)),
    ] {
        let now = UnixMillis::from_civil(at, &file.campaign.time_zone).unwrap();
        let moved = shift(&file, days_to_open(&file.campaign, now)).unwrap().campaign;
        assert_eq!(moved.openings[0].window.opens_civil.date(), opens, "{at}");
        let closed_hours = (18..20).contains(&at.hour());
        assert_eq!(moved.openings[0].window.contains(now), !closed_hours, "{at}");
    }
}

#[test]
fn the_weakest_proof_that_counts_is_read_told_again_and_compared() {
    let file = bundled_file("kr-2021-18-49");
    assert_eq!(file.campaign.least_assurance, Assurance::Rehearsed);
    assert!(!canonical_text(&file).contains("least_assurance"), "what was published before reads as it did");
    let mut stronger = file.clone();
    stronger.campaign.least_assurance = Assurance::Ial2;
    let text = canonical_text(&stronger);
    assert!(text.contains("least_assurance = \"ial2\""), "{text}");
    let back = read_published(&text, stronger.campaign.id, stronger.campaign.version).unwrap();
    assert_eq!(back, stronger.campaign);
    let changes = diff(&file.campaign, &stronger.campaign);
    assert_eq!(changes.len(), 1);
    assert!(changes[0].to_string().contains("rehearsed -> ial2"), "{}", changes[0]);
    assert_eq!(stronger.for_rehearsal().campaign.least_assurance, Assurance::Rehearsed);
}

#[test]
fn a_rehearsal_lets_made_up_people_in_and_changes_nothing_else() {
    let file = bundled_file("kr-2021-18-49");
    let rehearsal = file.clone().for_rehearsal();
    assert_eq!(rehearsal.campaign.uniqueness, UniquenessScheme::Rehearsal);
    assert_eq!(diff(&file.campaign, &rehearsal.campaign).len(), 1);
}
