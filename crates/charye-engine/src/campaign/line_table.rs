//! Room: engine/campaign. The table `[line]`: how people wait before each opening. Without it nobody waits, and whoever may
//! reserve is let in at once. Called by `file`; notes what is wrong and changes nothing.

use charye_domain::waiting_room::admission::{Terms, TermsFault};
use charye_domain::waiting_room::plan::LinePlan;

use super::file_error::Findings;
use super::openings_table::WHOLE_SHARE;
use super::toml_walk::{Section, bilingual, small_number, whole_number};

/// The agents' part of the cap, unless the file says another. Unit: 1/10,000.
const AGENTS_SHARE: u16 = 500;
/// Seconds in which who is called may come, unless the file says others.
const GRACE_SECS: u32 = 180;
/// From how long before an opening people may enrol in its draw, unless the file says otherwise. Unit: seconds.
const ENROL_SECS: u32 = 86_400;

const KNOWN: [&str; 7] = [
    "hard_cap",
    "agents_share",
    "rate_min_per_min",
    "rate_max_per_min",
    "grace_secs",
    "enrol_secs",
    "public_value_note",
];

/// The plan; `Some(None)` if the file has no `[line]`, `None` if what it says cannot be used.
pub(super) fn read(findings: &mut Findings<'_>, top: &Section<'_, '_>) -> Option<Option<LinePlan>> {
    let Some(value) = top.value("line") else { return Some(None) };
    let Some(table) = value.get_ref().as_table() else {
        findings.note(&value.span(), "`line` is not a table", "write [line] above its lines");
        return None;
    };
    let section = Section::new(findings, "[line]", value.span(), table, &KNOWN);
    let rate = |value: &_| whole_number(value, 1, LinePlan::RATE_MAX_PER_MIN);
    let hard_cap = section.required(findings, "hard_cap", |value| whole_number(value, 1, LinePlan::HARD_CAP_MAX));
    let agents_share = section.optional(findings, "agents_share", |value| small_number(value, 0, WHOLE_SHARE));
    let lowest = section.required(findings, "rate_min_per_min", rate);
    let highest = section.required(findings, "rate_max_per_min", rate);
    let grace_secs = section.optional(findings, "grace_secs", |value| whole_number(value, 15, 1_800));
    let enrol_secs = section.optional(findings, "enrol_secs", |value| whole_number(value, 0, LinePlan::ENROL_MAX_SECS));
    let public_value_note = section.optional(findings, "public_value_note", bilingual);

    let (share, grace) = (agents_share.unwrap_or(AGENTS_SHARE), grace_secs.unwrap_or(GRACE_SECS));
    match Terms::new(hard_cap?, share, lowest?..=highest?, grace) {
        Ok(terms) => Some(Some(LinePlan { terms, enrol_secs: enrol_secs.unwrap_or(ENROL_SECS), public_value_note })),
        Err(fault @ (TermsFault::Rates | TermsFault::AgentsShare | TermsFault::Grace)) => {
            findings.note(&section.place("rate_max_per_min"), fault.to_string(), "write at least rate_min_per_min");
            None
        }
    }
}
