//! Room: engine/availability, tests. Every filter, order and page of a search against a scan of all slots.

use charye_domain::clinic::Point;
use charye_domain::ids::ProductId;
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::DoseNumber;
use proptest::prelude::*;

use super::world::{
    CAMPAIGN, DAYS, DISTRICTS, NEIGHBOURHOOD, Place, Seeds, World, days_of, district_table, moment, seeds,
};
use crate::availability::cells::Origin;
use crate::availability::{
    Area, Centre, ClinicFound, Count, Cursor, Moment, NextTime, Order, SearchRequest, Show, Totals,
};

fn request() -> impl Strategy<Value = SearchRequest> {
    let centre = prop_oneof![
        (36_900_000..37_700_000, 126_600_000..127_500_000)
            .prop_map(|(lat_e6, lon_e6)| Centre::Point(Point { lat_e6, lon_e6 })),
        (0_usize..4).prop_map(|n| Centre::District(DISTRICTS[n])),
    ];
    let area = prop_oneof![
        Just(Area::Everywhere),
        prop::sample::select(vec![11_u32, 26, 41]).prop_map(Area::Province),
        (0_usize..4).prop_map(|n| Area::District(DISTRICTS[n])),
        (centre, prop::option::of(1_000_u32..60_000)).prop_map(|(centre, radius_m)| Area::Around { centre, radius_m }),
    ];
    let what = (
        prop::option::of((0_u8..2).prop_map(ProductId)),
        prop_oneof![4 => Just(DoseNumber::First), 1 => Just(DoseNumber::Second)],
        prop::option::weighted(
            0.2,
            prop::sample::select(vec!["가", "나다", "가동", "ㄱ", "a"]).prop_map(str::to_owned),
        ),
        prop::option::of((0..DAYS, 0..DAYS).prop_map(|(a, b)| DayIndex(a.min(b))..=DayIndex(a.max(b)))),
        prop::option::weighted(
            0.3,
            (0_u16..1_400, 1_u16..400).prop_map(|(a, b)| MinuteOfDay(a)..MinuteOfDay((a + b).min(1_440))),
        ),
    );
    let how = (
        prop::sample::select(vec![Order::District, Order::Distance, Order::Earliest]),
        prop::sample::select(vec![Show::Free, Show::All]),
        0..=SearchRequest::NEXT_TIMES_MAX,
        1_u8..6,
    );
    (area, what, how).prop_map(|(area, (product, dose, name, days, times), (order, show, next_times, page_size))| {
        let mut request = SearchRequest {
            product,
            dose,
            area,
            name,
            days,
            times,
            order,
            show,
            next_times,
            page_size,
            totals: Totals::ClinicsAndPlaces,
            ..SearchRequest::new(CAMPAIGN)
        };
        sensible(&mut request);
        request
    })
}

/// What is refused is tested elsewhere: make the request one that is answered.
fn sensible(request: &mut SearchRequest) {
    match request.area {
        Area::Around { centre, radius_m: None } if request.order != Order::Distance => {
            request.area = Area::Around { centre, radius_m: Some(30_000) };
        }
        Area::Around { .. } => {}
        _ if request.order == Order::Distance => request.order = Order::District,
        _ => {}
    }
    if request.area == Area::Everywhere {
        request.times = None;
    }
}

/// What a search finds, by looking at everything: the clinics in order, and the places on their days whatever the time.
fn naive(world: &World, request: &SearchRequest, moment: Moment) -> (Vec<ClinicFound>, u64) {
    let origin = match request.area {
        Area::Around { centre: Centre::Point(point), .. } => Some(Origin::new(point)),
        Area::Around { centre: Centre::District(code), .. } => {
            let known = district_table().into_iter().find(|place| place.code == code);
            Some(Origin::new(known.unwrap().centre))
        }
        _ => None,
    };
    let mut found = Vec::new();
    let mut all_places = 0;
    for (id, clinic) in (0..).map(charye_domain::ids::ClinicId).zip(&world.clinics) {
        let distance_m = origin.zip(clinic.point).map(|(origin, point)| origin.distance_m(point));
        let in_area = match request.area {
            Area::Everywhere => true,
            Area::Province(code) => clinic.district / 1_000 == code,
            Area::District(code) => clinic.district == code,
            Area::Around { radius_m, .. } => distance_m.is_some_and(|d| d <= radius_m.unwrap_or(100_000)),
        };
        let is_of = |name: &str, part: &str| {
            let name: String = name.split_whitespace().collect();
            name.contains(part) || part == "ㄱ" && name.contains('가')
        };
        let lies_in = clinic.address.contains(NEIGHBOURHOOD);
        let named = request
            .name
            .as_deref()
            .is_none_or(|part| is_of(&clinic.name.ko, part) || lies_in && is_of(NEIGHBOURHOOD, part));
        let gives = world.places.iter().any(|place| {
            place.clinic == id && place.dose == request.dose && request.product.is_none_or(|p| p == place.product)
        });
        let asked = |place: &Place| {
            request.product.is_none_or(|product| product == place.product)
                && request.days.as_ref().is_none_or(|days| days.contains(&place.day))
        };
        let in_time = |place: &Place| request.times.as_ref().is_none_or(|times| times.contains(&place.start));
        let free: Vec<_> = world.free_places(id, request.dose, moment).into_iter().filter(asked).collect();
        let fitting: Vec<_> = free.iter().copied().filter(in_time).collect();
        if !in_area || !named || fitting.is_empty() && (request.show == Show::Free || !gives) {
            continue;
        }
        let shown = |place: &Place| u32::from(place.free.min(255));
        // Totals count whole days of each product, what has begun today included.
        let on_these_days = |place: &&Place| {
            place.clinic == id
                && place.dose == request.dose
                && free.iter().any(|other| (other.product, other.day) == (place.product, place.day))
        };
        all_places += world.places.iter().filter(on_these_days).map(|place| u64::from(shown(place))).sum::<u64>();
        let mut hit = ClinicFound {
            clinic: id,
            distance_m,
            days: days_of(fitting.iter()),
            places: fitting.iter().map(shown).sum(),
            next_times: Default::default(),
        };
        let times = fitting.iter().take(request.next_times.into()).map(|place| NextTime {
            slot: place.slot,
            product: place.product,
            day: place.day,
            start: place.start,
            remaining: place.free.min(255),
        });
        hit.next_times = times.collect();
        found.push(hit);
    }
    found.sort_by_key(|hit| {
        let clinic = &world.clinics[hit.clinic.0 as usize];
        let first = hit.days.first().map_or(128, |day| day.0);
        let (day, distance) = match request.order {
            Order::District => (0, 0),
            Order::Distance => (0, hit.distance_m.unwrap_or(0)),
            Order::Earliest => (first, hit.distance_m.unwrap_or(0)),
        };
        (day, distance, clinic.district, &clinic.name.ko, hit.clinic)
    });
    (found, all_places)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_search_and_its_pages_agree_with_a_scan(seeds in seeds(), requests in prop::collection::vec(request(), 12), moment in moment()) {
        let world = World::new(&seeds);
        for mut request in requests {
            let (expect, places) = naive(&world, &request, moment);
            let mut found = Vec::new();
            // One page more than could be: a search that never ends fails here.
            for _ in 0..=world.clinics.len() {
                let page = world.availability.search(&request, moment).unwrap();
                prop_assert!(page.clinics.len() <= request.page_size.into());
                match page.matching {
                    Count::Exactly(count) => {
                        prop_assert_eq!(count as usize, expect.len());
                        prop_assert_eq!(page.places, Some(places));
                    }
                    Count::AtLeast(count) => {
                        prop_assert!(count as usize <= expect.len());
                        let nearest = matches!(request.area, Area::Around { radius_m: None, .. });
                        prop_assert!(nearest);
                    }
                }
                found.extend(page.clinics);
                request.cursor = page.next.map(|next| Cursor::parse(&next.to_string()).unwrap());
                if request.cursor.is_none() {
                    break;
                }
            }
            prop_assert_eq!(found, expect, "{:?}", request);
        }
    }

    #[test]
    fn an_answer_whose_footing_stands_is_what_the_search_says_now(
        seeds in seeds(),
        requests in prop::collection::vec(request(), 6),
        moment in moment(),
        changes in prop::collection::vec((any::<usize>(), prop_oneof![Just(0_u16), 1_u16..4]), 1..20),
    ) {
        let mut world = World::new(&seeds);
        let search = |world: &World, request: &SearchRequest| world.availability.search(request, moment).unwrap();
        let mut kept: Vec<_> = requests
            .iter()
            .map(|request| (world.availability.footing(request).unwrap(), search(&world, request)))
            .collect();
        for (slot, free) in changes {
            world.set(slot, free);
            for (request, (footing, answer)) in requests.iter().zip(&mut kept) {
                let now = search(&world, request);
                if world.availability.still_stands(footing) {
                    prop_assert_eq!(&now, &*answer, "{:?}", request);
                }
                (*footing, *answer) = (world.availability.footing(request).unwrap(), now);
                prop_assert!(world.availability.still_stands(footing), "nothing has changed since");
            }
        }
    }
}

#[test]
fn a_change_in_another_district_or_product_lets_an_answer_stand() {
    // Forty clinics in each of two districts: the board counts changes of some thirty neighbours together.
    let clinics = (0..80).map(|n| (usize::from(n >= 40) * 2, format!("가{n:02}"), None)).collect();
    let blocks = (0..80).flat_map(|clinic| [(clinic, 0, 0, 0), (clinic, 1, 21, 0), (clinic, 2, 0, 0)]).collect();
    let seeds = Seeds { clinics, blocks, in_order: true, together: true, counts: Vec::new() };
    let mut world = World::new(&seeds);
    let in_first = SearchRequest {
        area: Area::District(DISTRICTS[0]),
        product: Some(ProductId(0)),
        ..SearchRequest::new(CAMPAIGN)
    };
    let slot_of = |world: &World, clinic: u32, product: u8, dose: DoseNumber| {
        let is_it = |place: &Place| (place.clinic.0, place.product.0, place.dose) == (clinic, product, dose);
        world.places.iter().position(is_it).unwrap()
    };
    let mut check = |clinic, product, dose, stands: bool| {
        let footing = world.availability.footing(&in_first).unwrap();
        let slot = slot_of(&world, clinic, product, dose);
        let free = world.places[slot].free + 1;
        world.set(slot, free);
        assert_eq!(world.availability.still_stands(&footing), stands, "clinic {clinic} {product} {dose:?}");
    };
    check(79, 0, DoseNumber::First, true);
    check(3, 1, DoseNumber::First, true);
    check(3, 0, DoseNumber::First, false);
    // The first second dose makes days of the first open; the next changes nothing that is shown.
    check(3, 0, DoseNumber::Second, false);
    check(3, 0, DoseNumber::Second, true);
    check(3, 0, DoseNumber::First, false);
}
