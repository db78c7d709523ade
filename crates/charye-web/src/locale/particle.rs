//! Room: web/locale. Korean particles that follow the last sound of the word before them: 은/는, 이/가, 을/를, 과/와, 으로/로.

/// `word` with the fitting one of `pair`, written `with/without` final consonant: `with_particle("예약", "을/를")` is
/// `예약을`. A pair that is not two words is left out.
pub fn with_particle(word: &str, pair: &str) -> String {
    let Some((closed, open)) = pair.split_once('/') else { return word.to_owned() };
    let particle = match last_sound(word) {
        Sound::Vowel => open,
        // 으로/로: after a final ㄹ the short form stands.
        Sound::Rieul if closed == "으로" => open,
        Sound::Rieul | Sound::Consonant => closed,
    };
    format!("{word}{particle}")
}

enum Sound {
    Vowel,
    Rieul,
    Consonant,
}

/// How a word ends when read aloud in Korean. Closing brackets and quotes are not read.
fn last_sound(word: &str) -> Sound {
    let Some(last) = word.chars().rev().find(|c| c.is_alphanumeric()) else { return Sound::Vowel };
    match last {
        '가'..='힣' => match (u32::from(last) - 0xAC00) % 28 {
            0 => Sound::Vowel,
            8 => Sound::Rieul,
            _ => Sound::Consonant,
        },
        // Digits as read: 영 일 이 삼 사 오 육 칠 팔 구.
        '1' | '7' | '8' => Sound::Rieul,
        '0' | '3' | '6' => Sound::Consonant,
        // Latin letters as spelled (엘 엠 엔 아르); a word that ends in one is most often read so, or close to it.
        'l' | 'L' | 'r' | 'R' => Sound::Rieul,
        'm' | 'M' | 'n' | 'N' => Sound::Consonant,
        _ => Sound::Vowel,
    }
}

#[cfg(test)]
mod tests {
    use super::with_particle;

    fn check(word: &str, pair: &str, expect: &str) {
        assert_eq!(with_particle(word, pair), expect);
    }

    #[test]
    fn the_particle_follows_the_final_consonant() {
        check("예약", "을/를", "예약을");
        check("종로구", "은/는", "종로구는");
        check("화이자", "이/가", "화이자가");
        check("모더나", "과/와", "모더나와");
        check("서울", "으로/로", "서울로");
        check("부산", "으로/로", "부산으로");
        check("제주", "으로/로", "제주로");
        check("9월 18일", "은/는", "9월 18일은");
        check("예약번호 1234-5678-901", "은/는", "예약번호 1234-5678-901은");
        check("13", "이/가", "13이");
        check("25", "이/가", "25가");
        check("연세의원(신촌)", "은/는", "연세의원(신촌)은");
        check("KIM", "은/는", "KIM은");
        check("", "은/는", "는");
    }
}
