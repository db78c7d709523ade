//! Room: web/citizen. The provinces as a map: outlines drawn once, at build time of the table below, for the page on which
//! a province is chosen. A way in for those who see it; the list beside it says the same. Never decides what exists: only
//! provinces of the directory are linked.
//!
//! Outlines: © 국토지리정보원 (National Geographic Information Institute), simplified to about 1.5 km; see
//! docs/data-sources.md.

use charye_engine::availability::Directory;

use super::form::link;
use crate::locale::Language;

/// Width and height of the drawing, in its own units: hundredths of a degree of latitude.
const SIZE: (u16, u16) = (522, 560);

/// The map, ready to be drawn.
pub(super) struct ProvinceMap {
    pub(super) view_box: String,
    pub(super) provinces: Vec<ProvinceShape>,
}

/// One province's outline, name and link.
pub(super) struct ProvinceShape {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) outline: &'static str,
    pub(super) x: u16,
    pub(super) y: u16,
}

impl ProvinceMap {
    /// The map with links that keep `pairs` of the search. Provinces without clinics are not on it.
    pub(super) fn of(language: Language, directory: &Directory, pairs: &[(&str, &str)]) -> Self {
        let known = |province: &&Outline| directory.province(province.code).is_some();
        Self::drawn(language, OUTLINES.iter().filter(known), pairs)
    }

    fn drawn<'a>(language: Language, outlines: impl Iterator<Item = &'a Outline>, pairs: &[(&str, &str)]) -> Self {
        let shape = |province: &Outline| {
            let code = province.code.to_string();
            let mut all = vec![("province", code.as_str())];
            all.extend(pairs);
            ProvinceShape {
                href: link("/find", &all),
                name: language.text(province.name).into_owned(),
                outline: province.path,
                x: province.x,
                y: province.y,
            }
        };
        Self { view_box: format!("0 0 {} {}", SIZE.0, SIZE.1), provinces: outlines.map(shape).collect() }
    }

    #[cfg(any(test, feature = "samples"))]
    pub(super) fn sample(language: Language) -> Self {
        Self::drawn(language, OUTLINES.iter(), &[("product", "pfizer")])
    }
}

struct Outline {
    /// As in the directory: codes of 2022.
    code: u32,
    /// Key of its short name.
    name: &'static str,
    /// Where the name stands.
    x: u16,
    y: u16,
    /// An SVG path.
    path: &'static str,
}

/// Cities last, so that they lie on top of the provinces around them.
const OUTLINES: &[Outline] = &[
    Outline {
        code: 41,
        name: "province-41",
        x: 230,
        y: 160,
        path: "M188 76l3-9 2 1-1-4 6-1 3-10 3 1-1-3 11 0 5 10 6-4-1 6 4 3 9-3 2 11 11 5 1 8-7 5 2 7-3 4 4-1-2 9 6-1 8 6 11 4-7 5 4 7-4 6-1 15-4 8-5-2-2 9-4 3-7-1-8 10-6 2-1 4-13-9-3 4-15 4-1-3-5-2 0-4-6-4 0-2-7-7 2-3-4-1 2-3-2 0 4-1-3-4 2-2 6 1 1 2 1-2-1 4 3-7 4 2 2 0 0-2-3 1-12-6-5 1 5-2 4-6 4 1-4-1 3-5-3-4 2-6 4 1 0 6 4-1 3 6 8-4 4 4 8-5-1-4 4-3-1-3-6 2-1-13-6-2-3 8-6-2-2 7-8-4 2 3-4 1-8-6-2 4-6 0-3-19 6 3 6-2-1-6 3-3-2-8zM166 154l-2-8 3-1 0 3 4 3-3 0 3 3z",
    },
    Outline {
        code: 42,
        name: "province-42",
        x: 307,
        y: 107,
        path: "M286 156l-5-7-5 3 1 5-3 3-11-1 0-21 4-6-4-7 7-5-11-4-8-6-6 1 2-8-4 0 3-4-2-7 7-5 0-6-5-3-1-3-6-1-2-11-9 3-4-4 1-5-6 4-4-10-4 0-1-5 11-4 5 2 9-2 7 3 6-4 8 2 9-3 3 5 9-1 4 4 8-2 3-4 6 1 0-4 6-2 0-5 5 0-2-3 3-2 0-9 2-2 4 3 3 13 12 22-2 2 3 1 0 4 19 28 17 19-1 4 5 5 3 8-2 1 2-1 9 12 1 6 7 9-2 4 3 4-8 3-4 5 1 3-11-6-3 4-11-3-2 5-10-5-2 6-20-10-6 3-4-6-7 3-2-3 5-4-1-2-4 1-5-4-3 4-3-2z",
    },
    Outline {
        code: 43,
        name: "province-43",
        x: 263,
        y: 193,
        path: "M235 222l-3-4-6-2-2-5 5-11 7-1-9-10-1-7 6-2 8-10 7 1 4-3 2-3-1-6 5 2 5-8 3 8 9-1 3-3-1-5 4-3 4 1 2 6 13-6 5 4 5-1-5 6 2 3 7-3 4 6 6-3 12 7-17 13-1 5 2 3-3 4-8-1-6-6-2 7-8-3-2 4-3-2-2 7 3 4-9-3-2 5-5 1 5 1-1 7-3-6-2 5-5 0 9 10-3 2-1 10 3 3-5 5 1 4 5-3 4 5 6-2 2 7-6 0 1 4-3 9-6 5-10 1-6-5-2 2-6-9 1-9-9-3 1-9 5-6-5-1-1-7-7 2z",
    },
    Outline {
        code: 44,
        name: "province-44",
        x: 175,
        y: 224,
        path: "M133 190l4 7-2-11 6-2-2 3 2 3 4-5 0-8 0 6 3 3-4 9 4-2 0-4 2 3 0-5 6-2-2-1 1-3-7-2 4-2-5-2 11 0 3-6 11 6 12 2 3 8 4 2 10-6 8 0 2-3 7 2 18 19-7 1-4 6-10-4-3 2 3 2-1 8 5 3-4 7 3 7 6 3-2 12 3 2 3 9 4-9 5 7 8-5 4 2 0 10 4 10-2 3-6-4 0 5-6 1-2-5-5 1-3-11-17 7-5-3-2-6-7-1-5 2-2 8-11 6-5-1-4-7 2-1-6-5-6 0 3-3 5 0-2-2 2-3-4 2 0-7-4-6 8-2-9-4 4-5-3 1-1-8 6 0 0-1-6 0-2-7-7-4-6 5 0-8-3-4 2-3-10 5 1-4 4 0-5-4-3 5-1-6 3-2zM149 228l-1-14 3 0 5 21-8-4z",
    },
    Outline {
        code: 45,
        name: "province-45",
        x: 214,
        y: 308,
        path: "M158 311l9-5 5-6 0-5 11 0 1 4 2-4-10-6 9-1 3-4-4 3-13-1 0-5-6-3 16-2 0-4 10-3 2-8 12-1 2 6 5 3 6-4 4 2 0-3 7-2 3 10-1 2 6-2 4 5 4-1 0-5 6 4 2-3-1-4 11 6 8-3 4 9-5 8-8 3-7 7-3 12 1 3-4 7 3 1 1 8 3 1-7 14-9-6-7 7-16-4-7 4-5-2 2-5-3-3 2-3-2-4-7 8-10-10-6 4 1 3-5 7-13 4-4-8 1-2-5-3 4-8 8-2 1 3 3-7 4 6-2-7-12 1z",
    },
    Outline {
        code: 46,
        name: "province-46",
        x: 198,
        y: 391,
        path: "M163 439l-4 0 4-5-5-4 2 0-2-9-3-2-3 3 0-3-6-1-4-9 3-10-1-6 5 1 5-3-3-16 0 8-5-1-1-4 4 0 1-2-2 0 4-5-2 0-3-5-1 4-4-1-1 5-1-4-6-4 2-2 6 2 0-5 5 1 2-3-1 7 2-1 1 4 2-3 0 5 3 1 3-7-9-7 1-4-6 0 1-4 3 0-2 0 1-3 4 0 1-9 4 2-3-4 1-4 5 0 3 12 5 1 0-3 5 1 6-5 3-5-1-3 6-4 10 10 8-8 1 4-2 3 3 3-2 5 5 2 7-4 16 4 4-6 5 0 6 5 4 12 13 17-2 5-3-1-4 7-4 0-2-5-2 6 5 7 4-1 1-2 6 0-1 12-4 2-4-4-1 5-3 0 3 8-8-3 1-4 2 1-3-3 4-3-3-6-3 0 0-8-3 1 0 4-4-1-3 2-4-1 6 3-4 7 4 7 5 2-2 0 4 6-2 2-2-3-5 1 2 3-2 0 3 1 0 4-5 1 1 2-4-1-2 3 2 1-6-3 2-2-3-2-11-3 7-10-1 7 3 0 2-13 2-1 1 6 5-5-2-4-5 2-2-4-4 8-5-2-7 8-7 0 4 2-2 4 2 0-4 4 2 6-3-1 0 3-6-1 1 4-8-5 0-17-3 7 2 4-2 4 1 2-11 7-1 9-7 2zM138 425l2-3 3 0-3-6 9 4 3 7-2 0-4 8-1-1-2 3-11 2 1-2-3 0-1-6 7-7zM173 442l0-6 5-1 2 4 4 7-7 0zM263 406l-2-4 4 1-2 2 2 3 2 1-1 7-7-3zM123 388l-4-1 3-3 4 0 0-3 3 3 0 3-4 4zM133 402l-6 2-1-6 8 1 1 6zM130 365l-1 5-5-2 1-3 3-1 2-3 4-1-3 2z",
    },
    Outline {
        code: 47,
        name: "province-47",
        x: 342,
        y: 234,
        path: "M346 318l-11-3-4 2-5-4-1-9 4-3 3 0 0 4 6-2-1-7 3-2 1-5 3-1-1-10-5-5-5 0-6 6-2-2-2 9-4-5-4 4-2 5 8 3-5 1-3 5 4 6-6 0 4 5-3 4-1-4-16 0 4-3 0-4-7-10-9-1-10-6 2-6-3-7 7-5 3-9-1-4 6 0-2-7-6 2-4-5-5 3 0-5 4-4-3-3 1-10 3-2-9-9 5-1 2-5 4 7 0-8-5-1 5-1 2-5 9 3-3-4 2-7 3 2 3-4 7 3 2-6 6 5 8 1 3-4-2-3 1-5 13-12 4-2 8 4 2-6 10 4 2-4 11 3 3-4 11 6-1-3 4-5 8-3 0 5 5 4-1 17 5 12-1 8-5 7 4 11-7 22 0 10 2 6 4 2-6 7 5 1-3 1 4 3 8-10 3 4-5 12 1 6-4 18-3 4-7-3-5 4-3-2 0-4-9-3-6 4 0 5-7 3-9-3zM508 122l10-1 0 5-4 3-5-3z",
    },
    Outline {
        code: 48,
        name: "province-48",
        x: 295,
        y: 342,
        path: "M264 378l1-5-13-17-4-11 8-15-3-1-1-8-3-1 4-7-1-3 3-12 7-7 8-3 1-4 5 2 0 3 16 4 7 10 0 4-4 3 16 0 2 4 10-3 2-4 1 6 4 3 14 2 7-2 3-4 4 0 7 2-4 5 2 3 5 0 13 12-4 6-4-2-1 6-8 3-1 5-10 2 0 6-7-1 4 5-4 3 0-3-3 1 3 0-2 3-2-3-4 0 0-5-2 3-1-3-4 1-1-6 4-2-4 0-2 3 3 5-3 1 3 0 2 5-2 1 3 0-5 2 2-2-3 0 2-2-4-3-7 1 2 3-3 1-6 2 2 3 6-6-1 3 4 3-3 3-5 0 3 1-2 11 2-4 3 2-7 6-2-1 4-2-3-4 0 3-6-1 0-3 4 0-3-5-4 6-1-4-5 0 1 5-4-2-2 2-2-1 1-2-5-1-2-3 2-13-3 6-1-2-3 1 4 3-1 3-6 0-2-5-1 8-8 1zM321 389l4-6 8 3-3-6 5-1 1-4 1 1 0-5 3 1-1 5 2 4-2 6 4-1-3 5 2 5-6-2-2 5 3 3-4-1 1 3-5 1 2-8-5-1 5-4-2-2-5 4zM270 398l-3-9 1-4 4 0 0-4 4 0-2 7 6 6 2-2 6 1-2 12-2-3-5 2 0-7-4 1-1 5-5-3z",
    },
    Outline {
        code: 50,
        name: "province-50",
        x: 166,
        y: 541,
        path: "M135 548l0-8 7-9 23-9 22-3 7 4 0 4 3 2-9 15-19 7-22 0-4 4z",
    },
    Outline {
        code: 11,
        name: "province-11",
        x: 201,
        y: 124,
        path: "M191 127l-4 1 0-7-4-1 3-5 4 3 4-2 0-6 7 1 2-6 6 1 2 8 0 6 5-3 1 3-4 3 1 3-7 6-5-4-3 3-5 1z",
    },
    Outline {
        code: 26,
        name: "province-26",
        x: 377,
        y: 360,
        path: "M363 366l0 5-2-2-1 3 0-8-2 2 0-2-3 3 0-4-1 4-4-1 0-3-3-4 6 1 0-6 9-2 2-4 8-4 1-6 4 2 2-4 6 0 3 7-4 1-3 12-3 3-5 0-2 2 2 4-5-1 0-3-4 9z",
    },
    Outline {
        code: 27,
        name: "province-27",
        x: 328,
        y: 296,
        path: "M337 296l1 7-5 2-1-4-4 0-5 10-11 3 3-3-4-6 6 0-4-6 3-5 6-1-9-3 4-8 4-1-1 4 3 1 2-9 2 2 5-5 9 0 3 14z",
    },
    Outline {
        code: 28,
        name: "province-28",
        x: 147,
        y: 130,
        path: "M169 140l4 0 3-4-4 2 1-2-1-6-2 2 1-2-2 1 0-1 1-3 3-1-2-1-2-5 6-3-6-1 5-5 11 6-4 7 3 6-2 4-2-2-1 5-3-1-3 4zM150 101l-1-5 7-4 7 8 2 13-3 2-4 1-7-2 3-5-1-4-3-1zM157 133l-7-5 9-3 3-3 6 3zM16 83l-5 0-1-6 10 2z",
    },
    Outline {
        code: 29,
        name: "province-29",
        x: 188,
        y: 363,
        path: "M203 358l-5 10-3-2-11 4-3-5-6 0-2-5 2-2-1-2 5-2 2-4 5 3 9-4 4 8z",
    },
    Outline {
        code: 30,
        name: "province-30",
        x: 235,
        y: 249,
        path: "M232 248l-3 9-7-11 2-12 5-2 3-7 2 5 5-1 2-2 1 7 5 1-5 6 0 10-5 4z",
    },
    Outline {
        code: 31,
        name: "province-31",
        x: 386,
        y: 324,
        path: "M392 321l2 4-2-1 2 4-4-2 3 6-2 5 1 2-4 3-3-6-6 0 0-5-2 1-9-10-5 0-2-3 4-2-2-4 7-2 0-6 8-2 6 2 0 4 3 2 5-4 7 3 2 6-3 8 1 2-3 2-1-5z",
    },
    Outline {
        code: 36,
        name: "province-36",
        x: 223,
        y: 220,
        path: "M235 225l-4 1-3 7-6 1-4-3-3-7 4-7-5-3 1-8-3-2 3-2 11 4-2 5 2 5 6 2z",
    },
];
