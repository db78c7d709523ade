//! Room: web/citizen. A campaign's days as a page writes them, worked out once a campaign: a list of clinics names sixty.
//! Called by pages with lists. Never says which days have places.

use std::fmt;
use std::sync::Arc;

use askama::filters::HtmlSafe;
use charye_domain::campaign::Campaign;
use charye_domain::time::{DayIndex, MinuteOfDay};

use crate::locale::{Language, between_day_and_time, short_date, write_time_of_day};
use crate::made_of::MadeOf;

/// The words of every campaign that is shown.
pub(super) type DayWordsOf = MadeOf<Campaign, DayWords>;

/// The days of one campaign.
pub(super) struct DayWords {
    /// As machines write them, such as `2021-08-26`.
    iso: Box<[String]>,
    /// Short, by language.
    short: [Box<[String]>; 2],
}

impl DayWords {
    pub(super) fn of(campaign: &Arc<Campaign>) -> Self {
        let dates = || (0..DayIndex::MAX_DAYS as u8).map(|day| campaign.date(DayIndex(day)));
        let short = |language| dates().map(|date| short_date(language, date)).collect();
        Self { iso: dates().map(|date| date.to_string()).collect(), short: Language::ALL.map(short) }
    }

    /// The day as machines write it.
    pub(super) fn iso(&self, day: DayIndex) -> &str {
        // A day index is below 128, and there are words for each.
        &self.iso[usize::from(day.0) % self.iso.len()]
    }

    /// A day and time, short, as `place::when` says it.
    pub(super) fn when(&self, language: Language, day: DayIndex, start: MinuteOfDay) -> When<'_> {
        let days = &self.short[language as usize];
        When { day: &days[usize::from(day.0) % days.len()], start, language }
    }
}

/// A day and time, written where it stands. No letter of it means anything in HTML.
pub(super) struct When<'a> {
    pub(super) day: &'a str,
    pub(super) start: MinuteOfDay,
    pub(super) language: Language,
}

impl fmt::Display for When<'_> {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(self.day)?;
        text.write_str(between_day_and_time(self.language))?;
        write_time_of_day(text, self.language, self.start)
    }
}

impl HtmlSafe for When<'_> {}

#[cfg(test)]
mod tests {
    use charye_domain::book::samples;
    use charye_domain::vaccine::DoseTwoPolicy;

    use super::super::place::when;
    use super::*;

    #[test]
    fn words_worked_out_once_are_the_words_of_every_other_page() {
        let campaign = Arc::new(samples::campaign(DoseTwoPolicy::Together));
        let words = DayWords::of(&campaign);
        for day in (0..128).map(DayIndex) {
            assert_eq!(words.iso(day), campaign.date(day).to_string());
            for language in Language::ALL {
                for start in [0, 59, 61, 540, 719, 720, 725, 1_439].map(MinuteOfDay) {
                    assert_eq!(words.when(language, day, start).to_string(), when(language, &campaign, day, start));
                }
            }
        }
    }
}
