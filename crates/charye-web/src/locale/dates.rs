//! Room: web/locale. Days and hours as people say them, in each language. Always civil time of the campaign, never the
//! browser's.

use std::fmt;

use charye_domain::time::MinuteOfDay;
use charye_engine::campaign::{month_name, weekday_name};
use jiff::civil::{Date, DateTime};

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

/// `2021년 8월 9일`, `9 August 2021`: nobody asks on which weekday they were born.
pub fn plain_date(language: Language, date: Date) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match language {
        Language::Korean => format!("{year}년 {month}월 {day}일"),
        Language::English => format!("{day} {} {year}", month_name(month)),
    }
}

/// `2021년 8월`, `August 2021`.
pub fn month_of_year(language: Language, date: Date) -> String {
    match language {
        Language::Korean => format!("{}년 {}월", date.year(), date.month()),
        Language::English => format!("{} {}", month_name(date.month()), date.year()),
    }
}

/// `8월 9일(월)`, `Mon 9 Aug`.
pub fn short_date(language: Language, date: Date) -> String {
    let (month, day) = (date.month(), date.day());
    let weekday = weekday(language, date);
    match language {
        Language::Korean => format!("{month}월 {day}일({weekday})"),
        Language::English => format!("{} {day} {}", &weekday[..3], short_month(month)),
    }
}

fn short_month(month: i8) -> &'static str {
    let name = month_name(month);
    name.get(..3).unwrap_or(name)
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
    day_and_time(language, moment.date(), minute)
}

/// A day and a time of it, as [`until_text`] says them.
pub fn day_and_time(language: Language, date: Date, minute: MinuteOfDay) -> String {
    short_date(language, date) + between_day_and_time(language) + &time_of_day(language, minute)
}

/// What stands between a day and a time of it.
pub(crate) fn between_day_and_time(language: Language) -> &'static str {
    match language {
        Language::Korean => " ",
        Language::English => ", ",
    }
}

fn weekday(language: Language, date: Date) -> &'static str {
    let (ko, en) = weekday_name(date.weekday());
    match language {
        Language::Korean => ko,
        Language::English => en,
    }
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
        assert_eq!(plain_date(Language::Korean, day), "2021년 8월 9일");
        assert_eq!(plain_date(Language::English, day), "9 August 2021");
        assert_eq!(month_of_year(Language::Korean, day), "2021년 8월");
        assert_eq!(month_of_year(Language::English, day), "August 2021");
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
