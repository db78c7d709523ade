//! Room: engine/availability. The neighbourhood (읍·면·동) that a clinic's address names: people look for `역삼동` as they do
//! for a clinic. Called by the directory, once a clinic. There is no table of neighbourhoods: what no address names has no
//! clinic, so nothing is lost.

/// Longest name taken for one; Korea's longest have seven. Unit: characters.
const CHARS_MAX: usize = 10;

/// The neighbourhood of a Korean address: in brackets at the end of a road address (`새문안로 1 (신문로1가, 2층)`), or before the
/// road or the number in others (`홍천군 서면 한치로 1`, `종로구 사직동 1`). `None` if the address names none.
pub(super) fn neighbourhood_of(address: &str) -> Option<&str> {
    let in_brackets = address.rsplit_once('(').and_then(|(_, inner)| inner.split([',', ')']).next()).map(str::trim);
    if let Some(name) = in_brackets.filter(|name| is_neighbourhood(name, &['동', '가', '리', '읍', '면', '로'])) {
        return Some(name);
    }
    // Province and district come first; what follows the road or a number is a building.
    let words = address.split([' ', ',']).filter(|word| !word.is_empty()).skip(1).take(4);
    let before_road =
        words.take_while(|word| !word.ends_with(['로', '길']) && !word.starts_with(|c: char| c.is_ascii_digit()));
    before_road.filter(|name| is_neighbourhood(name, &['동', '읍', '면'])).last()
}

fn is_neighbourhood(name: &str, endings: &[char]) -> bool {
    let is_letter = |c: char| ('가'..='힣').contains(&c) || c.is_ascii_digit() || c == '·';
    let chars = name.chars().count();
    (2..=CHARS_MAX).contains(&chars) && name.ends_with(endings) && name.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_neighbourhood_is_found_where_addresses_have_it() {
        let check = |address: &str, expect: Option<&str>| assert_eq!(neighbourhood_of(address), expect, "{address}");
        check("서울특별시 강남구 테헤란로 1, 2층 (역삼동)", Some("역삼동"));
        check("서울특별시 강남구 테헤란로 1 (역삼동, 강남빌딩)", Some("역삼동"));
        check("서울특별시 종로구 새문안로 1 (신문로1가)", Some("신문로1가"));
        check("강원특별자치도 홍천군 서면 한치골길 12", Some("서면"));
        check("경기도 수원시 장안구 정자동 12-1", Some("정자동"));
        check("경기도 화성시 봉담읍 동화길 5, 3층", Some("봉담읍"));
        check("서울특별시 종로구 새문안로 1, A동 3호", None);
        check("서울특별시 종로구 새문안로 1 101동", None);
        check("세종특별자치시 한누리대로 2130 (보람동)", Some("보람동"));
        check("서울특별시 강남구 테헤란로 1 (강남빌딩)", None);
        check("1 Main Street (East)", None);
        check("", None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn whatever_an_address_is_the_answer_is_part_of_it(address in "[가나동로면 ()0-9,a]{0,40}") {
            if let Some(name) = neighbourhood_of(&address) {
                prop_assert!(address.contains(name));
            }
        }
    }
}
