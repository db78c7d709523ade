//! Room: domain. The rule of cohorts: an opening lets in people of its cohorts. Asked by `eligibility::decide` first.

use jiff::civil::Date;

use crate::cohort::Cohort;
use crate::ids::CohortId;
use crate::opening::Opening;
use crate::weakness::Defence;

/// The first of the opening's cohorts that admits the birth date; `None` if none does.
pub fn first_admitting(cohorts: &[Cohort], opening: &Opening, birth_date: Date) -> Option<CohortId> {
    let admits = |id: &CohortId| cohorts.get(usize::from(id.0)).is_some_and(|cohort| cohort.admits(birth_date));
    let admitting = opening.cohorts.iter().copied().find(admits);
    if Defence::Cohort.is_off() { admitting.or_else(|| opening.cohorts.first().copied()) } else { admitting }
}
