//! Room: engine/campaign. The `[[cohort]]` tables of a campaign file: who is let in together. Called by `file`.

use std::ops::Range;

use charye_domain::cohort::Cohort;
use charye_domain::ids::CohortId;

use super::file_error::Findings;
use super::toml_walk::{Section, bilingual, code, date};

const COHORTS_MAX: usize = 64;

/// Reads every cohort of the file that can be read; what cannot is noted.
pub(super) fn read(findings: &mut Findings<'_>, top: &Section<'_, '_>) -> Vec<(Range<usize>, Cohort)> {
    const KNOWN: [&str; 4] = ["code", "name", "born_from", "born_to"];
    let mut cohorts: Vec<(Range<usize>, Cohort)> = Vec::new();
    for (at, table) in top.tables(findings, "cohort") {
        let section = Section::new(findings, "[[cohort]]", at, table, &KNOWN);
        let cohort_code = section.required(findings, "code", code);
        let name = section.required(findings, "name", bilingual);
        let born_from = section.required(findings, "born_from", date);
        let born_to = section.required(findings, "born_to", date);
        let (Some(code), Some(name), Some(born_from), Some(born_to)) = (cohort_code, name, born_from, born_to) else {
            continue;
        };
        if born_to < born_from {
            let message = format!("nobody is born from {born_from} to {born_to}");
            findings.note(&section.place("born_to"), message, "put the later day in born_to");
        }
        if cohorts.iter().any(|(_, other)| other.code == code) {
            let remedy = "give each cohort a code of its own";
            findings.note(&section.place("code"), format!("the cohort \"{code}\" stands twice"), remedy);
        }
        let id = CohortId(u8::try_from(cohorts.len()).unwrap_or(u8::MAX));
        cohorts.push((section.at.clone(), Cohort { id, code, name, born_from, born_to }));
    }
    let remedy = format!("write 1 to {COHORTS_MAX} tables [[cohort]]");
    if cohorts.len() > COHORTS_MAX || top.value("cohort").is_none() {
        findings.note(&top.place("cohort"), format!("the campaign has {} cohorts", cohorts.len()), remedy);
    }
    cohorts
}
