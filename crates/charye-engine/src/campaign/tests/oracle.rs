//! Room: engine/campaign. Every birth date at every hour of the 2021 campaign, against the rules as the newspapers of
//! 8 August 2021 printed them, in whole numbers: no dates, no time zones, nothing shared with what is tested.

use charye_domain::campaign::Campaign;
use charye_domain::citizen::CitizenFacts;
use charye_domain::eligibility::{Eligibility, Ineligible, decide};
use charye_domain::time::UnixMillis;
use jiff::civil::Date;

use super::bundled_file;

/// 2021-08-08 00:00 in Seoul, which is nine hours ahead: 2021-08-07 15:00 UTC. Unit: milliseconds since 1970.
const EIGHTH_OF_AUGUST_MS: i64 = 1_628_348_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Through the end of 19 September.
const HOURS: i64 = 43 * 24;

/// What a newspaper reader would say: hours since the eighth of August, midnight.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Now { opening: i64, until_hour: i64 },
    NotYet { opening: i64, from_hour: i64 },
    Over,
    Never,
}

/// "On the 9th people whose birthday is the 9th, 19th or 29th, on the 10th the 10th, 20th, 30th, and so on, from 8 in the
/// evening to 6 in the evening of the next day. Who missed it: born 1972-85 from the 19th, 1986-2003 from the 20th, same
/// hours. From the 21st, 8 in the evening, anyone, until 6 in the evening of 18 September."
fn newspaper(year: i64, day: i64, hour: i64) -> Said {
    if !(1972..=2003).contains(&year) {
        return Said::Never;
    }
    let evening = |august: i64| ((august - 8) * 24 + 20, (august - 8) * 24 + 24 + 18);
    let own_august = if day % 10 == 9 { 9 } else { 10 + day % 10 };
    let missed_august = if year <= 1985 { 19 } else { 20 };
    let eighteenth_of_september = 31 + 18;
    let chances = [
        (own_august - 9, evening(own_august)),
        (missed_august - 9, evening(missed_august)),
        (12, (evening(21).0, (eighteenth_of_september - 8) * 24 + 18)),
    ];
    for (opening, (from, to)) in chances {
        if hour >= from && hour < to {
            return Said::Now { opening, until_hour: to };
        }
    }
    let next = chances.iter().find(|(_, (from, _))| *from > hour);
    next.map_or(Said::Over, |(opening, (from_hour, _))| Said::NotYet { opening: *opening, from_hour: *from_hour })
}

fn charye(campaign: &Campaign, birth_date: Date, now_ms: i64) -> Said {
    let hour = |at: UnixMillis| {
        assert_eq!((at.0 - EIGHTH_OF_AUGUST_MS) % HOUR_MS, 0, "a whole hour");
        (at.0 - EIGHTH_OF_AUGUST_MS) / HOUR_MS
    };
    match decide(campaign, &CitizenFacts { birth_date }, UnixMillis(now_ms)) {
        Eligibility::Eligible { opening, cohort, until } => {
            let cohort = &campaign.cohorts[usize::from(cohort.0)];
            assert!(cohort.admits(birth_date), "the cohort named is the person's");
            Said::Now { opening: i64::from(opening.0), until_hour: hour(until) }
        }
        Eligibility::Ineligible(Ineligible::OpeningNotYet { opening, opens_at }) => {
            Said::NotYet { opening: i64::from(opening.0), from_hour: hour(opens_at) }
        }
        Eligibility::Ineligible(Ineligible::OpeningsOver { closed_at }) => {
            assert_eq!(hour(closed_at), 41 * 24 + 18);
            Said::Over
        }
        Eligibility::Ineligible(Ineligible::NotInCohort) => Said::Never,
    }
}

fn check_births(campaign: &Campaign, years: std::ops::Range<i16>) -> u64 {
    let mut agreed = 0;
    for year in years {
        for (month, day) in (1..=12).flat_map(|month| (1..=31).map(move |day| (month, day))) {
            let Ok(birth_date) = Date::new(year, month, day) else { continue };
            for hour in 0..HOURS {
                let expect = newspaper(i64::from(year), i64::from(day), hour);
                let got = charye(campaign, birth_date, EIGHTH_OF_AUGUST_MS + hour * HOUR_MS);
                assert_eq!(got, expect, "born {birth_date}, hour {hour} from 8 August");
                agreed += 1;
            }
        }
    }
    agreed
}

#[test]
fn every_birth_date_at_every_hour_agrees_with_the_newspaper() {
    let campaign = &bundled_file("kr-2021-18-49").campaign;
    let agreed: u64 = std::thread::scope(|scope| {
        let decades = (0..3).map(|n| scope.spawn(move || check_births(campaign, 1920 + n * 30..1950 + n * 30)));
        let running: Vec<_> = decades.collect();
        running.into_iter().map(|decade| decade.join().unwrap()).sum::<u64>() + check_births(campaign, 2010..2011)
    });
    assert_eq!(agreed, 33_238 * HOURS.unsigned_abs(), "1920-01-01 to 2010-12-31");
}

#[test]
fn the_last_millisecond_before_each_hour_belongs_to_the_hour_before() {
    let campaign = &bundled_file("kr-2021-18-49").campaign;
    for day in 1..=31 {
        for year in [1971, 1972, 1985, 1986, 2003, 2004] {
            let birth_date = Date::new(year, 1, day).unwrap();
            for hour in 1..HOURS {
                let got = charye(campaign, birth_date, EIGHTH_OF_AUGUST_MS + hour * HOUR_MS - 1);
                assert_eq!(
                    got,
                    newspaper(i64::from(year), i64::from(day), hour - 1),
                    "born {birth_date}, {hour} h - 1 ms"
                );
            }
        }
    }
}
