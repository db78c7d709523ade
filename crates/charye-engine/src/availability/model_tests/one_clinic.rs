//! Room: engine/availability, tests. One clinic's days and times, second doses and alternatives against a scan.

use charye_domain::ids::{ClinicId, ProductId};
use charye_domain::time::DayIndex;
use charye_domain::vaccine::DoseNumber;
use proptest::prelude::*;

use super::world::{CAMPAIGN, DAYS, INTERVAL, Place, World, days_of, moment, seeds};
use crate::availability::cells::Origin;
use crate::availability::{Alternatives, SearchError};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn days_and_times_of_a_clinic_agree_with_a_scan(seeds in seeds(), day in 0..DAYS, moment in moment()) {
        let world = World::new(&seeds);
        for clinic in (0..world.clinics.len() as u32).map(ClinicId) {
            for (product, dose) in [(0, DoseNumber::First), (0, DoseNumber::Second), (1, DoseNumber::First)] {
                let product = ProductId(product);
                let of_row = |place: &&Place| (place.clinic, place.product, place.dose) == (clinic, product, dose);
                let days = world.availability.clinic_days(CAMPAIGN, clinic, product, dose, moment).unwrap();
                prop_assert_eq!(days.works, days_of(world.places.iter().filter(of_row)));
                let free = world.free_places(clinic, dose, moment);
                prop_assert_eq!(days.free, days_of(free.iter().filter(of_row)));

                let some_day = days.works.iter().nth(usize::from(day) % 8).unwrap_or(DayIndex(day));
                let told = world.availability.clinic_day(CAMPAIGN, clinic, product, dose, some_day, moment).unwrap();
                let ahead = |place: &&Place| place.day == some_day && moment.is_ahead(place.day, place.start);
                let mut expect: Vec<_> = world.places.iter().filter(of_row).filter(ahead).copied().collect();
                expect.sort_by_key(|place| place.start);
                let expect: Vec<_> = expect.iter().map(|place| (place.slot, place.start, place.free.min(255))).collect();
                let times: Vec<_> = told.times.iter().map(|time| (time.slot, time.start, time.remaining)).collect();
                prop_assert_eq!(times, expect);
                if let Some(second) = told.second_dose_days.filter(|_| !days.works.is_empty()) {
                    prop_assert_eq!(second, world.second_days(clinic, some_day));
                }
            }
        }
    }

    #[test]
    fn second_doses_follow_within_the_interval(seeds in seeds()) {
        let world = World::new(&seeds);
        for place in &world.places {
            let days = world.availability.second_dose_days(place.slot);
            if place.dose == DoseNumber::Second || place.product == ProductId(1) {
                prop_assert_eq!(days, Err(SearchError::SlotUnknown));
                continue;
            }
            prop_assert_eq!(days, Ok(world.second_days(place.clinic, place.day)));
            for day in (0..DAYS).step_by(3).map(DayIndex) {
                let times = world.availability.second_dose_times(place.slot, day);
                let allowed = day.0 >= place.day.0 + INTERVAL.0 && day.0 <= place.day.0 + INTERVAL.1;
                prop_assert_eq!(times.is_ok(), allowed);
                let second = |other: &&Place| {
                    (other.clinic, other.dose, other.day) == (place.clinic, DoseNumber::Second, day)
                };
                let expect = world.places.iter().filter(second).count();
                prop_assert_eq!(times.map_or(0, |times| times.len()), if allowed { expect } else { 0 });
            }
        }
    }

    #[test]
    fn alternatives_are_the_nearest_there_are(seeds in seeds(), which: usize, moment in moment()) {
        let world = World::new(&seeds);
        prop_assume!(!world.places.is_empty());
        let wanted = world.places[which % world.places.len()];
        let told = world.availability.alternatives(wanted.slot, None, moment).unwrap();

        let like_it = |place: &Place| place.product == wanted.product && place.slot != wanted.slot;
        let mut here = world.free_places(wanted.clinic, wanted.dose, moment);
        let nearness = |place: &Place| {
            let minutes = place.start.0.abs_diff(wanted.start.0);
            (place.day.0.abs_diff(wanted.day.0), place.day, minutes, place.start)
        };
        // The eight days nearest are tried, and the place that is gone may take up one of them.
        here.retain(|place| place.product == wanted.product);
        here.sort_by_key(nearness);
        let mut days: Vec<_> = here.iter().map(|place| place.day).collect();
        days.dedup();
        days.truncate(8);
        here.retain(|place| like_it(place) && days.contains(&place.day));
        let expect: Vec<_> = here.iter().take(Alternatives::HERE_MAX).map(|place| place.slot).collect();
        prop_assert_eq!(told.same_clinic.iter().map(|offer| offer.slot).collect::<Vec<_>>(), expect);

        let mut nearby: Vec<(u32, _)> = Vec::new();
        let home = world.clinics[wanted.clinic.0 as usize].point.map(Origin::new);
        for (id, clinic) in (0..).map(ClinicId).zip(&world.clinics) {
            let mut there = world.free_places(id, wanted.dose, moment);
            there.retain(like_it);
            there.sort_by_key(nearness);
            let distance_m = home.zip(clinic.point).map(|(home, point)| home.distance_m(point));
            if let (Some(place), Some(distance_m)) = (there.first(), distance_m)
                && id != wanted.clinic
                && distance_m <= 20_000
                && wanted.dose == DoseNumber::First
            {
                nearby.push((distance_m, place.slot));
            }
        }
        nearby.sort();
        nearby.truncate(Alternatives::NEARBY_MAX);
        let told: Vec<_> = told.nearby.iter().map(|offer| (offer.distance_m.unwrap_or(u32::MAX), offer.slot)).collect();
        prop_assert_eq!(told, nearby);
    }

    #[test]
    fn alternatives_to_a_second_dose_keep_to_the_interval(seeds in seeds(), which: usize) {
        let world = World::new(&seeds);
        let seconds: Vec<_> = world.places.iter().filter(|place| place.dose == DoseNumber::Second).collect();
        prop_assume!(!seconds.is_empty());
        let wanted = seconds[which % seconds.len()];
        let before = crate::availability::Moment::BEFORE;
        for first in world.places.iter().filter(|place| place.dose == DoseNumber::First && place.product == ProductId(0)) {
            let told = world.availability.alternatives(wanted.slot, Some(first.slot), before);
            if first.clinic != wanted.clinic {
                prop_assert_eq!(told, Err(SearchError::SlotUnknown));
                continue;
            }
            let told = told.unwrap();
            let allowed = world.second_days(first.clinic, first.day);
            prop_assert!(told.nearby.is_empty());
            prop_assert!(told.same_clinic.iter().all(|offer| allowed.contains(offer.day) && offer.slot != wanted.slot));
            let others = |place: &&Place| {
                place.clinic == first.clinic && place.dose == DoseNumber::Second && place.free > 0
                    && allowed.contains(place.day) && place.slot != wanted.slot
            };
            prop_assert_eq!(told.same_clinic.len(), world.places.iter().filter(others).count().min(Alternatives::HERE_MAX));
        }
    }
}
