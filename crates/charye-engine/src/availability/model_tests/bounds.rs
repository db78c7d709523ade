//! Room: engine/availability, tests. Requests that make no sense or ask too much, and cursors made up by someone.

use charye_domain::clinic::Point;
use charye_domain::ids::{CampaignId, ClinicId, ProductId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::DoseNumber;
use proptest::prelude::*;

use super::world::{CAMPAIGN, Seeds, World, seeds};
use crate::availability::{Area, Availability, Centre, Count, Cursor, Moment, Order, SearchError, SearchRequest};

fn some_world() -> World {
    World::new(&Seeds {
        clinics: (0..6).map(|n| (n % 5, format!("가{n}"), (n != 4).then_some((37_500_000, 127_000_000)))).collect(),
        blocks: (0..6).map(|clinic| (clinic, 2, 3, 0)).collect(),
        in_order: true,
        together: true,
        counts: (0..24).map(|slot| (slot, 1)).collect(),
    })
}

#[test]
fn a_request_that_makes_no_sense_is_refused_by_name() {
    let world = some_world();
    let check = |change: fn(&mut SearchRequest), expect: &str| {
        let mut request = SearchRequest::new(CAMPAIGN);
        change(&mut request);
        let code = world.availability.search(&request, Moment::BEFORE).map_or_else(SearchError::code, |_| "found");
        assert_eq!(code, expect, "{request:?}");
    };
    fn around(radius_m: Option<u32>) -> Area {
        Area::Around { centre: Centre::Point(Point { lat_e6: 37_500_000, lon_e6: 127_000_000 }), radius_m }
    }
    check(|_| {}, "found");
    check(|r| r.campaign = CampaignId(1), "campaign_unknown");
    check(|r| r.product = Some(ProductId(2)), "product_unknown");
    check(|r| r.area = Area::Province(99), "province_unknown");
    check(|r| r.area = Area::Province(u32::MAX), "province_unknown");
    check(|r| r.area = Area::District(11_111), "district_unknown");
    check(|r| r.area = Area::Around { centre: Centre::District(7), radius_m: Some(1) }, "district_unknown");
    check(|r| r.area = Area::Around { centre: Centre::District(41_130), radius_m: Some(1) }, "district_without_centre");
    let nowhere = |r: &mut SearchRequest| {
        let centre = Centre::Point(Point { lat_e6: i32::MIN, lon_e6: i32::MAX });
        r.area = Area::Around { centre, radius_m: Some(1) };
    };
    check(nowhere, "point_invalid");
    check(|r| r.area = around(Some(0)), "radius_invalid");
    check(|r| r.area = around(Some(100_001)), "radius_invalid");
    check(|r| r.area = around(Some(100_000)), "found");
    check(|r| (r.area, r.order) = (around(None), Order::Earliest), "radius_missing");
    check(|r| (r.area, r.order) = (around(None), Order::Distance), "found");
    check(|r| r.order = Order::Distance, "centre_missing");
    check(|r| r.times = Some(MinuteOfDay(1)..MinuteOfDay(2)), "area_too_wide");
    check(|r| r.times = Some(MinuteOfDay(2)..MinuteOfDay(2)), "times_invalid");
    check(|r| r.times = Some(MinuteOfDay(0)..MinuteOfDay(1_441)), "times_invalid");
    check(|r| r.name = Some(String::new()), "name_invalid");
    check(|r| r.name = Some(" \t\u{3000} ".to_owned()), "name_invalid");
    check(|r| r.name = Some("가".repeat(41)), "name_invalid");
    check(|r| r.name = Some("가".repeat(40)), "found");
    check(|r| r.name = Some("\u{0}\n../%00<script>".to_owned()), "found");
    check(|r| r.days = Some(DayIndex(0)..=DayIndex(90)), "days_invalid");
    check(|r| r.days = Some(DayIndex(255)..=DayIndex(255)), "days_invalid");
    check(|r| r.days = Some(DayIndex(5)..=DayIndex(4)), "days_invalid");
    check(|r| r.days = Some(DayIndex(0)..=DayIndex(89)), "found");
    check(|r| r.page_size = 0, "page_size_invalid");
    check(|r| r.page_size = 51, "page_size_invalid");
    check(|r| r.next_times = 5, "next_times_invalid");
}

#[test]
fn one_clinics_look_ups_refuse_what_is_unknown() {
    let world = some_world();
    let day = |campaign, clinic, product, day| {
        let answer = world.availability.clinic_day(campaign, clinic, product, DoseNumber::First, day, Moment::BEFORE);
        answer.map_or_else(|error| error.code().to_owned(), |day| day.times.len().to_string())
    };
    let (clinic, product) = (ClinicId(0), ProductId(1));
    assert_eq!(day(CAMPAIGN, clinic, product, DayIndex(3)), "4");
    assert_eq!(day(CAMPAIGN, clinic, product, DayIndex(4)), "0");
    assert_eq!(day(CAMPAIGN, clinic, ProductId(0), DayIndex(3)), "0");
    assert_eq!(day(CampaignId(9), clinic, product, DayIndex(3)), "campaign_unknown");
    assert_eq!(day(CAMPAIGN, ClinicId(6), product, DayIndex(3)), "clinic_unknown");
    assert_eq!(day(CAMPAIGN, clinic, ProductId(9), DayIndex(3)), "product_unknown");
    assert_eq!(day(CAMPAIGN, clinic, product, DayIndex(90)), "days_invalid");
    for slot in [SlotId(u32::MAX), SlotId(60)] {
        assert_eq!(world.availability.second_dose_days(slot).map_err(SearchError::code), Err("slot_unknown"));
        let alternatives = world.availability.alternatives(slot, Some(SlotId(0)), Moment::BEFORE);
        assert_eq!(alternatives.map_err(SearchError::code), Err("slot_unknown"));
    }
}

#[test]
fn nobody_pages_deeper_than_the_limit() {
    let world = some_world();
    let mut request = SearchRequest { page_size: 2, ..SearchRequest::new(CAMPAIGN) };
    let next = world.availability.search(&request, Moment::BEFORE).unwrap().next.unwrap();
    request.cursor = Some(Cursor { shown: SearchRequest::DEPTH_MAX - 1, ..next });
    assert_eq!(world.availability.search(&request, Moment::BEFORE).unwrap().clinics.len(), 2);
    request.cursor = Some(Cursor { shown: SearchRequest::DEPTH_MAX, ..next });
    let refused = world.availability.search(&request, Moment::BEFORE);
    assert_eq!(refused.map_err(SearchError::code), Err("page_too_deep"));
}

#[test]
fn a_cursor_of_another_search_is_refused() {
    let world = some_world();
    let mut request = SearchRequest { page_size: 2, ..SearchRequest::new(CAMPAIGN) };
    request.cursor = world.availability.search(&request, Moment::BEFORE).unwrap().next;
    let check = |change: fn(&mut SearchRequest), expect| {
        let mut request = request.clone();
        change(&mut request);
        let code = world.availability.search(&request, Moment::BEFORE).map_or_else(SearchError::code, |_| "found");
        assert_eq!(code, expect, "{request:?}");
    };
    check(|_| {}, "found");
    check(|r| (r.page_size, r.next_times) = (5, 3), "found");
    check(|r| r.days = Some(DayIndex(3)..=DayIndex(3)), "cursor_invalid");
    check(|r| r.order = Order::Earliest, "cursor_invalid");
    check(|r| r.area = Area::District(11_110), "cursor_invalid");
    check(|r| r.name = Some("가".to_owned()), "cursor_invalid");
}

#[test]
fn a_system_without_campaigns_answers_too() {
    let nothing = Availability::empty();
    let answer =
        nothing.search(&SearchRequest::new(CAMPAIGN), nothing.moment(CAMPAIGN, charye_domain::time::UnixMillis(0)));
    assert_eq!(answer.map_err(SearchError::code), Err("campaign_unknown"));
    assert!(nothing.alternatives(SlotId(0), None, Moment::BEFORE).is_err());
    assert_eq!(nothing.directory().provinces(), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_forged_cursor_shows_nothing_that_the_search_does_not(
        seeds in seeds(), shown in 0..SearchRequest::DEPTH_MAX, primary: u32, clinic in prop_oneof![0_u32..14, any::<u32>()], day: u8,
    ) {
        let world = World::new(&seeds);
        let all = SearchRequest { page_size: 50, order: Order::Earliest, ..SearchRequest::new(CAMPAIGN) };
        let found = world.availability.search(&all, Moment::BEFORE).unwrap();
        let first_page = SearchRequest { page_size: 1, ..all.clone() };
        let page = world.availability.search(&first_page, Moment::BEFORE).unwrap();
        prop_assume!(page.next.is_some());
        let primary = if day < 128 { u32::from(day) << 24 } else { primary };
        let forged = Cursor { shown, primary, clinic, ..page.next.unwrap() };
        match world.availability.search(&SearchRequest { cursor: Some(forged), ..all }, Moment::BEFORE) {
            Ok(page) => {
                prop_assert_eq!(page.matching, Count::Exactly(found.clinics.len() as u32));
                prop_assert!(page.clinics.iter().all(|clinic| found.clinics.contains(clinic)));
            }
            Err(error) => prop_assert_eq!(error.code(), "cursor_invalid"),
        }
    }
}
