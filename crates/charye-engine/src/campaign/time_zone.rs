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

/// The names known, for a remedy.
pub(super) fn names() -> String {
    NAMED.map(|(name, _)| name).join(", ")
}
