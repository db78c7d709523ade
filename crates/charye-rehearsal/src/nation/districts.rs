//! Room: rehearsal. Korea's 250 districts, and how a number of things is spread over them.
//!
//! Called by `generate`, `clinics` and `citizens`. Reads the table bundled under `data/` (attribution there), no other.

use super::NationError;

/// The bundled table, as `data/README.md` attributes it.
const TABLE: &str = include_str!("../../data/kr_districts.csv");

/// One district (시군구).
pub(super) struct District {
    /// Five digits, such as 11110.
    pub(super) code: u32,
    pub(super) province: &'static str,
    pub(super) name: &'static str,
    /// Population-weighted centre, WGS84. Unit: degrees.
    pub(super) lat: f64,
    pub(super) lon: f64,
    /// Electors 18 and older.
    pub(super) adults: u32,
    /// How far from its centre people live. Unit: kilometres.
    pub(super) reach_km: f64,
    /// Whether most people live in one town amid farmland rather than everywhere alike.
    pub(super) sparse: bool,
}

/// Every district, in the table's order.
///
/// # Errors
/// `DistrictTable` if the bundled table was damaged by an edit.
pub(super) fn bundled() -> Result<Vec<District>, NationError> {
    let rows = TABLE.lines().enumerate().skip(1);
    let mut read = rows
        .map(|(line, text)| parse(text).ok_or(NationError::DistrictTable { line: line + 1 }))
        .collect::<Result<Vec<_>, _>>()?;
    for index in 0..read.len() {
        let neighbour_km = (0..read.len())
            .filter(|other| *other != index)
            .map(|other| distance_km(&read[index].0, &read[other].0))
            .fold(f64::INFINITY, f64::min);
        let (district, area_km2) = &mut read[index];
        // A district ends about half-way to the next; an island far from all others ends at its own shore.
        district.reach_km = (0.55 * neighbour_km).min((*area_km2 / 3.0).sqrt()).max(0.5);
    }
    Ok(read.into_iter().map(|(district, _)| district).collect())
}

/// A district whose reach is still unknown, and a guess at the area people live in, in square kilometres.
fn parse(line: &'static str) -> Option<(District, f64)> {
    let mut cells = line.split(',');
    let code = cells.next()?.parse().ok().filter(|code| (10_000..100_000).contains(code))?;
    let (province, name) = (cells.next()?, cells.next()?);
    let (lat, lon) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
    let adults: u32 = cells.next()?.parse().ok()?;
    let neighbourhoods: u32 = cells.next()?.parse().ok().filter(|count| *count > 0)?;
    let people_each = adults / neighbourhoods;
    // The fewer people a neighbourhood has, the wider it is: a ward of a big city 3 square kilometres, a township 60.
    let neighbourhood_km2 = match people_each {
        8_000.. => 3.0,
        4_000.. => 12.0,
        _ => 60.0,
    };
    let district = District { code, province, name, lat, lon, adults, reach_km: 0.0, sparse: people_each < 6_000 };
    (cells.next().is_none() && adults > 0).then_some((district, neighbourhood_km2 * f64::from(neighbourhoods)))
}

/// Kilometres north for a degree of latitude.
pub(super) const KM_PER_LAT_DEGREE: f64 = 111.0;

/// Kilometres east for a degree of longitude at a latitude. Cosine by its series, so that every machine agrees.
pub(super) fn km_per_lon_degree(lat: f64) -> f64 {
    let x = lat * 0.017_453_292_519_943_295;
    let x2 = x * x;
    111.32 * (1.0 - x2 / 2.0 * (1.0 - x2 / 12.0 * (1.0 - x2 / 30.0)))
}

fn distance_km(a: &District, b: &District) -> f64 {
    let north = (a.lat - b.lat) * KM_PER_LAT_DEGREE;
    let east = (a.lon - b.lon) * km_per_lon_degree(a.lat);
    (north * north + east * east).sqrt()
}

/// Spreads `total` over the districts: `at_least` for each, the rest by adults, largest remainder first.
///
/// If `total` does not reach for `at_least` each, every district still gets it.
pub(super) fn spread(total: u32, at_least: u32, districts: &[District]) -> Vec<u32> {
    let adults: u64 = districts.iter().map(|district| u64::from(district.adults)).sum();
    let rest = u64::from(total).saturating_sub(u64::from(at_least) * districts.len() as u64);
    let quota = |district: &District| rest * u64::from(district.adults);
    let mut shares: Vec<u32> =
        districts.iter().map(|district| at_least + quota(district).checked_div(adults).unwrap_or(0) as u32).collect();
    let given: u64 = shares.iter().map(|share| u64::from(*share - at_least)).sum();
    let mut by_remainder: Vec<usize> = (0..districts.len()).collect();
    by_remainder.sort_by_key(|index| {
        let remainder = quota(&districts[*index]).checked_rem(adults).unwrap_or(0);
        (std::cmp::Reverse(remainder), *index)
    });
    for index in by_remainder.into_iter().take(rest.saturating_sub(given) as usize) {
        shares[index] += 1;
    }
    shares
}

/// A province's name as English signs spell it.
pub(super) fn province_in_english(province: &str) -> &'static str {
    match province {
        "서울특별시" => "Seoul",
        "부산광역시" => "Busan",
        "대구광역시" => "Daegu",
        "인천광역시" => "Incheon",
        "광주광역시" => "Gwangju",
        "대전광역시" => "Daejeon",
        "울산광역시" => "Ulsan",
        "세종특별자치시" => "Sejong",
        "경기도" => "Gyeonggi",
        "강원도" => "Gangwon",
        "충청북도" => "Chungbuk",
        "충청남도" => "Chungnam",
        "전라북도" => "Jeonbuk",
        "전라남도" => "Jeonnam",
        "경상북도" => "Gyeongbuk",
        "경상남도" => "Gyeongnam",
        "제주특별자치도" => "Jeju",
        _ => "Korea",
    }
}

/// Dialling code of a province's landlines, without the leading 0.
pub(super) fn area_code(province: &str) -> u32 {
    match province {
        "서울특별시" => 2,
        "경기도" => 31,
        "인천광역시" => 32,
        "강원도" => 33,
        "충청남도" => 41,
        "대전광역시" => 42,
        "충청북도" => 43,
        "세종특별자치시" => 44,
        "부산광역시" => 51,
        "울산광역시" => 52,
        "대구광역시" => 53,
        "경상북도" => 54,
        "경상남도" => 55,
        "전라남도" => 61,
        "광주광역시" => 62,
        "전라북도" => 63,
        _ => 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_table_has_every_district_with_a_plausible_reach() {
        let districts = bundled().unwrap();
        assert_eq!(districts.len(), 250);
        for district in &districts {
            assert!((0.5..=20.0).contains(&district.reach_km), "{}: {} km", district.name, district.reach_km);
            assert_ne!(province_in_english(district.province), "Korea", "{}", district.province);
        }
        let reach = |code| districts.iter().find(|district| district.code == code).unwrap().reach_km;
        assert!(reach(11110) < 4.0, "Jongno is small");
        assert!(reach(42720) > 5.0, "Hongcheon is wide");
        assert!(reach(47940) < 8.0, "Ulleung ends at its shore");
    }

    #[test]
    fn a_spread_gives_all_and_no_less_than_asked() {
        let districts = bundled().unwrap();
        for (total, at_least) in [(15_465, 1), (280, 1), (250, 1), (28, 0), (3, 0), (0, 0)] {
            let shares = spread(total, at_least, &districts);
            assert_eq!(shares.iter().sum::<u32>(), total);
            assert!(shares.iter().all(|share| *share >= at_least));
        }
        assert_eq!(spread(10, 1, &districts), vec![1; 250], "each keeps its one");
    }

    #[test]
    fn a_degree_of_longitude_is_as_long_as_geodesy_says() {
        assert!((km_per_lon_degree(37.5) - 88.3).abs() < 0.1);
        assert!((km_per_lon_degree(33.3) - 93.0).abs() < 0.1);
    }
}
