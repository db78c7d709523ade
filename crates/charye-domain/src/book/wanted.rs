//! Room: domain/book. What an import wants of one clinic: for each row and day the start times, with their places. Called
//! by `imports`, for every clinic twice: to check the import, and to carry it out. Never looks at the grid.
//!
//! Days on which the same sessions are held have the same start times, which are worked out once: a national import is
//! tens of millions of slots, and one entry of the journal.

use std::ops::Range;

use crate::campaign::Campaign;
use crate::ids::ProductId;
use crate::slot::{ClinicSession, session_days_mask, slot_starts};
use crate::time::{DayIndex, MinuteOfDay};
use crate::vaccine::DoseNumber;

/// Kinds of days that are looked through for one with the same sessions. More are worked out again and again.
const KINDS_LOOKED_THROUGH: usize = 16;

/// What a clinic is to give. Kept and filled anew for the next one.
#[derive(Default)]
pub(super) struct Wanted {
    days: Vec<WantedDay>,
    /// Start times and places of the kinds of days.
    starts: Vec<(MinuteOfDay, u16)>,
    kinds: Vec<Kind>,
}

/// A day of a row.
struct WantedDay {
    product: ProductId,
    dose: DoseNumber,
    day: DayIndex,
    starts: Range<usize>,
}

/// Days of a row on which the same sessions are held.
struct Kind {
    /// Positions among the sessions of the row, ascending.
    held: Vec<u32>,
    starts: Range<usize>,
}

/// A row of the clinic, and a day of it.
pub(super) type RowAndDay = (ProductId, DoseNumber, DayIndex);

impl Wanted {
    /// Works out what follows from one clinic's sessions; sessions that meet in a start time add up.
    pub(super) fn work_out(&mut self, campaign: &Campaign, sessions: &[&ClinicSession]) {
        self.days.clear();
        self.starts.clear();
        let mut sessions = sessions.to_vec();
        sessions.sort_by_key(|session| (session.product, session.dose));
        for row in sessions.chunk_by(|a, b| (a.product, a.dose) == (b.product, b.dose)) {
            self.work_out_row(campaign, row);
        }
    }

    /// Every day on which something is wanted, by row and day: its start times, ascending, and their places.
    pub(super) fn days(&self) -> impl Iterator<Item = (RowAndDay, &[(MinuteOfDay, u16)])> {
        self.days.iter().map(|day| ((day.product, day.dose, day.day), self.starts_of(day)))
    }

    /// Whether anything is wanted on a day of a row.
    pub(super) fn has_day(&self, place: RowAndDay) -> bool {
        self.days.binary_search_by_key(&place, |day| (day.product, day.dose, day.day)).is_ok()
    }

    fn starts_of(&self, day: &WantedDay) -> &[(MinuteOfDay, u16)] {
        self.starts.get(day.starts.clone()).unwrap_or_default()
    }

    fn work_out_row(&mut self, campaign: &Campaign, sessions: &[&ClinicSession]) {
        let Some((product, dose)) = sessions.first().map(|session| (session.product, session.dose)) else { return };
        self.kinds.clear();
        let masks: Vec<u128> = sessions.iter().map(|session| session_days_mask(campaign, session)).collect();
        let mut left = masks.iter().fold(0, |days, mask| days | mask);
        let mut held = Vec::new();
        while left != 0 {
            let day = left.trailing_zeros() as u8;
            left &= left - 1;
            held.clear();
            held.extend((0_u32..).zip(&masks).filter(|(_, mask)| **mask >> day & 1 == 1).map(|(position, _)| position));
            let known = self.kinds.iter().rev().take(KINDS_LOOKED_THROUGH).find(|kind| kind.held == held);
            let starts = match known {
                Some(kind) => kind.starts.clone(),
                None => self.work_out_kind(sessions, &held),
            };
            // Sessions too short for one slot make no day.
            if !starts.is_empty() {
                self.days.push(WantedDay { product, dose, day: DayIndex(day), starts });
            }
        }
    }

    fn work_out_kind(&mut self, sessions: &[&ClinicSession], held: &[u32]) -> Range<usize> {
        let mut starts: Vec<(MinuteOfDay, u16)> = Vec::new();
        for session in held.iter().filter_map(|position| sessions.get(*position as usize)) {
            starts.extend(slot_starts(session).map(|minute| (minute, session.capacity)));
        }
        starts.sort_unstable();
        starts.dedup_by(|(next, more), (kept, places)| {
            let same = next == kept;
            if same {
                *places = places.saturating_add(*more);
            }
            same
        });
        let first = self.starts.len();
        self.starts.append(&mut starts);
        let starts = first..self.starts.len();
        self.kinds.push(Kind { held: held.to_vec(), starts: starts.clone() });
        starts
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::campaign::samples;
    use crate::slot::{Weekdays, session_days};

    /// What a session says, slot by slot.
    fn one_by_one(campaign: &Campaign, sessions: &[ClinicSession]) -> BTreeMap<(RowAndDay, MinuteOfDay), u16> {
        let mut slots: BTreeMap<_, u16> = BTreeMap::new();
        for session in sessions {
            for day in session_days(campaign, session) {
                for minute in slot_starts(session) {
                    let places = slots.entry(((session.product, session.dose, day), minute)).or_default();
                    *places = places.saturating_add(session.capacity);
                }
            }
        }
        slots
    }

    const DOSES: [DoseNumber; 2] = [DoseNumber::First, DoseNumber::Second];

    prop_compose! {
        fn any_session()(
            product in 0_u8..2,
            second in any::<bool>(),
            (from, days) in (0_i64..40, -1_i64..40),
            weekdays in 1_u8..128,
            (start, hours, slot_minutes) in (8_u16..18, 0_u16..4, prop::sample::select(vec![15_u16, 30, 60, 90])),
            capacity in prop::sample::select(vec![1_u16, 6, 10_000, 40_000]),
        ) -> ClinicSession {
            let first_day = date(2021, 8, 20) + jiff::Span::new().days(from);
            ClinicSession {
                clinic: "C1".to_owned(),
                product: ProductId(product),
                dose: if second { DoseNumber::Second } else { DoseNumber::First },
                first_day,
                last_day: first_day + jiff::Span::new().days(days),
                weekdays: Weekdays(weekdays),
                start: MinuteOfDay(start * 60),
                end: MinuteOfDay((start + hours) * 60),
                slot_minutes,
                capacity,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// The same as slot by slot, in order, whatever the sessions: also with what the clinic before it left behind.
        #[test]
        fn what_is_wanted_is_what_the_sessions_say_slot_by_slot(
            clinics in prop::collection::vec(prop::collection::vec(any_session(), 0..24), 1..3),
        ) {
            let campaign = samples::rotation();
            let mut wanted = Wanted::default();
            for sessions in clinics {
                wanted.work_out(&campaign, &sessions.iter().collect::<Vec<_>>());
                let expect = one_by_one(&campaign, &sessions);
                let found: Vec<_> = wanted
                    .days()
                    .flat_map(|(day, starts)| starts.iter().map(move |(minute, places)| ((day, *minute), *places)))
                    .collect();
                prop_assert!(wanted.days().all(|(_, starts)| !starts.is_empty()));
                prop_assert_eq!(&found, &expect.clone().into_iter().collect::<Vec<_>>());
                for (product, dose) in [0, 1].into_iter().flat_map(|id| DOSES.map(|dose| (ProductId(id), dose))) {
                    for day in (0..=u8::MAX).map(|day| (product, dose, DayIndex(day))) {
                        prop_assert_eq!(wanted.has_day(day), expect.keys().any(|(expected, _)| *expected == day));
                    }
                }
            }
        }
    }
}
