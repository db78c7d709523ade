//! Room: engine/clinic. The districts (시군구) of Korea and the many ways files name them. Codes changed over the years
//! and public lists shorten names: every spelling leads to the one code of the table. Never guesses between two.

/// The table the demo nation is generated from; its first lines say where it comes from.
const KR: &str = include_str!("../../data/kr_districts.csv");
/// The same districts in Latin letters, one row a code.
const KR_ENGLISH: &str = include_str!("../../data/kr_districts_en.csv");

/// A district.
#[derive(Clone, Debug, PartialEq)]
pub struct District {
    /// Five digits, of 2022.
    pub code: u32,
    /// 시도, in full, such as 서울특별시.
    pub province: String,
    /// 시군구, such as 종로구 or 수원시장안구.
    pub name: String,
    /// The province as English texts call it, such as Seoul.
    pub province_en: String,
    /// The district in the Revised Romanization, such as Jongno-gu or Suwon-si Jangan-gu.
    pub name_en: String,
    /// Population-weighted centre. Unit: degrees, WGS84.
    pub lat: f64,
    pub lon: f64,
    /// Electors aged 18 and over at the election of 2022-03-09.
    pub adults: u32,
    /// Neighbourhoods (행정동).
    pub neighbourhoods: u16,
}

/// All districts, ordered by code.
#[derive(Clone, Debug, PartialEq)]
pub struct DistrictTable {
    districts: Vec<District>,
}

/// Codes that changed after the table's year: prefix as it is now, prefix in the table. Source: 행정표준코드,
/// 강원특별자치도 2023-06-11, 전북특별자치도 2024-01-18, 군위군 to 대구 2023-07-01.
const CODE_CHANGES: [(Change, u32, u32); 3] =
    [(Change::Province, 51, 42), (Change::Province, 52, 45), (Change::District, 27_720, 47_720)];

#[derive(Clone, Copy)]
enum Change {
    Province,
    District,
}

/// The province as lists shorten it or call it now, and as the table has it.
const PROVINCES: [(&str, &str, &[&str]); 17] = [
    ("서울특별시", "서울", &[]),
    ("부산광역시", "부산", &[]),
    ("대구광역시", "대구", &[]),
    ("인천광역시", "인천", &[]),
    ("광주광역시", "광주", &[]),
    ("대전광역시", "대전", &[]),
    ("울산광역시", "울산", &[]),
    ("세종특별자치시", "세종", &["세종시"]),
    ("경기도", "경기", &[]),
    ("강원도", "강원", &["강원특별자치도"]),
    ("충청북도", "충북", &[]),
    ("충청남도", "충남", &[]),
    ("전라북도", "전북", &["전북특별자치도"]),
    ("전라남도", "전남", &[]),
    ("경상북도", "경북", &[]),
    ("경상남도", "경남", &[]),
    ("제주특별자치도", "제주", &["제주도"]),
];

impl DistrictTable {
    /// The districts of Korea.
    pub fn korea() -> Self {
        let rows = KR.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
        let mut districts: Vec<District> = rows.filter_map(District::from_row).collect();
        districts.sort_by_key(|district| district.code);
        for row in KR_ENGLISH.lines() {
            let [code, province, name] = row.split(',').collect::<Vec<_>>()[..] else { continue };
            let index = code.parse().ok().and_then(|code: u32| districts.binary_search_by_key(&code, |d| d.code).ok());
            if let Some(district) = index.and_then(|index| districts.get_mut(index)) {
                province.clone_into(&mut district.province_en);
                name.clone_into(&mut district.name_en);
            }
        }
        Self { districts }
    }

    /// All of them, ordered by code.
    pub fn districts(&self) -> &[District] {
        &self.districts
    }

    /// The district of a code of today or of the table's year.
    pub fn by_code(&self, code: u32) -> Option<&District> {
        self.exactly(code).or_else(|| {
            let former = CODE_CHANGES.iter().find_map(|(change, now, former)| match change {
                Change::Province => (code / 1_000 == *now).then_some(former * 1_000 + code % 1_000),
                Change::District => (code == *now).then_some(*former),
            });
            self.exactly(former?)
        })
    }

    /// The district of these names, in full or as the public hospital list shortens them (서울, 수원장안구, 부산동구).
    pub fn by_names(&self, province: &str, district: &str) -> Option<&District> {
        let (province, district) = (without_spaces(province), without_spaces(district));
        let (full, short, _) = PROVINCES
            .iter()
            .find(|(full, short, others)| *full == province || *short == province || others.contains(&&*province))?;
        let bare = district.strip_prefix(full).or_else(|| district.strip_prefix(short)).unwrap_or(&district);
        // 군위군 went from 경상북도 to 대구광역시 after the table's year.
        if *full == "대구광역시" && (district == "군위군" || bare == "군위군") {
            return self.exactly(47_720);
        }
        let in_province = || self.districts.iter().filter(|other| other.province == *full);
        let shortened = |name: &str| name.replacen('시', "", 1);
        let named = |wanted: &str| {
            in_province().find(|other| other.name == wanted).or_else(|| {
                // 수원시장안구 is shortened to 수원장안구; a plain 수원시 or 중구 stays what it is.
                in_province().find(|other| {
                    other.name.contains('시') && other.name.ends_with('구') && shortened(&other.name) == wanted
                })
            })
        };
        named(&district).or_else(|| named(bare))
    }

    fn exactly(&self, code: u32) -> Option<&District> {
        let index = self.districts.binary_search_by_key(&code, |district| district.code).ok()?;
        self.districts.get(index)
    }
}

impl District {
    fn from_row(row: &str) -> Option<Self> {
        let mut cells = row.split(',');
        Some(Self {
            code: cells.next()?.parse().ok()?,
            province: cells.next()?.to_owned(),
            name: cells.next()?.to_owned(),
            province_en: String::new(),
            name_en: String::new(),
            lat: cells.next()?.parse().ok()?,
            lon: cells.next()?.parse().ok()?,
            adults: cells.next()?.parse().ok()?,
            neighbourhoods: cells.next()?.parse().ok()?,
        })
    }
}

fn without_spaces(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}
