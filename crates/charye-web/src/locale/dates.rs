//! Room: web/locale. Days and hours as people say them, in each language. Always civil time of the campaign, never the
//! browser's.

use std::fmt;

use charye_domain::time::MinuteOfDay;
use jiff::civil::{Date, DateTime, Weekday};

use super::Language;

/// `2021년 8월 9일 월요일`, `Monday 9 August 2021`.
pub fn long_date(language: Language, date: Date) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    let weekday = weekday(language, date);
    match language {
        Language::Korean => format!("{year}년 {month}월 {day}일 {weekday}요일"),
        Language::English => format!("{weekday} {day} {} {year}", month_name(month)),
    }
}

/// `8월 9일(월)`, `Mon 9 Aug`.
pub fn short_date(language: Language, date: Date) -> String {
    let (month, day) = (date.month(), date.day());
    let weekday = weekday(language, date);
    match language {
        Language::Korean => format!("{month}월 {day}일({weekday})"),
        Language::English => format!("{} {day} {}", &weekday[..3], &month_name(month)[..3]),
    }
}

/// `오후 8:00`, `8:00 pm`.
pub fn time_of_day(language: Language, minute: MinuteOfDay) -> String {
    let mut text = String::with_capacity(16);
    // Writing to memory does not fail.
    let _ = write_time_of_day(&mut text, language, minute);
    text
}

/// The same, written where it stands.
pub(crate) fn write_time_of_day(text: &mut impl fmt::Write, language: Language, minute: MinuteOfDay) -> fmt::Result {
    let (hour, minute) = (minute.0 / 60 % 24, minute.0 % 60);
    let shown = if hour % 12 == 0 { 12 } else { hour % 12 };
    if language == Language::Korean {
        text.write_str(if hour < 12 { "오전 " } else { "오후 " })?;
    }
    write!(text, "{shown}:{minute:02}")?;
    match (language, hour < 12) {
        (Language::Korean, _) => Ok(()),
        (Language::English, true) => text.write_str(" am"),
        (Language::English, false) => text.write_str(" pm"),
    }
}

/// A civil moment, with its day: `8월 9일(월) 오후 8:00`, `Mon 9 Aug, 8:00 pm`.
pub fn until_text(language: Language, moment: DateTime) -> String {
    let minute = MinuteOfDay(u16::from(moment.hour().unsigned_abs()) * 60 + u16::from(moment.minute().unsigned_abs()));
    let (day, time) = (short_date(language, moment.date()), time_of_day(language, minute));
    match language {
        Language::Korean => format!("{day} {time}"),
        Language::English => format!("{day}, {time}"),
    }
}

fn weekday(language: Language, date: Date) -> &'static str {
    let (ko, en) = match date.weekday() {
        Weekday::Monday => ("월", "Monday"),
        Weekday::Tuesday => ("화", "Tuesday"),
        Weekday::Wednesday => ("수", "Wednesday"),
        Weekday::Thursday => ("목", "Thursday"),
        Weekday::Friday => ("금", "Friday"),
        Weekday::Saturday => ("토", "Saturday"),
        Weekday::Sunday => ("일", "Sunday"),
    };
    match language {
        Language::Korean => ko,
        Language::English => en,
    }
}

fn month_name(month: i8) -> &'static str {
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
    let index = usize::from(month.unsigned_abs()).saturating_sub(1).min(11);
    NAMES[index]
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_read_as_people_say_them() {
        let day = date(2021, 8, 9);
        assert_eq!(long_date(Language::Korean, day), "2021년 8월 9일 월요일");
        assert_eq!(long_date(Language::English, day), "Monday 9 August 2021");
        assert_eq!(short_date(Language::Korean, day), "8월 9일(월)");
        assert_eq!(short_date(Language::English, day), "Mon 9 Aug");
    }

    #[test]
    fn noon_and_midnight_are_twelve() {
        let check = |minute, ko: &str, en: &str| {
            assert_eq!(time_of_day(Language::Korean, MinuteOfDay(minute)), ko);
            assert_eq!(time_of_day(Language::English, MinuteOfDay(minute)), en);
        };
        check(0, "오전 12:00", "12:00 am");
        check(9 * 60 + 5, "오전 9:05", "9:05 am");
        check(12 * 60, "오후 12:00", "12:00 pm");
        check(20 * 60, "오후 8:00", "8:00 pm");
    }

    #[test]
    fn a_moment_names_its_day() {
        let moment = date(2021, 8, 10).at(18, 0, 0, 0);
        assert_eq!(until_text(Language::Korean, moment), "8월 10일(화) 오후 6:00");
        assert_eq!(until_text(Language::English, moment), "Tue 10 Aug, 6:00 pm");
    }
}
