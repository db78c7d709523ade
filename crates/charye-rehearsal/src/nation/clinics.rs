//! Room: rehearsal. The demo nation's clinics: how many, where, how big, what they are called.
//!
//! Called by `generate`, one district at a time, so that no more than one district is ever in memory. Never decides
//! opening hours; those are `opening_hours`'.

use std::collections::BTreeSet;

use super::clinic_names;
use super::districts::{self, District};
use super::rng::{Purpose, Stream};

/// Clinics of the full nation by kind; about 16,000 in all. Source: KDCA, August 2021: some 16,000 contracted
/// institutions, 280 vaccination centres, 255 health centres.
const FULL_CONTRACTED: u32 = 15_465;
const FULL_CENTRES: u32 = 280;
const FULL_HEALTH_CENTRES: u32 = 255;

/// What sort of place a clinic is; finer than the kind that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// 의원.
    Practice,
    /// 병원.
    Hospital,
    /// 종합병원.
    GeneralHospital,
    /// 예방접종센터.
    Centre,
    /// 보건소.
    HealthCentre,
}

impl Sort {
    /// The value of the column `kind`.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Practice | Self::Hospital | Self::GeneralHospital => "contracted",
            Self::Centre => "centre",
            Self::HealthCentre => "health_centre",
        }
    }

    /// Fewest and most places in one slot.
    pub(super) fn places_in_slot(self) -> (f64, f64) {
        match self {
            Self::Practice => (1.0, 6.0),
            Self::Hospital | Self::HealthCentre => (1.0, 12.0),
            Self::GeneralHospital => (1.0, 24.0),
            Self::Centre => (2.0, 60.0),
        }
    }

    /// Share of a district's places that falls to one such clinic, relative to a small practice.
    fn weight(self, stream: &mut Stream) -> f64 {
        let typical = match self {
            Self::Practice => 1.0,
            Self::Hospital => 2.4,
            Self::GeneralHospital => 6.5,
            Self::Centre => 18.0,
            Self::HealthCentre => 3.0,
        };
        typical * stream.long_tailed() * stream.between(0.6, 1.4)
    }
}

/// One clinic of the demo nation.
pub(super) struct DemoClinic {
    pub(super) code: String,
    pub(super) sort: Sort,
    pub(super) name_ko: String,
    pub(super) name_en: String,
    pub(super) address: String,
    pub(super) phone: String,
    /// Unit: hundred-thousandths of a degree, WGS84.
    pub(super) lat_e5: i32,
    pub(super) lon_e5: i32,
    /// First-dose places this clinic should offer over the whole campaign.
    pub(super) places_wanted: f64,
}

/// How many clinics of each kind every district gets.
pub(super) struct ClinicCounts {
    contracted: Vec<u32>,
    centres: Vec<u32>,
    health_centres: Vec<u32>,
}

impl ClinicCounts {
    /// The full nation's counts times the scale; a contracted clinic in each district at least, and a centre and a
    /// health centre too while the scale leaves enough for all.
    pub(super) fn of(scale_permille: u32, districts: &[District]) -> Self {
        let scaled = |full: u32| (full * scale_permille + 500) / 1_000;
        let for_all = |total: u32| u32::from(total as usize >= districts.len());
        let (centres, health_centres) = (scaled(FULL_CENTRES), scaled(FULL_HEALTH_CENTRES));
        Self {
            contracted: districts::spread(scaled(FULL_CONTRACTED), 1, districts),
            centres: districts::spread(centres, for_all(centres), districts),
            health_centres: districts::spread(health_centres, for_all(health_centres), districts),
        }
    }
}

/// The clinics of the district at `position` of the table, which together should offer `places` first-dose places.
///
/// `numbered_before` counts the clinics of earlier districts: telephone numbers go on from there.
pub(super) fn clinics_of(
    seed: u64,
    district: &District,
    counts: &ClinicCounts,
    position: usize,
    places: f64,
    numbered_before: u32,
) -> Vec<DemoClinic> {
    let mut stream = Stream::open(seed, Purpose::Clinics, district.code);
    let mut taken = BTreeSet::new();
    let mut clinics = Vec::new();
    let sorts = std::iter::repeat_n(Some(Sort::HealthCentre), counts.health_centres[position] as usize)
        .chain(std::iter::repeat_n(Some(Sort::Centre), counts.centres[position] as usize))
        .chain(std::iter::repeat_n(None, counts.contracted[position] as usize));
    for (index, public) in sorts.enumerate() {
        let contracted = [(880, Sort::Practice), (102, Sort::Hospital), (18, Sort::GeneralHospital)];
        let sort = public.unwrap_or_else(|| stream.weighted(&contracted));
        let name = clinic_names::name(&mut stream, district, sort, &mut taken);
        let (lat_e5, lon_e5) = point(&mut stream, district);
        clinics.push(DemoClinic {
            code: format!("{}-{:04}", district.code, index + 1),
            sort,
            name_ko: name.ko,
            name_en: name.en,
            address: clinic_names::address(&mut stream, district, index as u32),
            phone: phone(district, numbered_before + index as u32),
            lat_e5,
            lon_e5,
            places_wanted: sort.weight(&mut stream),
        });
    }
    let weights: f64 = clinics.iter().map(|clinic| clinic.places_wanted).sum();
    for clinic in &mut clinics {
        clinic.places_wanted *= places / weights;
    }
    clinics
}

/// First-dose places wanted for each adult: 21 million in all. What a clinic cannot serve in its slots is lost, so some
/// 19 million remain, and the 16.21 million people of the campaign find places left.
const PLACES_PER_ADULT: f64 = 0.475;

/// First-dose places that a district's clinics should offer.
pub(super) fn places_of(district: &District, scale_permille: u32) -> f64 {
    f64::from(district.adults) * PLACES_PER_ADULT * f64::from(scale_permille) / 1_000.0
}

/// Corners of Korea: south, north, west, east. Unit: hundred-thousandths of a degree.
const KOREA_E5: [i32; 4] = [3_305_000, 3_862_000, 12_460_000, 13_095_000];

/// A point near the district's centre: around it alike where people live densely, else most in the town. Whether it
/// lies on land nobody checks.
fn point(stream: &mut Stream, district: &District) -> (i32, i32) {
    let deviation_km = match district.sparse {
        true if stream.chance(600) => district.reach_km * 0.18,
        true => district.reach_km * 0.55,
        false => district.reach_km * 0.5,
    };
    let (mut north_km, mut east_km) = (0.0, 0.0);
    // A point beyond the reach is drawn again; after eight the centre will do.
    for _ in 0..8 {
        let (north, east) = (stream.normal() * deviation_km, stream.normal() * deviation_km);
        if north * north + east * east <= district.reach_km * district.reach_km {
            (north_km, east_km) = (north, east);
            break;
        }
    }
    let lat = district.lat + north_km / districts::KM_PER_LAT_DEGREE;
    let lon = district.lon + east_km / districts::km_per_lon_degree(district.lat);
    let [south, north, west, east] = KOREA_E5;
    let e5 = |degrees: f64| (degrees * 100_000.0).round() as i32;
    (e5(lat).clamp(south, north), e5(lon).clamp(west, east))
}

/// A landline number of a range that is never assigned: Korean exchanges begin with 2 to 9, these with 000.
fn phone(district: &District, number: u32) -> String {
    let area = districts::area_code(district.province);
    format!("0{area}-{:04}-{:04}", number / 10_000 % 10, number % 10_000)
}
