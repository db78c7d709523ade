//! Room: web/citizen. A reservation as a calendar file (RFC 5545). Calendars are shown to others and kept by third parties,
//! so it says when and where, and neither for what nor for whom.

use std::fmt::Write as _;

use charye_domain::ids::SlotId;
use charye_domain::reservation::DoseState;
use charye_domain::time::UnixMillis;
use hyper::header::{CONTENT_DISPOSITION, HeaderValue};
use hyper::{Method, StatusCode};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::reservations::own_reservation;
use crate::gate::Access;
use crate::locale::{Language, Value};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// A line's length, without its end, counted in bytes (RFC 5545, 3.1).
const LINE_BYTES_MAX: usize = 75;
/// How long an appointment takes, observation included.
const LENGTH: &str = "PT30M";

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::GET, "/reservations/{number}/calendar.ics", Access::SignedIn, download)]
}

/// One appointment.
struct Appointment {
    /// The same each time the file is made, so that a calendar replaces what it has.
    uid: String,
    starts_at: UnixMillis,
    place: String,
}

async fn download(asked: Asked) -> Result<Answer, Problem> {
    let own = own_reservation(&asked).await?;
    let availability = asked.app.engine.availability();
    let number = own.view.number.to_string();
    let appointment = |(slot, state): (SlotId, DoseState)| {
        let (clinic, place) = availability.slot(slot).filter(|_| state == DoseState::Reserved)?;
        let clinic = availability.directory().clinic(clinic)?;
        let midnight = own.campaign.date(place.day).at(0, 0, 0, 0);
        let starts = midnight.checked_add(jiff::Span::new().minutes(i64::from(place.start.0))).ok()?;
        Some(Appointment {
            uid: format!("{number}-{}@charye", slot.0),
            starts_at: UnixMillis::from_civil(starts, &own.campaign.time_zone)?,
            place: clinic.address.clone(),
        })
    };
    let doses = [Some(own.view.first), own.view.second];
    let appointments: Vec<_> = doses.into_iter().flatten().filter_map(appointment).collect();
    if appointments.is_empty() {
        return Err(Problem::new("move_not_allowed"));
    }
    let file = calendar_file(asked.language, &number, asked.now, &appointments);
    let answer = Answer::of(StatusCode::OK, "text/calendar; charset=utf-8", file.into())
        .with(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"reservation.ics\""));
    Ok(own.seen(&asked, answer))
}

fn calendar_file(language: Language, number: &str, now: UnixMillis, appointments: &[Appointment]) -> String {
    let mut file = String::new();
    let mut line = |text: &str| fold(&mut file, text);
    let summary = language.text("calendar-appointment");
    let about = language.text_with("calendar-number", &[("number", Value::Text(number))]);
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line("PRODID:-//Charye//reservations//EN");
    line("METHOD:PUBLISH");
    for appointment in appointments {
        line("BEGIN:VEVENT");
        line(&format!("UID:{}", appointment.uid));
        line(&format!("DTSTAMP:{}", utc(now)));
        line(&format!("DTSTART:{}", utc(appointment.starts_at)));
        line(&format!("DURATION:{LENGTH}"));
        line(&format!("SUMMARY:{}", escaped(&summary)));
        line(&format!("LOCATION:{}", escaped(&appointment.place)));
        line(&format!("DESCRIPTION:{}", escaped(&about)));
        line("CLASS:PRIVATE");
        line("BEGIN:VALARM");
        line("ACTION:DISPLAY");
        line("TRIGGER:-P1D");
        line(&format!("DESCRIPTION:{}", escaped(&summary)));
        line("END:VALARM");
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    file
}

/// `20210830T000000Z`.
fn utc(at: UnixMillis) -> String {
    let civil: DateTime = at.civil(&TimeZone::UTC);
    let (date, time) = (civil.date(), civil.time());
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{:04}{:02}{:02}", date.year(), date.month(), date.day());
    let _ = write!(text, "T{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second());
    text
}

/// A text value: what would end it or begin another is escaped, and control characters are left out.
fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => value.extend(['\\', c]),
            '\n' => value.push_str("\\n"),
            c if c.is_control() => {}
            c => value.push(c),
        }
    }
    value
}

/// Writes a line of at most 75 bytes, and what does not fit on lines that begin with a space. No character is cut.
fn fold(file: &mut String, line: &str) {
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > LINE_BYTES_MAX {
            file.push_str("\r\n ");
            length = 1;
        }
        file.push(c);
        length += c.len_utf8();
    }
    file.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(file: &str) -> String {
        file.replace("\r\n ", "")
    }

    #[test]
    fn lines_fold_at_75_bytes_and_never_inside_a_syllable() {
        for text in ["가".repeat(100), "a".repeat(300), format!("ab{}", "나다".repeat(60)), "짧은 줄".to_owned()]
        {
            let mut file = String::new();
            fold(&mut file, &text);
            for line in file.split("\r\n") {
                assert!(line.len() <= LINE_BYTES_MAX, "{} bytes: {line}", line.len());
            }
            assert_eq!(unfolded(&file), format!("{text}\r\n"));
        }
        let mut file = String::new();
        fold(&mut file, &"a".repeat(75));
        assert_eq!(file, format!("{}\r\n", "a".repeat(75)), "75 bytes are one line");
    }

    #[test]
    fn values_cannot_begin_a_line_of_their_own() {
        assert_eq!(escaped("1층, 가;나\\다\r\nEND:VEVENT"), "1층\\, 가\\;나\\\\다\\nEND:VEVENT");
    }

    #[test]
    fn the_file_says_when_and_where_and_not_for_what() {
        let at = |millis| UnixMillis(millis);
        let appointments = [
            Appointment {
                uid: "1-1@charye".into(), starts_at: at(1_630_281_600_000), place: "서울 종로구".into()
            },
            Appointment {
                uid: "1-2@charye".into(), starts_at: at(1_633_910_400_000), place: "서울 종로구".into()
            },
        ];
        let file = calendar_file(Language::Korean, "1234-5678-901", at(1_628_506_800_000), &appointments);
        let file = unfolded(&file);
        for line in ["DTSTART:20210830T000000Z", "DTSTART:20211011T000000Z", "SUMMARY:예약", "DTSTAMP:20210809T110000Z"]
        {
            assert!(file.contains(&format!("\r\n{line}\r\n")), "{line} in {file}");
        }
        assert_eq!(file.matches("BEGIN:VEVENT").count(), 2);
        assert!(!file.contains("접종") && !file.contains("백신"), "{file}");
    }
}
