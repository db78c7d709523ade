//! Room: engine/availability. Clinics by any part of their names, and by the initial consonants of Korean ones.
//!
//! Built with the directory. A sorted list of all suffixes: a part of a name is the beginning of a suffix, so finding it
//! is a binary search, whatever its length. Names are taken to be in Unicode's composed form (NFC), as files hold them.

use super::rank_set::RankSet;

/// Every suffix of every name, sorted.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    names: Suffixes,
    initials: Suffixes,
}

impl NameIndex {
    /// Indexes names by the rank of their clinic.
    pub(super) fn new<'a>(names: impl Iterator<Item = (u32, &'a str)>) -> Self {
        let (mut whole, mut initials) = (SuffixesBuilder::default(), SuffixesBuilder::default());
        for (rank, name) in names {
            let name = normalised(name);
            whole.add(rank, &name);
            if name.chars().any(|c| initial_consonant(c).is_some()) {
                initials.add(rank, &name.chars().map(|c| initial_consonant(c).unwrap_or(c)).collect::<String>());
            }
        }
        Self { names: whole.finish(), initials: initials.finish() }
    }

    /// The clinics whose name contains `part`, which is normalised; `clinics` is the size of the directory.
    ///
    /// Of a part such as `ㅅㅇㄴㄱ`, consonants only, it is the initials of syllables that must match.
    pub(super) fn containing(&self, part: &str, clinics: u32) -> RankSet {
        let consonants_only = part.chars().all(|c| ('ㄱ'..='ㅎ').contains(&c));
        let suffixes = if consonants_only { &self.initials } else { &self.names };
        let mut found = RankSet::new(clinics);
        for rank in suffixes.beginning_with(part) {
            found.insert(*rank);
        }
        found
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.names.memory_bytes() + self.initials.memory_bytes()
    }
}

/// A name, or part of one, as it is compared: without white space and control characters, in small letters.
pub(super) fn normalised(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && !c.is_control()).flat_map(char::to_lowercase).collect()
}

/// The initial consonant (초성) of a Hangul syllable. Source: the Unicode Standard, 3.12 (19 x 21 x 28 syllables).
fn initial_consonant(syllable: char) -> Option<char> {
    const INITIALS: [char; 19] = [
        'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ', 'ㅍ',
        'ㅎ',
    ];
    let offset = u32::from(syllable).checked_sub(u32::from('가'))?;
    INITIALS.get((offset / (21 * 28)) as usize).copied()
}

#[derive(Debug, Default)]
struct Suffixes {
    text: Box<str>,
    /// Where each suffix begins in `text`; it ends at the next line feed.
    begins: Box<[u32]>,
    /// Whose name each suffix is of.
    ranks: Box<[u32]>,
}

impl Suffixes {
    fn beginning_with(&self, part: &str) -> &[u32] {
        let begins_before = |begin: &u32| &self.text[*begin as usize..] < part;
        let from = self.begins.partition_point(begins_before);
        let count = self.begins[from..].partition_point(|begin| self.text[*begin as usize..].starts_with(part));
        &self.ranks[from..from + count]
    }

    fn memory_bytes(&self) -> usize {
        self.text.len() + size_of_val(&*self.begins) + size_of_val(&*self.ranks)
    }
}

#[derive(Debug, Default)]
struct SuffixesBuilder {
    text: String,
    suffixes: Vec<(u32, u32)>,
}

impl SuffixesBuilder {
    fn add(&mut self, rank: u32, name: &str) {
        let begin = self.text.len();
        self.suffixes.extend(name.char_indices().map(|(offset, _)| ((begin + offset) as u32, rank)));
        self.text.push_str(name);
        // White space is not in any name: it ends one, and sorts before all.
        self.text.push('\n');
    }

    fn finish(mut self) -> Suffixes {
        let text = &self.text;
        let suffix = |begin: u32| {
            let rest = &text.as_bytes()[begin as usize..];
            &rest[..rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())]
        };
        self.suffixes.sort_unstable_by(|a, b| suffix(a.0).cmp(suffix(b.0)).then(a.0.cmp(&b.0)));
        let (begins, ranks): (Vec<u32>, Vec<u32>) = self.suffixes.into_iter().unzip();
        Suffixes { text: self.text.into(), begins: begins.into(), ranks: ranks.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 6] =
        ["서울내과의원", "새서울 소아청소년과의원", "Seoul Internal Medicine", "한마음병원", "O2 이비인후과", "내과"];

    fn check(part: &str, expect: &[u32]) {
        let index = NameIndex::new((0..).zip(NAMES));
        let found: Vec<_> = index.containing(&normalised(part), 6).iter().collect();
        assert_eq!(found, expect, "{part}");
    }

    #[test]
    fn any_part_of_a_name_finds_it() {
        check("서울", &[0, 1]);
        check("내과", &[0, 5]);
        check("의원", &[0, 1]);
        check("과", &[0, 1, 4, 5]);
        check("새 서 울소아", &[1]);
        check("seoul INTERNAL", &[2]);
        check("o2이비", &[4]);
        check("부산", &[]);
        check("의원새서울", &[]);
    }

    #[test]
    fn initial_consonants_find_names() {
        check("ㅅㅇㄴㄱ", &[0]);
        check("ㅎㅁㅇ", &[3]);
        check("ㄴㄱ", &[0, 1, 5]);
        check("ㅃ", &[]);
        check("ㅅ울", &[]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_index_agrees_with_looking_at_every_name(
            names in proptest::collection::vec("[가나다라ab 힣]{0,8}", 0..30), part in "[가나다라ab힣ㄱㄴㅎ]{1,3}",
        ) {
            let index = NameIndex::new((0..).zip(names.iter().map(String::as_str)));
            let found: Vec<_> = index.containing(&part, names.len() as u32).iter().collect();
            let initials = part.chars().all(|c| ('ㄱ'..='ㅎ').contains(&c));
            let matches = |name: &String| {
                let name = normalised(name);
                if initials {
                    name.chars().map(|c| initial_consonant(c).unwrap_or(c)).collect::<String>().contains(&part)
                } else {
                    name.contains(&part)
                }
            };
            let expect: Vec<_> = (0_u32..).zip(&names).filter(|(_, name)| matches(name)).map(|(rank, _)| rank).collect();
            prop_assert_eq!(found, expect);
        }
    }
}
