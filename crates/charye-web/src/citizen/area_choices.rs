//! Room: web/citizen. The provinces and districts as choices of a list, written once a directory: a page of clinics offers
//! sixty. Called by `find`. Never says which of them have places.

use std::fmt;
use std::sync::Arc;

use askama::filters::{Escaper, Html, HtmlSafe};
use charye_domain::campaign::Bilingual;
use charye_engine::availability::Directory;

use crate::locale::Language;
use crate::made_of::MadeOf;

/// The choices of every directory that is shown.
pub(super) type AreaChoicesOf = MadeOf<Directory, AreaChoices>;

/// The choices of one directory, each list by language.
pub(super) struct AreaChoices {
    provinces: [Choices; 2],
    /// By code of the province, in order.
    districts: Vec<(u32, [Choices; 2])>,
}

/// A list of choices in HTML, none of them chosen.
#[derive(Default)]
struct Choices {
    html: String,
    /// Of each, in order of codes: its code, and where it says that it is chosen, if it is.
    ends: Vec<(u32, usize)>,
}

/// Such a list with one of them chosen, or none.
#[derive(Default)]
pub(super) struct ChoicesWith<'a> {
    html: &'a str,
    chosen_at: Option<usize>,
}

impl AreaChoices {
    pub(super) fn of(directory: &Arc<Directory>) -> Self {
        let provinces = directory.provinces();
        let districts = |code, province| {
            let list = directory.districts_of(province);
            (code, Language::ALL.map(|language| Choices::of(language, list.iter().map(|d| (d.code, &d.name)))))
        };
        Self {
            provinces: Language::ALL.map(|language| Choices::of(language, provinces.iter().map(|p| (p.code, &p.name)))),
            districts: provinces.iter().map(|province| districts(province.code, province)).collect(),
        }
    }

    /// The provinces, with the one whose code is `chosen`.
    pub(super) fn provinces(&self, language: Language, chosen: &str) -> ChoicesWith<'_> {
        self.provinces[language as usize].with(chosen)
    }

    /// The districts of a province, with the one whose code is `chosen`; none of a province that there is not.
    pub(super) fn districts(&self, language: Language, province: u32, chosen: &str) -> ChoicesWith<'_> {
        let position = self.districts.binary_search_by_key(&province, |(code, _)| *code);
        let found = position.ok().and_then(|position| self.districts.get(position));
        found.map_or_else(ChoicesWith::default, |(_, by_language)| by_language[language as usize].with(chosen))
    }
}

impl Choices {
    fn of<'a>(language: Language, areas: impl Iterator<Item = (u32, &'a Bilingual)>) -> Self {
        let mut list = Self::default();
        for (code, name) in areas {
            list.html += &format!("<option value=\"{code}\"");
            list.ends.push((code, list.html.len()));
            list.html.push('>');
            // Writing to memory does not fail.
            let _ = Html.write_escaped_str(&mut list.html, language.of(name));
            list.html += "</option>";
        }
        list
    }

    fn with(&self, chosen: &str) -> ChoicesWith<'_> {
        // What is typed otherwise, such as with a zero before it, is no choice of the list.
        let code = chosen.parse().ok().filter(|code: &u32| code.to_string() == chosen);
        let position = code.and_then(|code| self.ends.binary_search_by_key(&code, |(code, _)| *code).ok());
        ChoicesWith { html: &self.html, chosen_at: position.map(|position| self.ends[position].1) }
    }
}

impl ChoicesWith<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.html.is_empty()
    }
}

impl fmt::Display for ChoicesWith<'_> {
    fn fmt(&self, html: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, behind) = self.html.split_at(self.chosen_at.unwrap_or_default());
        html.write_str(before)?;
        if self.chosen_at.is_some() {
            html.write_str(" selected")?;
        }
        html.write_str(behind)
    }
}

impl HtmlSafe for ChoicesWith<'_> {}

#[cfg(any(test, feature = "samples"))]
impl AreaChoices {
    /// Two provinces, one of them with a district.
    pub(super) fn sample() -> Self {
        let choices = |areas: &[(u32, &str)]| {
            let names = areas.iter().map(|(code, name)| (*code, Bilingual { ko: (*name).into(), en: (*name).into() }));
            let names: Vec<_> = names.collect();
            Language::ALL.map(|language| Choices::of(language, names.iter().map(|(code, name)| (*code, name))))
        };
        Self {
            provinces: choices(&[(11, "서울"), (26, "부산")]),
            districts: vec![(11, choices(&[(11_110, "종로구")]))],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_asked_for_is_chosen_and_no_other() {
        let choices = AreaChoices::sample();
        let check = |chosen, expect: &str| {
            assert_eq!(choices.provinces(Language::Korean, chosen).to_string(), expect, "{chosen}");
        };
        let [first, second] = ["<option value=\"11\">서울</option>", "<option value=\"26\">부산</option>"];
        check("", &[first, second].concat());
        check("11", &["<option value=\"11\" selected>서울</option>", second].concat());
        check("26", &[first, "<option value=\"26\" selected>부산</option>"].concat());
        for other in ["011", "+11", "27", "11110", "서울", "99999999999"] {
            check(other, &[first, second].concat());
        }
    }

    #[test]
    fn districts_are_those_of_the_province_and_of_no_other() {
        let choices = AreaChoices::sample();
        let shown = |province| choices.districts(Language::English, province, "11110").to_string();
        assert_eq!(shown(11), "<option value=\"11110\" selected>종로구</option>");
        assert!(choices.districts(Language::English, 26, "").is_empty());
        assert_eq!(shown(26), "");
    }

    #[test]
    fn a_name_that_looks_like_html_is_text() {
        let name = Bilingual { ko: "<b>&".to_owned(), en: "\"'".to_owned() };
        let shown = |language| Choices::of(language, [(5, &name)].into_iter()).html;
        assert_eq!(shown(Language::Korean), "<option value=\"5\">&#60;b&#62;&#38;</option>");
        assert_eq!(shown(Language::English), "<option value=\"5\">&#34;&#39;</option>");
    }
}
