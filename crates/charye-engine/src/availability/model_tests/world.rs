//! Room: engine/availability, tests. Small random nations, and every question answered by scanning all their slots.

use std::collections::BTreeSet;
use std::sync::Arc;

use charye_domain::campaign::{Bilingual, Campaign, HoldTimes, UniquenessScheme, VisitTimes};
use charye_domain::clinic::{Clinic, ClinicKind, Point};
use charye_domain::ids::{BlockId, CampaignId, CampaignVersion, ClinicId, ProductId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::{DoseInterval, DoseNumber, DoseTwoPolicy, VaccineProduct};
use jiff::civil::date;
use proptest::prelude::*;

use crate::availability::{Availability, BlockPlace, BoardBuilder, DaySet, Directory, DistrictPlace, Moment, Plane};

/// Days of the campaign: past the middle of the mask, so that both halves are used.
pub(super) const DAYS: u8 = 90;
pub(super) const INTERVAL: (u8, u8) = (20, 23);
pub(super) const CAMPAIGN: CampaignId = CampaignId(0);
pub(super) const DISTRICTS: [u32; 5] = [11_110, 11_140, 26_110, 41_110, 41_130];

/// Three timetables; the last grew a start after the fact.
const TIMETABLES: [&[u16]; 3] = [&[540, 570, 600, 630], &[780, 840, 900], &[600, 660, 1_080, 480]];

/// One slot of the naive list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) slot: SlotId,
    pub(super) clinic: ClinicId,
    pub(super) product: ProductId,
    pub(super) dose: DoseNumber,
    pub(super) day: DayIndex,
    pub(super) start: MinuteOfDay,
    pub(super) free: u16,
}

/// A nation as a list, and as what is tested.
#[derive(Debug)]
pub(super) struct World {
    pub(super) availability: Availability,
    pub(super) clinics: Vec<Clinic>,
    pub(super) together: bool,
    pub(super) places: Vec<Place>,
    /// Each block with the plane, clinic, day and timetable it was laid out with.
    blocks: Vec<(BlockId, BlockPlace, usize)>,
}

type LatLonE6 = (i32, i32);

/// What a random nation is made from.
#[derive(Clone, Debug)]
pub(super) struct Seeds {
    /// District, name, point.
    pub(super) clinics: Vec<(usize, String, Option<LatLonE6>)>,
    /// Clinic, which of the three doses, day, timetable.
    pub(super) blocks: BTreeSet<(usize, usize, u8, usize)>,
    /// Whether block ids follow rows and days, as the book gives them for a first import.
    pub(super) in_order: bool,
    pub(super) together: bool,
    /// Which slot gets how many.
    pub(super) counts: Vec<(usize, u16)>,
}

pub(super) fn seeds() -> impl Strategy<Value = Seeds> {
    let point = prop::option::weighted(0.9, (37_000_000..37_600_000, 126_700_000..127_400_000));
    let clinics = prop::collection::vec((0..DISTRICTS.len(), "[가나다 a]{1,4}", point), 1..14);
    let day = prop_oneof![3 => 0..DAYS, 2 => 0_u8..6, 2 => 60_u8..68];
    let blocks = prop::collection::btree_set((0_usize..14, 0_usize..3, day, 0_usize..3), 0..120);
    let count = prop_oneof![4 => Just(0_u16), 6 => 1_u16..9, 1 => 250_u16..260];
    let counts = prop::collection::vec((any::<usize>(), count), 0..400);
    (clinics, blocks, any::<bool>(), any::<bool>(), counts)
        .prop_map(|(clinics, blocks, in_order, together, counts)| Seeds { clinics, blocks, in_order, together, counts })
}

/// Product 0 has two doses, product 1 only one.
fn plane(kind: usize) -> Plane {
    let (product, dose) = [(0, DoseNumber::First), (0, DoseNumber::Second), (1, DoseNumber::First)][kind];
    Plane { campaign: CAMPAIGN, product: ProductId(product), dose }
}

pub(super) fn both(text: &str) -> Bilingual {
    Bilingual { ko: text.to_owned(), en: text.to_owned() }
}

pub(super) fn campaign(together: bool) -> Campaign {
    let product = |id, code: &str, interval: Option<DoseInterval>| VaccineProduct {
        id: ProductId(id),
        code: code.to_owned(),
        name: both(code),
        cvx: None,
        doses: 1 + u8::from(interval.is_some()),
        interval,
    };
    let (min, max) = (u16::from(INTERVAL.0), u16::from(INTERVAL.1));
    let first_day = date(2021, 8, 26);
    Campaign {
        id: CAMPAIGN,
        version: CampaignVersion(1),
        code: "test".to_owned(),
        name: both("test"),
        time_zone: jiff::tz::TimeZone::fixed(jiff::tz::offset(9)),
        uniqueness: UniquenessScheme::Rehearsal,
        least_assurance: charye_domain::identity::Assurance::Rehearsed,
        first_day,
        last_day: DayIndex(DAYS - 1).date(first_day),
        products: vec![
            product(0, "two", Some(DoseInterval { allowed_days: min..=max, standard_days: min })),
            product(1, "one", None),
        ],
        cohorts: Vec::new(),
        openings: Vec::new(),
        dose_two: if together { DoseTwoPolicy::Together } else { DoseTwoPolicy::Later },
        closed_days: BTreeSet::new(),
        hold: HoldTimes { ttl_secs: 300, extension_secs: 120, extensions_max: 2 },
        visit: VisitTimes { max_secs: 1_800, pass_secs: 600 },
        line: None,
        expected_people: 1,
        change_notice_secs: 0,
        look: None,
    }
}

/// The neighbourhood of some clinics.
pub(super) const NEIGHBOURHOOD: &str = "나가동";

pub(super) fn clinic(code: usize, district: u32, name: &str, point: Option<(i32, i32)>) -> Clinic {
    Clinic {
        code: format!("C{code:03}"),
        kind: ClinicKind::Contracted,
        name: both(name),
        district,
        // Every third lies in a neighbourhood that its address names.
        address: if code.is_multiple_of(3) {
            format!("서울특별시 종로구 새문안로 {code} ({NEIGHBOURHOOD})")
        } else {
            String::new()
        },
        phone: String::new(),
        point: point.map(|(lat_e6, lon_e6)| Point { lat_e6, lon_e6 }),
    }
}

pub(super) fn district_table() -> Vec<DistrictPlace> {
    // The last district is left out: one that only clinics name.
    let place = |(n, code): (i32, &u32)| DistrictPlace {
        code: *code,
        province: both(&format!("province {}", code / 1_000)),
        name: both(&format!("district {code}")),
        centre: Point { lat_e6: 37_300_000 + n * 50_000, lon_e6: 127_000_000 },
    };
    (0..).zip(&DISTRICTS[..4]).map(place).collect()
}

impl World {
    pub(super) fn new(seeds: &Seeds) -> Self {
        let clinics: Vec<Clinic> = (0..)
            .zip(&seeds.clinics)
            .map(|(code, (district, name, point))| clinic(code, DISTRICTS[*district], name, *point))
            .collect();
        // One block a clinic, dose and day, at clinics that exist.
        let mut seen = BTreeSet::new();
        let mut wanted: Vec<_> = seeds.blocks.iter().copied().filter(|(clinic, ..)| *clinic < clinics.len()).collect();
        wanted.retain(|(clinic, kind, day, _)| seen.insert((*clinic, *kind, *day)));
        if !seeds.in_order {
            wanted.sort_by_key(|(clinic, kind, day, _)| (u32::from(*day) * 7 % 11, *kind, *clinic, *day));
        }
        let blocks: Vec<_> = (0..)
            .map(BlockId)
            .zip(wanted)
            .map(|(block, (clinic, kind, day, timetable))| {
                (
                    block,
                    BlockPlace { plane: plane(kind), clinic: ClinicId(clinic as u32), day: DayIndex(day) },
                    timetable,
                )
            })
            .collect();
        let mut places = Vec::new();
        for (block, at, timetable) in &blocks {
            places.extend((0..).zip(TIMETABLES[*timetable]).map(|(index, start)| Place {
                slot: SlotId::new(*block, index),
                clinic: at.clinic,
                product: at.plane.product,
                dose: at.plane.dose,
                day: at.day,
                start: MinuteOfDay(*start),
                free: 0,
            }));
        }
        let directory = Arc::new(Directory::new(clinics.clone(), &district_table()));
        let board = Arc::new(lay_out(&blocks, &directory));
        let availability = Availability::new(&[Arc::new(campaign(seeds.together))], directory, board);
        let mut world = Self { availability, clinics, together: seeds.together, places, blocks };
        for (slot, free) in &seeds.counts {
            world.set(*slot, *free);
        }
        world
    }

    /// Sets one slot on the board and in the list.
    pub(super) fn set(&mut self, slot: usize, free: u16) {
        if self.places.is_empty() {
            return;
        }
        let position = slot % self.places.len();
        let place = &mut self.places[position];
        place.free = free;
        self.availability.board.set(place.slot, free);
    }

    /// A second board of the same slots, empty.
    pub(super) fn laid_out_again(&self) -> crate::availability::Board {
        lay_out(&self.blocks, &self.availability.directory)
    }

    pub(super) fn free(&self, slot: SlotId) -> u16 {
        self.places.iter().find(|place| place.slot == slot).map_or(0, |place| place.free)
    }

    /// Slots of a clinic and dose that have a place and have not begun.
    pub(super) fn free_places(&self, clinic: ClinicId, dose: DoseNumber, moment: Moment) -> Vec<Place> {
        let fits = |place: &&Place| place.clinic == clinic && place.dose == dose && place.free > 0;
        let mut places: Vec<_> =
            self.places.iter().filter(fits).filter(|place| moment.is_ahead(place.day, place.start)).copied().collect();
        places.retain(|place| self.has_its_second(place));
        places.sort_by_key(|place| (place.day, place.start, place.product));
        places
    }

    /// Whether a first dose of a pair may be followed by a second.
    fn has_its_second(&self, place: &Place) -> bool {
        let paired = self.together && place.dose == DoseNumber::First && place.product == ProductId(0);
        !paired || !self.second_days(place.clinic, place.day).is_empty()
    }

    /// Days with a place for product 0's second dose after a first on `day`.
    pub(super) fn second_days(&self, clinic: ClinicId, day: DayIndex) -> DaySet {
        let second = |place: &&Place| {
            let after = i32::from(place.day.0) - i32::from(day.0);
            place.clinic == clinic
                && place.dose == DoseNumber::Second
                && place.free > 0
                && (i32::from(INTERVAL.0)..=i32::from(INTERVAL.1)).contains(&after)
        };
        days_of(self.places.iter().filter(second))
    }
}

pub(super) fn days_of<'a>(places: impl Iterator<Item = &'a Place>) -> DaySet {
    places.fold(DaySet::EMPTY, |days, place| days.or(DaySet::day(place.day)))
}

fn lay_out(blocks: &[(BlockId, BlockPlace, usize)], directory: &Directory) -> crate::availability::Board {
    let mut builder = BoardBuilder::default();
    for (block, place, timetable) in blocks {
        let starts: Vec<_> = TIMETABLES[*timetable].iter().copied().map(MinuteOfDay).collect();
        builder.add(*block, *place, &starts).unwrap();
    }
    builder.finish(directory).unwrap()
}

/// A moment before, within or at the end of the campaign.
pub(super) fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        2 => Just(Moment::BEFORE),
        3 => (0..DAYS, 0_u16..1_440).prop_map(|(day, minute)| Moment::at(DayIndex(day), MinuteOfDay(minute))),
        2 => (0_u8..6, 500_u16..1_000).prop_map(|(day, minute)| Moment::at(DayIndex(day), MinuteOfDay(minute))),
    ]
}
