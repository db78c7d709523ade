//! Room: web/citizen. What the pages' samples are filled with: believable names for the gallery, hostile ones for the tests
//! that look for anything unescaped. Called by every page's `samples`, and by the gallery. Never part of a release.

use crate::locale::Language;

/// Whose names the samples carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// As a citizen meets them.
    Usual,
    /// As somebody who wants to break a page would choose them.
    #[cfg(test)]
    Hostile,
}

impl Names {
    /// One of two texts.
    #[cfg_attr(not(test), expect(unused_variables, reason = "hostile names are for tests"))]
    pub(super) fn or(self, usual: &str, hostile: &str) -> String {
        let chosen = match self {
            Self::Usual => usual,
            #[cfg(test)]
            Self::Hostile => hostile,
        };
        chosen.to_owned()
    }

    /// A clinic's name.
    pub(super) fn clinic(self, language: Language) -> String {
        match language {
            Language::Korean => self.or("종로내과의원", "종로 <script>alert(1)</script> 내과의원"),
            Language::English => self.or("Jongno Clinic", "Jongno <script>alert(1)</script> Clinic"),
        }
    }

    /// An address, as clinics give it: in Korean.
    pub(super) fn address(self) -> String {
        self.or("서울특별시 종로구 새문안로 1, 2층 (신문로1가)", "서울특별시 종로구 \"새문안로\" 1 & <2층>")
    }

    /// A campaign's name.
    pub(super) fn campaign(self, language: Language) -> String {
        match language {
            Language::Korean => self.or("18~49세 예방접종", "18~49세 <script>"),
            Language::English => self.or("Vaccination for ages 18 to 49", "18–49 <script>"),
        }
    }

    /// An opening's name.
    pub(super) fn opening(self, language: Language) -> String {
        match language {
            Language::Korean => self.or("생일 끝자리 9", "생일 끝자리 <9>"),
            Language::English => self.or("birthdays ending in 9", "birthdays ending in <9>"),
        }
    }
}

/// One sample of one page in one language.
#[cfg(feature = "samples")]
#[derive(Clone, Debug)]
pub struct SamplePage {
    /// Which page, in which state: `hold-warning`.
    pub name: &'static str,
    /// The language's tag.
    pub language: &'static str,
    pub html: String,
}

/// A file that pages load.
#[cfg(feature = "samples")]
#[derive(Clone, Copy, Debug)]
pub struct SampleAsset {
    /// As pages name it: `/assets/..`.
    pub path: &'static str,
    pub content: &'static str,
}

/// Every page in every state and language, with usual names.
#[cfg(feature = "samples")]
pub fn sample_pages() -> Vec<SamplePage> {
    let of = |language: Language| {
        let page = move |(name, html)| SamplePage { name, language: language.tag(), html };
        super::samples(language, Names::Usual).into_iter().map(page)
    };
    Language::ALL.into_iter().flat_map(of).collect()
}

/// What those pages load.
#[cfg(feature = "samples")]
pub fn sample_assets() -> Vec<SampleAsset> {
    let all = super::assets::all().into_iter().chain(super::look::sample::files());
    all.map(|(path, content)| SampleAsset { path, content }).collect()
}
