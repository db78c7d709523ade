//! Room: engine/campaign. Who may reserve what when, in words, in the two languages every screen speaks. Decides nothing:
//! it asks `eligibility` and tells what it says. Called by `charye campaign show`.

use std::fmt::Write as _;

use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::citizen::CitizenFacts;
use charye_domain::eligibility::{self, Eligibility, Ineligible, rules};
use charye_domain::opening::Opening;
use charye_domain::time::UnixMillis;
use charye_domain::vaccine::{DoseTwoPolicy, VaccineProduct};
use jiff::civil::{Date, DateTime, Weekday};

/// A language a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Korean,
    English,
}

/// What a person born on `birth_date` is told at `now`: a few lines of text, without a last line break.
pub fn describe_for(campaign: &Campaign, birth_date: Date, now: UnixMillis, language: Language) -> String {
    let speaker = Speaker { campaign, language };
    let mut lines = vec![format!("{} ({})", speaker.of(&campaign.name), campaign.code)];
    lines.push(speaker.now_line(birth_date, now));
    let windows = speaker.windows_of(birth_date);
    if !windows.is_empty() {
        lines.push(speaker.say("예약할 수 있는 때:", "May reserve:").to_owned());
        lines.extend(windows);
        lines.extend(speaker.line_line());
        lines.push(speaker.vaccination_line());
        lines.extend(campaign.products.iter().map(|product| speaker.product_line(product)));
    }
    lines.join("\n")
}

struct Speaker<'c> {
    campaign: &'c Campaign,
    language: Language,
}

impl<'c> Speaker<'c> {
    fn say<'t>(&self, ko: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Korean => ko,
            Language::English => en,
        }
    }

    fn of(&self, text: &'c Bilingual) -> &'c str {
        self.say(&text.ko, &text.en)
    }

    fn now_line(&self, birth_date: Date, now: UnixMillis) -> String {
        let born = self.date(birth_date);
        let at = |instant: UnixMillis| self.moment(instant.civil(&self.campaign.time_zone));
        let decided = eligibility::decide(self.campaign, &CitizenFacts { birth_date }, now);
        match (self.language, decided) {
            (Language::Korean, Eligibility::Eligible { opening, until, .. }) => {
                let name = self.name_of(opening.0);
                format!("{born}생: 지금 예약할 수 있습니다. {name} 예약은 {}까지입니다.", at(until))
            }
            (Language::English, Eligibility::Eligible { opening, until, .. }) => {
                format!("Born {born}: may reserve now. The opening for {} ends {}.", self.name_of(opening.0), at(until))
            }
            (Language::Korean, Eligibility::Ineligible(Ineligible::NotInCohort)) => {
                let name = &self.campaign.name.ko;
                let topic = particle(name, "은", "는");
                let births = self.born_ranges();
                format!("{born}생: 예약 대상이 아닙니다. {name}{topic} {births}에 태어난 사람이 대상입니다.")
            }
            (Language::English, Eligibility::Ineligible(Ineligible::NotInCohort)) => {
                format!("Born {born}: not in this campaign. It is for people born {}.", self.born_ranges())
            }
            (Language::Korean, Eligibility::Ineligible(Ineligible::OpeningNotYet { opening, opens_at })) => {
                let name = self.name_of(opening.0);
                format!("{born}생: 아직 예약할 수 없습니다. {}부터 예약할 수 있습니다 ({name}).", at(opens_at))
            }
            (Language::English, Eligibility::Ineligible(Ineligible::OpeningNotYet { opening, opens_at })) => {
                format!("Born {born}: not yet. May reserve from {} ({}).", at(opens_at), self.name_of(opening.0))
            }
            (Language::Korean, Eligibility::Ineligible(Ineligible::OpeningsOver { closed_at })) => {
                format!("{born}생: 예약 기간이 끝났습니다 (마지막 마감 {}).", at(closed_at))
            }
            (Language::English, Eligibility::Ineligible(Ineligible::OpeningsOver { closed_at })) => {
                format!("Born {born}: all openings are over. The last one closed {}.", at(closed_at))
            }
        }
    }

    fn name_of(&self, opening: u8) -> &'c str {
        self.campaign.openings.get(usize::from(opening)).map_or("", |opening| self.of(&opening.name))
    }

    fn windows_of(&self, birth_date: Date) -> Vec<String> {
        let lets_in = |opening: &&Opening| {
            rules::cohort::first_admitting(&self.campaign.cohorts, opening, birth_date).is_some()
                && rules::birth_day_digit::lets_in(opening, birth_date)
        };
        let line = |opening: &'c Opening| {
            let (from, to) = (self.moment(opening.window.opens_civil), self.moment(opening.window.closes_civil));
            let name = self.of(&opening.name);
            match self.language {
                Language::Korean => format!("  - {from}부터 {to}까지: {name}"),
                Language::English => format!("  - {from} to {to}: {name}"),
            }
        };
        self.campaign.openings.iter().filter(lets_in).map(line).collect()
    }

    /// That one waits, if one does, and from when one may take a place.
    fn line_line(&self) -> Option<String> {
        let plan = self.campaign.line.as_ref()?;
        let hours = f64::from(plan.enrol_secs) / 3_600.0;
        Some(match (self.language, plan.enrol_secs) {
            (Language::Korean, 0) => "줄을 서서 차례가 되면 들어갑니다.".to_owned(),
            (Language::English, 0) => "People wait in a line and come in when called.".to_owned(),
            (Language::Korean, _) => {
                format!("줄을 서서 차례가 되면 들어갑니다. 시작 {hours}시간 전부터 추첨에 참여할 수 있습니다.")
            }
            (Language::English, _) => format!(
                "People wait in a line and come in when called. Places are drawn among those who enrol in the {hours} hours before."
            ),
        })
    }

    fn born_ranges(&self) -> String {
        let range = |(from, to): (Date, Date)| match self.language {
            Language::Korean => format!("{}~{}", self.date(from), self.date(to)),
            Language::English => format!("{} to {}", self.date(from), self.date(to)),
        };
        let ranges = self.campaign.cohorts.iter().map(|cohort| range((cohort.born_from, cohort.born_to)));
        ranges.collect::<Vec<_>>().join(self.say(", ", " or "))
    }

    fn vaccination_line(&self) -> String {
        let (first, last) = (self.day(self.campaign.first_day), self.day(self.campaign.last_day));
        let mut line = match self.language {
            Language::Korean => format!("접종 기간: {first}부터 {last}까지"),
            Language::English => format!("Vaccination: {first} to {last}"),
        };
        let closed = self.campaign.closed_days.len();
        if closed > 0 {
            let written = match self.language {
                Language::Korean => write!(line, " (쉬는 날 {closed}일)"),
                Language::English => write!(line, " ({closed} closed {})", if closed == 1 { "day" } else { "days" }),
            };
            written.expect("a string takes every text written to it");
        }
        line
    }

    fn product_line(&self, product: &VaccineProduct) -> String {
        let name = self.of(&product.name);
        let together = self.campaign.dose_two == DoseTwoPolicy::Together;
        let Some(interval) = &product.interval else {
            return match self.language {
                Language::Korean => format!("{name}{} 한 번 맞습니다.", particle(name, "은", "는")),
                Language::English => format!("{name}: one dose."),
            };
        };
        let (from, to, standard) = (interval.allowed_days.start(), interval.allowed_days.end(), interval.standard_days);
        match self.language {
            Language::Korean => {
                let when = if together {
                    "1차와 함께 같은 기관에 예약합니다"
                } else {
                    "나중에 따로 예약합니다"
                };
                let topic = particle(name, "은", "는");
                format!("{name}{topic} 두 번 맞습니다. 2차는 1차 {from}~{to}일 뒤(표준 {standard}일)이며, {when}.")
            }
            Language::English => {
                let when = if together { "reserved together at the same clinic" } else { "reserved later by itself" };
                format!(
                    "{name}: two doses, the second {from} to {to} days after the first (standard {standard}), {when}."
                )
            }
        }
    }

    fn date(&self, date: Date) -> String {
        match self.language {
            Language::Korean => format!("{}년 {}월 {}일", date.year(), date.month(), date.day()),
            Language::English => format!("{} {} {}", date.day(), month_name(date.month()), date.year()),
        }
    }

    fn day(&self, date: Date) -> String {
        match self.language {
            Language::Korean => format!("{}({})", self.date(date), weekday_name(date.weekday()).0),
            Language::English => format!("{} {}", &weekday_name(date.weekday()).1[..3], self.date(date)),
        }
    }

    fn moment(&self, at: DateTime) -> String {
        format!("{} {:02}:{:02}", self.day(at.date()), at.hour(), at.minute())
    }
}

/// The particle that follows a word: `with_final` after a final consonant, else `without`.
///
/// Looks at the last Hangul syllable or digit, past anything else, such as a closing bracket; a word that ends in
/// neither takes `without`. Source: 한글 맞춤법; a Hangul syllable has a final consonant unless (code - U+AC00) divides
/// by 28.
pub fn particle<'p>(word: &str, with_final: &'p str, without: &'p str) -> &'p str {
    let speaks = |c: &char| ('가'..='힣').contains(c) || c.is_ascii_digit() || c.is_ascii_alphabetic();
    let has_final = match word.chars().rev().find(speaks) {
        Some(c @ '가'..='힣') => !(u32::from(c) - u32::from('가')).is_multiple_of(28),
        // 영 일 삼 육 칠 팔 end in a consonant; 이 사 오 구 do not.
        Some(c) => matches!(c, '0' | '1' | '3' | '6' | '7' | '8'),
        None => false,
    };
    if has_final { with_final } else { without }
}

/// A weekday's Korean syllable and its English name: `월`, `Monday`. The first three letters of the latter are its short form.
pub const fn weekday_name(day: Weekday) -> (&'static str, &'static str) {
    match day {
        Weekday::Monday => ("월", "Monday"),
        Weekday::Tuesday => ("화", "Tuesday"),
        Weekday::Wednesday => ("수", "Wednesday"),
        Weekday::Thursday => ("목", "Thursday"),
        Weekday::Friday => ("금", "Friday"),
        Weekday::Saturday => ("토", "Saturday"),
        Weekday::Sunday => ("일", "Sunday"),
    }
}

/// A month's English name; nothing outside 1 to 12. The first three letters are its short form.
pub fn month_name(month: i8) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    usize::try_from(month - 1).ok().and_then(|index| NAMES.get(index)).copied().unwrap_or("")
}
