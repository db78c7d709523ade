//! Room: engine/examples. How fast the board answers over a whole nation, with and without a writer at 100,000 changes a
//! second. Run by engineers and `cargo xtask bench`; prints one JSON line a figure. Never part of the program.
//!
//! `cargo run --release -p charye-engine --example board_bench [CLINICS [PART OF AN ID]]`
//!
//! The nation: 16,000 clinics spread over Korea's districts by their people, each giving both doses of one product on
//! thirteen days of 16 to 21 slots; both doses are reserved together, so every day asks for a second dose that fits. Half
//! of the blocks are sold out. Rounds of each question alternate between a quiet board and one with a writer.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use charye_domain::campaign::{Bilingual, Campaign, HoldTimes, UniquenessScheme, VisitTimes};
use charye_domain::clinic::{Clinic, ClinicKind, Point};
use charye_domain::ids::{BlockId, CampaignId, CampaignVersion, ClinicId, ProductId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::{DoseInterval, DoseNumber, DoseTwoPolicy, VaccineProduct};
use charye_engine::availability::{
    Area, Availability, BlockPlace, Board, BoardBuilder, Centre, Directory, DistrictPlace, Moment, Order, Plane,
    Progress, Resync, SearchRequest, Totals,
};
use charye_engine::clinic::DistrictTable;

const CAMPAIGN: CampaignId = CampaignId(0);
const PRODUCT: ProductId = ProductId(0);
/// Questions prepared, and asked in turn; many more than fit a cache of clinics just seen.
const QUESTIONS: usize = 4_096;
/// Questions timed together, so that the clock's own cost does not count.
const TOGETHER: usize = 16;
const ROUNDS: usize = 30;
const CHANGES_PER_SEC: u64 = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clinics = std::env::args().nth(1).map_or(Ok(16_000), |arg| arg.parse())?;
    let mut chance = Chance(1);
    let started = now();
    let nation = Nation::new(clinics, &mut chance)?;
    let laid_out_ms = started.elapsed().as_secs_f64() * 1e3;
    let board = nation.availability.board();
    let started = now();
    let walked = Resync::everything().step(board, usize::MAX, |slot| places_of(slot.0));
    let filled_ms = started.elapsed().as_secs_f64() * 1e3;
    assert_eq!(walked, Progress::Done);

    let out = &mut std::io::stdout().lock();
    Figure { id: "board.slots", value: board.slots() as f64, unit: "slots", ..Figure::default() }.write(out)?;
    Figure { id: "board.build", value: laid_out_ms, unit: "ms", ..Figure::default() }.write(out)?;
    Figure { id: "board.fill", value: filled_ms, unit: "ms", ..Figure::default() }.write(out)?;
    let bytes = board.memory_bytes() as f64 / board.slots() as f64;
    Figure { id: "board.memory", value: bytes, unit: "bytes/slot", goal: Some(2.5), ..Figure::default() }.write(out)?;
    let directory = nation.availability.directory().index_bytes() as f64 / f64::from(1 << 20);
    Figure { id: "directory.index", value: directory, unit: "MiB", ..Figure::default() }.write(out)?;

    let only = std::env::args().nth(2).unwrap_or_default();
    for question in questions(&nation, &mut chance).into_iter().filter(|question| question.id.contains(&only)) {
        question.measure(&nation, out)?;
    }
    Ok(())
}

/// What is asked, thousands of times with other districts, places and days.
struct Question<'a> {
    id: &'static str,
    /// Unit: microseconds, of the median.
    goal: Option<f64>,
    ask: Box<dyn Fn(usize) -> usize + 'a>,
}

fn questions<'a>(nation: &'a Nation, chance: &mut Chance) -> Vec<Question<'a>> {
    // Every district as often; and as often as it has people, so mostly the big ones.
    let table = DistrictTable::korea();
    let mut any_district = |_| table.districts()[chance.below(table.districts().len() as u32) as usize].code;
    let districts: Vec<u32> = (0..QUESTIONS).map(&mut any_district).collect();
    let peoples_districts: Vec<u32> = (0..QUESTIONS).map(|_| nation.clinic(chance).1.district).collect();
    let weeks: Vec<u8> = (0..QUESTIONS).map(|_| (chance.below(30)) as u8).collect();
    let points: Vec<Point> = (0..QUESTIONS).map(|_| nation.somewhere(chance)).collect();
    let in_district = |n: usize| SearchRequest {
        area: Area::District(districts[n]),
        days: Some(DayIndex(weeks[n])..=DayIndex(weeks[n] + 6)),
        ..SearchRequest::new(CAMPAIGN)
    };
    let by_people = |n: usize| SearchRequest { area: Area::District(peoples_districts[n]), ..in_district(n) };
    let nearest = |n: usize| SearchRequest {
        area: Area::Around { centre: Centre::Point(points[n]), radius_m: None },
        order: Order::Distance,
        ..SearchRequest::new(CAMPAIGN)
    };
    let in_detail = |request| SearchRequest { next_times: 3, totals: Totals::ClinicsAndPlaces, ..request };
    let earliest = |n: usize| SearchRequest {
        area: Area::Around { centre: Centre::Point(points[n]), radius_m: Some(3_000) },
        order: Order::Earliest,
        ..SearchRequest::new(CAMPAIGN)
    };
    let afternoons = |n: usize| SearchRequest { times: Some(MinuteOfDay(840)..MinuteOfDay(1_080)), ..in_district(n) };
    let named = |n: usize| SearchRequest {
        name: Some(["서울", "튼튼", "ㅅㅅ", "한마음내과"][n % 4].to_owned()),
        ..SearchRequest::new(CAMPAIGN)
    };
    let clinic_days: Vec<(ClinicId, DayIndex)> = (0..QUESTIONS)
        .map(|_| {
            let clinic = nation.clinic(chance).0;
            (clinic, DayIndex(nation.first_days(clinic)[chance.below(13) as usize]))
        })
        .collect();
    let taken: Vec<SlotId> = (0..QUESTIONS).map(|_| nation.slot_of_a_first_dose(chance)).collect();
    let one_day = move |n: usize| {
        let (clinic, day) = clinic_days[n];
        let told = nation.availability.clinic_day(CAMPAIGN, clinic, PRODUCT, DoseNumber::First, day, Moment::BEFORE);
        told.map_or(0, |day| day.times.len())
    };
    let instead = move |n: usize| {
        let told = nation.availability.alternatives(taken[n], None, Moment::BEFORE);
        told.map_or(0, |other| other.same_clinic.len() + other.nearby.len())
    };
    vec![
        searching(nation, "board.district_by_dates", Some(1.0), in_district),
        searching(nation, "board.district_by_dates_by_people", None, by_people),
        searching(nation, "board.district_by_dates_in_detail", None, |n| in_detail(in_district(n))),
        searching(nation, "board.district_by_dates_and_hours", None, afternoons),
        searching(nation, "board.nearest_20", Some(8.0), nearest),
        searching(nation, "board.nearest_20_in_detail", None, |n| in_detail(nearest(n))),
        searching(nation, "board.earliest_within_3_km", None, earliest),
        searching(nation, "board.by_name", None, named),
        searching(nation, "board.earliest_everywhere", None, |_| SearchRequest {
            order: Order::Earliest,
            ..SearchRequest::new(CAMPAIGN)
        }),
        Question { id: "board.one_clinics_day", goal: Some(1.0), ask: Box::new(one_day) },
        Question { id: "board.alternatives", goal: None, ask: Box::new(instead) },
    ]
}

/// A search; its requests are made before it is timed.
fn searching<'a>(
    nation: &'a Nation,
    id: &'static str,
    goal: Option<f64>,
    request: impl Fn(usize) -> SearchRequest,
) -> Question<'a> {
    let requests: Vec<_> = (0..QUESTIONS).map(request).collect();
    let ask = move |n: usize| {
        let page = nation.availability.search(&requests[n], Moment::BEFORE);
        page.map_or(0, |page| page.clinics.len())
    };
    Question { id, goal, ask: Box::new(ask) }
}

impl Question<'_> {
    fn measure(&self, nation: &Nation, out: &mut impl Write) -> std::io::Result<()> {
        let (mut quiet, mut busy, mut changes_per_sec) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            self.round(&mut quiet);
            changes_per_sec.push(beside_a_writer(nation, || self.round(&mut busy)));
        }
        let found: usize = (0..QUESTIONS).map(|n| (self.ask)(n)).sum();
        let (alone, beside) = (median(&mut quiet), median(&mut busy));
        let found = found as f64 / QUESTIONS as f64;
        Figure { id: self.id, value: alone, unit: "us", goal: self.goal, ..Figure::default() }.write(out)?;
        let slower = Figure { value: beside, baseline: Some(alone), unit: "us", ..Figure::default() };
        let goal = self.goal.map(|_| 1.15);
        Figure { id: &format!("{}_beside_writer", self.id), goal, ..slower }.write(out)?;
        Figure { id: &format!("{}_found", self.id), value: found, unit: "each", ..Figure::default() }.write(out)?;
        let changes = median(&mut changes_per_sec);
        Figure { id: &format!("{}_changes", self.id), value: changes, unit: "1/s", ..Figure::default() }.write(out)
    }

    /// Asks every question once, or oftener if that is over in no time; notes microseconds a question.
    fn round(&self, into: &mut Vec<f64>) {
        let began = now();
        self.ask_all(into);
        while began.elapsed() < Duration::from_millis(30) {
            self.ask_all(into);
        }
    }

    fn ask_all(&self, into: &mut Vec<f64>) {
        for first in (0..QUESTIONS).step_by(TOGETHER) {
            let started = now();
            let found: usize = (first..first + TOGETHER).map(|n| (self.ask)(n)).sum();
            let took = started.elapsed();
            std::hint::black_box(found);
            into.push(took.as_secs_f64() * 1e6 / TOGETHER as f64);
        }
    }
}

/// Does something while another thread changes slots all over the board; returns its changes a second.
fn beside_a_writer(nation: &Nation, work: impl FnOnce()) -> f64 {
    let (stop, changes) = (AtomicBool::new(false), AtomicU64::new(0));
    let board: &Board = nation.availability.board();
    let started = now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut chance, mut made) = (Chance(99), 0_u64);
            while !stop.load(Ordering::Relaxed) {
                // What is due since the last look, half a millisecond ago: about as many as a batch of the sequencer.
                while made * 1_000_000 / CHANGES_PER_SEC < started.elapsed().as_micros() as u64 {
                    let slot = SlotId::new(BlockId(chance.below(nation.blocks)), chance.below(16) as u8);
                    board.set(slot, places_of(chance.next() as u32));
                    made += 1;
                }
                changes.store(made, Ordering::Relaxed);
                std::thread::park_timeout(Duration::from_micros(500));
            }
        });
        work();
        stop.store(true, Ordering::Relaxed);
    });
    changes.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

struct Nation {
    availability: Availability,
    clinics: Vec<Clinic>,
    blocks: u32,
}

impl Nation {
    fn new(count: u32, chance: &mut Chance) -> Result<Self, Box<dyn std::error::Error>> {
        let table = DistrictTable::korea();
        let adults: u64 = table.districts().iter().map(|district| u64::from(district.adults)).sum();
        let mut clinics = Vec::with_capacity(count as usize);
        for district in table.districts() {
            let share = (u64::from(count) * u64::from(district.adults)).div_ceil(adults);
            // As far from the centre as a third of the way to the next district's.
            let neighbour = table.districts().iter().filter(|other| other.code != district.code);
            let square = |lat: f64, lon: f64| lat * lat + lon * lon * 0.63;
            let apart = neighbour.map(|other| square(other.lat - district.lat, other.lon - district.lon));
            let spread = apart.fold(f64::INFINITY, f64::min).sqrt() / 3.0;
            for _ in 0..share {
                let point = Point {
                    lat_e6: ((district.lat + spread * chance.bell()) * 1e6) as i32,
                    lon_e6: ((district.lon + spread * chance.bell() * 1.26) * 1e6) as i32,
                };
                clinics.push(clinic(clinics.len(), district.code, point, chance));
            }
        }
        while clinics.len() > count as usize {
            clinics.swap_remove(chance.below(clinics.len() as u32) as usize);
        }
        let places = table.districts().iter().map(|district| DistrictPlace {
            code: district.code,
            province: both(&district.province),
            name: both(&district.name),
            centre: Point { lat_e6: (district.lat * 1e6) as i32, lon_e6: (district.lon * 1e6) as i32 },
        });
        let directory = Directory::new(clinics.clone(), &places.collect::<Vec<_>>());
        let mut builder = BoardBuilder::default();
        let mut block = 0;
        for clinic in (0..clinics.len() as u32).map(ClinicId) {
            for (dose, after) in [(DoseNumber::First, 0), (DoseNumber::Second, 36)] {
                for day in first_days(clinic) {
                    let plane = Plane { campaign: CAMPAIGN, product: PRODUCT, dose };
                    let place = BlockPlace { plane, clinic, day: DayIndex(day + after) };
                    // 16 to 21 slots, every 20 or 25 minutes from 9 or half past.
                    let (slots, step, start) = (16 + block % 6, 20 + clinic.0 % 2 * 5, 540 + clinic.0 % 3 / 2 * 30);
                    let starts: Vec<_> = (0..slots).map(|n| MinuteOfDay((start + n * step) as u16)).collect();
                    builder.add(BlockId(block), place, &starts)?;
                    block += 1;
                }
            }
        }
        let board = builder.finish(&directory)?;
        let availability = Availability::new(&[Arc::new(campaign())], Arc::new(directory), Arc::new(board));
        Ok(Self { availability, clinics, blocks: block })
    }

    fn clinic(&self, chance: &mut Chance) -> (ClinicId, &Clinic) {
        let position = chance.below(self.clinics.len() as u32);
        (ClinicId(position), &self.clinics[position as usize])
    }

    /// Where somebody may live: some streets from a clinic.
    fn somewhere(&self, chance: &mut Chance) -> Point {
        let point = self.clinic(chance).1.point.unwrap_or(Point { lat_e6: 37_566_000, lon_e6: 126_978_000 });
        let off = |chance: &mut Chance| (chance.bell() * 8_000.0) as i32;
        Point { lat_e6: point.lat_e6 + off(chance), lon_e6: point.lon_e6 + off(chance) }
    }

    fn first_days(&self, clinic: ClinicId) -> [u8; 13] {
        first_days(clinic)
    }

    fn slot_of_a_first_dose(&self, chance: &mut Chance) -> SlotId {
        let clinic = chance.below(self.clinics.len() as u32);
        SlotId::new(BlockId(clinic * 26 + chance.below(13)), chance.below(16) as u8)
    }
}

/// The thirteen days of 39 on which a clinic gives first doses; second doses follow 36 days later.
fn first_days(clinic: ClinicId) -> [u8; 13] {
    std::array::from_fn(|n| (n as u32 * 3 + clinic.0 % 3) as u8)
}

/// Places left in a slot: none in every other block, else none to six.
fn places_of(seed: u32) -> u16 {
    let mut chance = Chance(u64::from(seed / 64) ^ 0x5555);
    let sold_out = chance.next().is_multiple_of(2);
    if sold_out { 0 } else { Chance(seed.into()).below(7) as u16 }
}

fn clinic(number: usize, district: u32, point: Point, chance: &mut Chance) -> Clinic {
    let first = ["서울", "튼튼", "한마음", "새봄", "가나", "미소", "삼성", "연세"][chance.below(8) as usize];
    let kind = ["내과", "소아청소년과", "이비인후과", "가정의학과"][chance.below(4) as usize];
    Clinic {
        code: format!("C{number:06}"),
        kind: ClinicKind::Contracted,
        name: both(&format!("{first}{kind}의원")),
        district,
        address: String::new(),
        phone: String::new(),
        point: Some(point),
    }
}

fn both(text: &str) -> Bilingual {
    Bilingual { ko: text.to_owned(), en: text.to_owned() }
}

fn campaign() -> Campaign {
    let first_day = jiff::civil::date(2021, 8, 26);
    Campaign {
        id: CAMPAIGN,
        version: CampaignVersion(1),
        code: "bench".to_owned(),
        name: both("bench"),
        time_zone: jiff::tz::TimeZone::fixed(jiff::tz::offset(9)),
        uniqueness: UniquenessScheme::Rehearsal,
        least_assurance: charye_domain::identity::Assurance::Rehearsed,
        first_day,
        last_day: DayIndex(80).date(first_day),
        products: vec![VaccineProduct {
            id: PRODUCT,
            code: "pfizer".to_owned(),
            name: both("Pfizer"),
            cvx: Some(208),
            doses: 2,
            interval: Some(DoseInterval { allowed_days: 35..=42, standard_days: 42 }),
        }],
        cohorts: Vec::new(),
        openings: Vec::new(),
        dose_two: DoseTwoPolicy::Together,
        closed_days: BTreeSet::new(),
        hold: HoldTimes { ttl_secs: 300, extension_secs: 120, extensions_max: 2 },
        visit: VisitTimes { max_secs: 1_800, pass_secs: 600 },
        line: None,
        expected_people: 1,
        change_notice_secs: 0,
        look: None,
    }
}

/// One line of what this program prints.
#[derive(Default)]
struct Figure<'a> {
    id: &'a str,
    value: f64,
    unit: &'a str,
    baseline: Option<f64>,
    /// Of the ratio where there is a baseline, of the value where there is none: at most this.
    goal: Option<f64>,
}

impl Figure<'_> {
    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let Self { id, value, unit, baseline, goal } = self;
        let number = |number: Option<f64>| number.map_or("null".to_owned(), |number| format!("{number:.3}"));
        let ratio = baseline.map(|baseline| value / baseline);
        let met = goal.map_or("null".to_owned(), |goal| (ratio.unwrap_or(*value) <= goal).to_string());
        let goal = goal.map_or("null".to_owned(), |goal| format!("\"<= {goal}\""));
        let (baseline, ratio) = (number(*baseline), number(ratio));
        writeln!(
            out,
            r#"{{"id":"{id}","value":{value:.3},"unit":"{unit}","baseline":{baseline},"ratio":{ratio},"goal":{goal},"met":{met}}}"#
        )
    }
}

fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Chance that is the same every time.
///
/// Source: `SplitMix64` (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// Roughly normal, with a deviation of one.
    fn bell(&mut self) -> f64 {
        let sum: u64 = (0..12).map(|_| self.next() >> 32).sum();
        sum as f64 / f64::from(u32::MAX) - 6.0
    }
}

#[expect(clippy::disallowed_methods, reason = "this measures real time; nothing decides by it")]
fn now() -> Instant {
    Instant::now()
}
