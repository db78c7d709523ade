//! Room: rehearsal. Hangul in Latin letters, for the English names of clinics, districts and people.
//!
//! Called by `clinics` and `citizens`. Revised Romanization of Korean (Notice 2000-8 of the Ministry of Culture and
//! Tourism) with its common sound changes between syllables. Never asked to be reversible.

/// `text` in Latin letters, first letter large; what is not a Hangul syllable passes unchanged.
pub(super) fn romanise(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    let mut coda = 0;
    for letter in text.chars() {
        let Some(syllable) = Syllable::of(letter) else {
            latin.push_str(FINALS[coda]);
            coda = 0;
            latin.push(letter);
            continue;
        };
        push_boundary(&mut latin, coda, syllable.onset);
        latin.push_str(VOWELS[syllable.vowel]);
        coda = syllable.coda;
    }
    latin.push_str(FINALS[coda]);
    capitalised(&latin)
}

/// A district's name in Latin letters, its kind after a hyphen: `Jongno-gu`, `Suwon-si Jangan-gu`.
pub(super) fn romanise_district(name: &str) -> String {
    // A ward of a city without a metropolitan government is named after both: 수원시장안구.
    if let Some((city, ward)) = name.split_once('시')
        && !ward.is_empty()
        && !city.is_empty()
    {
        return format!("{}-si {}", romanise(city), romanise_district(ward));
    }
    for (ending, latin) in [('구', "gu"), ('시', "si"), ('군', "gun")] {
        if let Some(stem) = name.strip_suffix(ending)
            && !stem.is_empty()
        {
            return format!("{}-{latin}", romanise(stem));
        }
    }
    romanise(name)
}

/// A Hangul syllable as Unicode orders its parts.
struct Syllable {
    onset: usize,
    vowel: usize,
    coda: usize,
}

impl Syllable {
    fn of(letter: char) -> Option<Self> {
        let index = u32::from(letter).checked_sub(0xAC00).filter(|index| *index < 11_172)? as usize;
        Some(Self { onset: index / 588, vowel: index % 588 / 28, coda: index % 28 })
    }
}

#[rustfmt::skip]
const ONSETS: [&str; 19] = [
    "g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h",
];
#[rustfmt::skip]
const VOWELS: [&str; 21] = [
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu",
    "eu", "ui", "i",
];
/// How a closing consonant sounds at the end of a word or before a consonant that does not change it.
#[rustfmt::skip]
const FINALS: [&str; 28] = [
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t",
    "ng", "t", "t", "k", "t", "p", "t",
];
/// How a closing consonant sounds when it moves over to a syllable that begins with a vowel.
#[rustfmt::skip]
const LINKED: [&str; 28] = [
    "", "g", "kk", "ks", "n", "nj", "n", "d", "r", "lg", "lm", "lb", "ls", "lt", "lp", "r", "m", "b", "ps",
    "s", "ss", "ng", "j", "ch", "k", "t", "p", "",
];
const ONSET_N: usize = 2;
const ONSET_R: usize = 5;
const ONSET_M: usize = 6;
const ONSET_SILENT: usize = 11;

/// Writes the closing consonant of one syllable and the opening one of the next, as they sound together.
fn push_boundary(latin: &mut String, coda: usize, onset: usize) {
    let closing = FINALS[coda];
    let (before, after) = match (closing, onset) {
        (_, ONSET_SILENT) => (LINKED[coda], ""),
        ("n" | "l", ONSET_R) | ("l", ONSET_N) => ("l", "l"),
        ("k", ONSET_R) => ("ng", "n"),
        ("t", ONSET_R) => ("n", "n"),
        ("p", ONSET_R) => ("m", "n"),
        ("m" | "ng", ONSET_R) => (closing, "n"),
        ("k", ONSET_N | ONSET_M) => ("ng", ONSETS[onset]),
        ("t", ONSET_N | ONSET_M) => ("n", ONSETS[onset]),
        ("p", ONSET_N | ONSET_M) => ("m", ONSETS[onset]),
        _ => (closing, ONSETS[onset]),
    };
    latin.push_str(before);
    latin.push_str(after);
}

fn capitalised(latin: &str) -> String {
    let mut letters = latin.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_sound_as_the_road_signs_spell_them() {
        for (hangul, latin) in [
            ("왕십리", "Wangsimni"),
            ("백령", "Baengnyeong"),
            ("독립문", "Dongnimmun"),
            ("신림", "Sillim"),
            ("민준", "Minjun"),
            ("별내", "Byeollae"),
            ("", ""),
            ("A동 3", "A동 3".replace('동', "dong").as_str()),
        ] {
            assert_eq!(romanise(hangul), latin);
        }
    }

    #[test]
    fn districts_carry_their_kind_after_a_hyphen() {
        for (hangul, latin) in [
            ("종로구", "Jongno-gu"),
            ("중구", "Jung-gu"),
            ("강릉시", "Gangneung-si"),
            ("시흥시", "Siheung-si"),
            ("철원군", "Cheorwon-gun"),
            ("밀양시", "Miryang-si"),
            ("울릉군", "Ulleung-gun"),
            ("양구군", "Yanggu-gun"),
            ("수원시장안구", "Suwon-si Jangan-gu"),
            ("고양시덕양구", "Goyang-si Deogyang-gu"),
        ] {
            assert_eq!(romanise_district(hangul), latin);
        }
    }
}
