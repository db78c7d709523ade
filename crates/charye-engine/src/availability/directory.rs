//! Room: engine/availability. The directory: every clinic, sorted by district, findable by code, name and place; and the
//! tree of provinces and districts they lie in.
//!
//! Built when an import is activated and at every start, then shared and never changed. Never knows what is free.

use std::ops::Range;

use charye_domain::campaign::Bilingual;
use charye_domain::clinic::{Clinic, Point};
use charye_domain::ids::ClinicId;

use super::cells::{CellEntry, CellGrid};
use super::name_index::NameIndex;
use super::neighbourhood::neighbourhood_of;

/// A district as the table of districts knows it: what [`Directory::new`] needs of it.
#[derive(Clone, Debug, PartialEq)]
pub struct DistrictPlace {
    /// Five digits, of which the first two are the province's.
    pub code: u32,
    pub province: Bilingual,
    pub name: Bilingual,
    /// Where its people live, on average.
    pub centre: Point,
}

/// All clinics and where they are. A clinic's *rank* is its position here: by district code, then Korean name, then id.
#[derive(Debug)]
pub struct Directory {
    clinics: Box<[Clinic]>,
    ids: Box<[ClinicId]>,
    /// Where each is, apart from its texts, which a search would have to step over.
    points: Box<[Option<Point>]>,
    ranks: Box<[u32]>,
    /// Ranks, sorted by the clinics' codes.
    by_code: Box<[u32]>,
    districts: Box<[District]>,
    provinces: Box<[Province]>,
    /// Clinics by their names, and by that of their neighbourhood.
    pub(super) names: NameIndex,
    pub(super) cells: CellGrid,
}

/// A district (시군구): one of the table, or one that only clinics name.
#[derive(Clone, Debug, PartialEq)]
pub struct District {
    pub code: u32,
    /// Its code in digits, for a district that the table does not have.
    pub name: Bilingual,
    /// From the table; else the mean of its clinics' points; `None` if they have none.
    pub centre: Option<Point>,
    pub(super) ranks: Range<u32>,
}

/// A province (시도).
#[derive(Clone, Debug, PartialEq)]
pub struct Province {
    /// Two digits.
    pub code: u32,
    pub name: Bilingual,
    pub(super) ranks: Range<u32>,
    districts: Range<usize>,
}

impl District {
    /// How many clinics lie in it.
    pub fn clinics(&self) -> u32 {
        self.ranks.end - self.ranks.start
    }
}

impl Province {
    /// How many clinics lie in it.
    pub fn clinics(&self) -> u32 {
        self.ranks.end - self.ranks.start
    }
}

impl Directory {
    /// Districts of a province are `province code * 1000 + ..`.
    const DISTRICTS_PER_PROVINCE: u32 = 1_000;

    /// Builds a directory of clinics, given by their ids: the first is clinic 0.
    pub fn new(clinics: Vec<Clinic>, table: &[DistrictPlace]) -> Self {
        let mut by_rank: Vec<(ClinicId, Clinic)> = (0..).map(ClinicId).zip(clinics).collect();
        by_rank.sort_by(|(a_id, a), (b_id, b)| (a.district, &a.name.ko, a_id).cmp(&(b.district, &b.name.ko, b_id)));
        let (ids, clinics): (Vec<ClinicId>, Vec<Clinic>) = by_rank.into_iter().unzip();
        let mut ranks = vec![0_u32; ids.len()];
        for (rank, id) in (0_u32..).zip(&ids) {
            ranks[id.0 as usize] = rank;
        }
        let mut by_code: Vec<u32> = (0..clinics.len() as u32).collect();
        by_code.sort_by_key(|rank| &clinics[*rank as usize].code);

        let districts = districts(&clinics, table);
        let provinces = provinces(&districts, table);
        let both_names = (0_u32..).zip(&clinics).flat_map(|(rank, clinic)| {
            let english = (clinic.name.en != clinic.name.ko).then_some(&clinic.name.en);
            [Some(&clinic.name.ko), english].into_iter().flatten().map(move |name| (rank, name.as_str()))
        });
        let neighbourhoods =
            (0_u32..).zip(&clinics).filter_map(|(rank, clinic)| Some((rank, neighbourhood_of(&clinic.address)?)));
        let names = NameIndex::new(both_names.chain(neighbourhoods));
        let entries =
            (0_u32..).zip(&clinics).filter_map(|(rank, clinic)| Some(CellEntry { rank, point: clinic.point? }));
        let cells = CellGrid::new(entries.collect());
        Self {
            points: clinics.iter().map(|clinic| clinic.point).collect(),
            clinics: clinics.into(),
            ids: ids.into(),
            ranks: ranks.into(),
            by_code: by_code.into(),
            districts: districts.into(),
            provinces: provinces.into(),
            names,
            cells,
        }
    }

    /// How many clinics there are.
    pub fn len(&self) -> u32 {
        self.clinics.len() as u32
    }

    /// Whether there is no clinic at all.
    pub fn is_empty(&self) -> bool {
        self.clinics.is_empty()
    }

    /// The clinic with this id.
    pub fn clinic(&self, id: ClinicId) -> Option<&Clinic> {
        self.clinic_at(self.rank(id)?)
    }

    /// The clinic with this code of its authority.
    pub fn by_code(&self, code: &str) -> Option<(ClinicId, &Clinic)> {
        let code_of = |rank: &u32| self.clinics[*rank as usize].code.as_str();
        let position = self.by_code.binary_search_by(|rank| code_of(rank).cmp(code)).ok()?;
        let rank = self.by_code[position];
        Some((self.ids[rank as usize], &self.clinics[rank as usize]))
    }

    /// A clinic's position in the directory.
    pub fn rank(&self, id: ClinicId) -> Option<u32> {
        self.ranks.get(id.0 as usize).copied()
    }

    /// The provinces, by code: those of the table, and any others that clinics name.
    pub fn provinces(&self) -> &[Province] {
        &self.provinces
    }

    /// The province with this two-digit code.
    pub fn province(&self, code: u32) -> Option<&Province> {
        let position = self.provinces.binary_search_by_key(&code, |province| province.code).ok()?;
        self.provinces.get(position)
    }

    /// The districts of a province, by code.
    pub fn districts_of(&self, province: &Province) -> &[District] {
        self.districts.get(province.districts.clone()).unwrap_or(&[])
    }

    /// The district with this five-digit code.
    pub fn district(&self, code: u32) -> Option<&District> {
        let position = self.districts.binary_search_by_key(&code, |district| district.code).ok()?;
        self.districts.get(position)
    }

    /// Bytes of the tables that look-ups use, without the clinics' own texts.
    pub fn index_bytes(&self) -> usize {
        size_of_val(&*self.ids)
            + size_of_val(&*self.points)
            + size_of_val(&*self.ranks)
            + size_of_val(&*self.by_code)
            + size_of_val(&*self.districts)
            + size_of_val(&*self.provinces)
            + self.names.memory_bytes()
            + self.cells.memory_bytes()
    }

    /// The clinic at a position.
    pub fn clinic_at(&self, rank: u32) -> Option<&Clinic> {
        self.clinics.get(rank as usize)
    }

    pub(super) fn point_at(&self, rank: u32) -> Option<Point> {
        self.points.get(rank as usize).copied().flatten()
    }

    pub(super) fn id_at(&self, rank: u32) -> ClinicId {
        self.ids[rank as usize]
    }
}

/// Every district of the table or of a clinic, by code, with the stretch of ranks that it is.
fn districts(clinics: &[Clinic], table: &[DistrictPlace]) -> Vec<District> {
    let mut codes: Vec<u32> = table.iter().map(|place| place.code).collect();
    codes.extend(clinics.iter().map(|clinic| clinic.district));
    codes.sort_unstable();
    codes.dedup();
    let mut next = 0;
    let stretch_of = |code| {
        let first = next;
        next += clinics[first..].partition_point(|clinic| clinic.district <= code);
        let known = table.iter().find(|place| place.code == code);
        District {
            code,
            name: known.map_or_else(|| digits(code), |place| place.name.clone()),
            centre: known.map_or_else(|| mean_point(&clinics[first..next]), |place| Some(place.centre)),
            ranks: first as u32..next as u32,
        }
    };
    codes.into_iter().map(stretch_of).collect()
}

fn provinces(districts: &[District], table: &[DistrictPlace]) -> Vec<Province> {
    let code_of = |district: u32| district / Directory::DISTRICTS_PER_PROVINCE;
    let mut first = 0;
    let stretches = districts.chunk_by(|a, b| code_of(a.code) == code_of(b.code));
    let province_of = |stretch: &[District]| {
        let code = code_of(stretch[0].code);
        let known = table.iter().find(|place| code_of(place.code) == code);
        let range = first..first + stretch.len();
        first = range.end;
        Province {
            code,
            name: known.map_or_else(|| digits(code), |place| place.province.clone()),
            ranks: stretch[0].ranks.start..stretch[stretch.len() - 1].ranks.end,
            districts: range,
        }
    };
    stretches.map(province_of).collect()
}

fn digits(code: u32) -> Bilingual {
    Bilingual { ko: code.to_string(), en: code.to_string() }
}

fn mean_point(clinics: &[Clinic]) -> Option<Point> {
    let points = clinics.iter().filter_map(|clinic| clinic.point);
    let sum = |(lat, lon, count): (i64, i64, i64), point: Point| {
        (lat + i64::from(point.lat_e6), lon + i64::from(point.lon_e6), count + 1)
    };
    let (lat, lon, count) = points.fold((0, 0, 0), sum);
    let mean = |total: i64| total.checked_div(count).and_then(|mean| i32::try_from(mean).ok());
    Some(Point { lat_e6: mean(lat)?, lon_e6: mean(lon)? })
}
