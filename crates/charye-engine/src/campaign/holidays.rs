//! Room: engine/campaign. Public holidays by country, from a bundled table. A published text lists the days themselves,
//! so the table may change without changing a campaign that is in force.

use std::collections::BTreeSet;

use jiff::civil::Date;

/// Korean public holidays 2018-2027: `date,name`. Source: official gazette, by way of @hyunbinseo/holidays-kr 5.2027.1
/// (MIT).
const KR: &str = include_str!("../../data/kr_holidays.csv");

/// A bundled table of public holidays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolidayTable {
    /// `holidays = "kr"`: Korea.
    Korea,
}

impl HolidayTable {
    /// The word that names it in a campaign file.
    pub fn code(self) -> &'static str {
        match self {
            Self::Korea => "kr",
        }
    }

    /// First and last year the table is complete for, both included.
    pub fn years(self) -> (i16, i16) {
        match self {
            Self::Korea => (2018, 2027),
        }
    }

    /// The holidays from `first` to `last`, both included; `None` if the table does not reach that far.
    pub fn between(self, first: Date, last: Date) -> Option<BTreeSet<Date>> {
        let (from, to) = self.years();
        let reaches = from <= first.year() && last.year() <= to;
        reaches.then(|| self.known_between(first, last))
    }

    /// The holidays from `first` to `last` as far as the table reaches.
    pub fn known_between(self, first: Date, last: Date) -> BTreeSet<Date> {
        self.dates().filter(|day| (first..=last).contains(day)).collect()
    }

    fn dates(self) -> impl Iterator<Item = Date> {
        let rows = match self {
            Self::Korea => KR.lines().skip_while(|line| line.starts_with('#')).skip(1),
        };
        rows.filter_map(|row| row.split(',').next()?.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_korean_table_is_read_whole() {
        let rows = KR.lines().filter(|line| line.starts_with("20")).count();
        assert_eq!((HolidayTable::Korea.dates().count(), rows), (192, 192));
        let years: BTreeSet<i16> = HolidayTable::Korea.dates().map(Date::year).collect();
        let (from, to) = HolidayTable::Korea.years();
        assert!(years.into_iter().eq(from..=to));
    }

    #[test]
    fn chuseok_2021_is_closed_and_a_year_beyond_the_table_is_not_guessed() {
        let september = HolidayTable::Korea.between(date(2021, 9, 1), date(2021, 9, 30)).unwrap();
        assert!(september.into_iter().eq([date(2021, 9, 20), date(2021, 9, 21), date(2021, 9, 22)]));
        assert_eq!(HolidayTable::Korea.between(date(2027, 12, 1), date(2028, 1, 31)), None);
    }
}
