//! Room: engine/campaign. Names of time zones to rules of civil time. Never asks the machine: its zone table changes with
//! updates, and a published campaign must read the same after ten years. Called by `file`.

use jiff::tz::TimeZone;

/// Zones by name, each as a POSIX rule. Any other zone is named in a campaign file by its POSIX rule itself.
const NAMED: [(&str, &str); 10] = [
    ("Asia/Seoul", "KST-9"),
    ("Asia/Tokyo", "JST-9"),
    ("Asia/Taipei", "CST-8"),
    ("Asia/Manila", "PST-8"),
    ("Asia/Kolkata", "IST-5:30"),
    ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"),
    ("America/New_York", "EST5EDT,M3.2.0,M11.1.0"),
    ("America/Los_Angeles", "PST8PDT,M3.2.0,M11.1.0"),
    ("UTC", "UTC0"),
];

/// The zone of this name or POSIX rule; `None` if it is neither.
pub(super) fn named(name: &str) -> Option<TimeZone> {
    let rule = NAMED.iter().find(|(known, _)| *known == name).map_or(name, |(_, rule)| rule);
    TimeZone::posix(rule).ok()
}

/// The name of a zone with one of these rules; `None` for a rule without a name.
pub fn zone_name(zone: &TimeZone) -> Option<&'static str> {
    NAMED.iter().find(|(_, rule)| TimeZone::posix(rule).is_ok_and(|known| known == *zone)).map(|(name, _)| *name)
}

/// The names known, for a remedy.
pub(super) fn names() -> String {
    NAMED.map(|(name, _)| name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use charye_domain::time::UnixMillis;
    use jiff::civil::date;

    #[test]
    fn every_name_is_a_rule_that_can_be_read() {
        assert!(NAMED.iter().all(|(name, _)| named(name).is_some()));
        assert!(named("KST-9") == named("Asia/Seoul"));
        assert!(NAMED.iter().all(|(name, _)| zone_name(&named(name).unwrap()) == Some(name)));
        assert_eq!(zone_name(&named("NZST-12NZDT,M9.5.0,M4.1.0/3").unwrap()), None);
        assert!(named("Asia/Pyongyang").is_none() && named("").is_none());
    }

    #[test]
    fn evenings_are_told_in_civil_time_in_summer_and_in_winter() {
        let hour_utc = |zone: &str, month| {
            let evening = date(2021, month, 9).at(20, 0, 0, 0);
            UnixMillis::from_civil(evening, &named(zone).unwrap()).unwrap().0 / 3_600_000 % 24
        };
        for (zone, summer, winter) in
            [("Asia/Seoul", 11, 11), ("Europe/Berlin", 18, 19), ("America/New_York", 0, 1), ("UTC", 20, 20)]
        {
            assert_eq!((hour_utc(zone, 8), hour_utc(zone, 1)), (summer, winter), "{zone}");
        }
    }
}
