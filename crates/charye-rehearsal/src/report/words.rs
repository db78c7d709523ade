//! Room: rehearsal/report. The words of a report, Korean and English side by side, and numbers for people.

use super::Report;

/// In which language a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Korean,
    English,
}

impl Language {
    /// The words of this language.
    pub(super) fn pick(self, ko: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Korean => ko,
            Self::English => en,
        }
    }

    /// The text of this language.
    pub(super) fn either<'a>(self, ko: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Korean => ko,
            Self::English => en,
        }
    }

    /// As `lang` of HTML.
    pub(super) fn code(self) -> &'static str {
        self.pick("ko", "en")
    }

    /// Where somebody is.
    pub(super) fn whereabouts(self, code: &str) -> &'static str {
        let (ko, en) = match code {
            "at_door" => ("문 앞", "at the door"),
            "waiting" => ("대기 중", "waiting"),
            "inside" => ("기관 찾는 중", "looking for a clinic"),
            "holding" => ("임시 선점", "holding a place"),
            "reserved" => ("예약 완료", "reserved"),
            "turned_away" => ("다른 날 안내", "told another date"),
            "nothing_left" => ("남은 자리 없음", "found nothing left"),
            "gave_up" => ("포기", "gave up"),
            "put_aside" => ("다른 기기로 이동", "went on with the other device"),
            _ => ("오류로 중단", "stopped by an error"),
        };
        self.pick(ko, en)
    }

    /// A provider's light, as citizens are told it: its shape and its word.
    pub(super) fn light(self, code: &str) -> (&'static str, &'static str) {
        let (shape, ko, en) = match code {
            "smooth" => ("●", "원활", "Smooth"),
            "delayed" => ("▲", "지연", "Delayed"),
            "congested" => ("■", "혼잡", "Congested"),
            _ => ("✕", "이용 중지", "Closed"),
        };
        (shape, self.pick(ko, en))
    }

    /// What was made to go wrong.
    pub(super) fn fault(self, kind: &str) -> &'static str {
        let (ko, en) = match kind {
            "kill" => ("서버 강제 종료", "server killed"),
            "clock_jump" => ("서버 시계 앞당김", "clock jumped"),
            _ => ("인증기관 멈춤", "provider hung"),
        };
        self.pick(ko, en)
    }

    /// What somebody asks.
    pub(super) fn step(self, code: &str) -> &'static str {
        let (ko, en) = match code {
            "ask_date" => ("날짜 확인", "ask the date"),
            "sign_in" => ("본인인증", "sign in"),
            "begin_sign_in" => ("인증 시작", "begin at a provider"),
            "at_provider" => ("인증기관 화면", "at the provider"),
            "come_back" => ("인증 완료", "back from the provider"),
            "take_place" => ("번호표 받기", "take a place"),
            "poll" => ("순번 확인", "poll"),
            "enter" => ("입장", "enter"),
            "look_up" => ("기관 찾기", "look up clinics"),
            "days" => ("2차 날짜", "second dose: days"),
            "times" => ("2차 시간", "second dose: times"),
            "hold" => ("임시 선점", "hold"),
            "confirm" => ("예약 확정", "confirm"),
            "mine" => ("내 예약", "my reservation"),
            "change" => ("예약 변경", "change"),
            "cancel" => ("예약 취소", "cancel"),
            _ => ("결과 확인", "settle an unknown"),
        };
        self.pick(ko, en)
    }
}

/// A count with thousands apart.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds with as many digits as say something.
pub(super) fn millis(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.1} s", value / 1_000.0)
    } else if value >= 100.0 {
        format!("{value:.0} ms")
    } else if value >= 10.0 {
        format!("{value:.1} ms")
    } else {
        format!("{value:.2} ms")
    }
}

/// A few lines for a terminal.
pub(super) fn summary(report: &Report, language: Language) -> String {
    let people = &report.people;
    let mut lines = vec![format!(
        "{}: {} {}, {} {}, {} {}",
        report.profile,
        count(people.came),
        language.pick("명 방문", "came"),
        count(people.confirmed),
        language.pick("건 예약", "reserved"),
        count(report.requests),
        language.pick("건 요청", "requests"),
    )];
    lines.push(format!("{} {:.1}/s", language.pick("초당 예약", "journeys"), report.journeys_per_sec));
    if let Some(best) = report.journeys_per_sec_best {
        lines.push(format!("{} {best:.1}/s", language.pick("최고 10초", "best ten seconds")));
    }
    for fault in &report.faults {
        lines.push(format!("{:>6.1} s  {}: {}", fault.at_secs, fault.kind, fault.outcome));
    }
    for goal in &report.verdict.goals {
        let measured = goal.measured.as_deref().unwrap_or(language.pick("측정되지 않음", "not measured"));
        let met = if goal.met { language.pick("충족", "met") } else { language.pick("미달", "MISSED") };
        lines.push(format!("{met:>6}  {}: {measured} ({})", goal.words(language), goal.wanted));
    }
    lines.push(verdict(report, language));
    lines.join("\n")
}

/// The verdict in a sentence.
pub(super) fn verdict(report: &Report, language: Language) -> String {
    let missed: Vec<&str> =
        report.verdict.goals.iter().filter(|goal| !goal.met).map(|goal| goal.words(language)).collect();
    if missed.is_empty() {
        return language.pick("이 규모에서 버팁니다.", "It holds, at this scale.").to_owned();
    }
    format!("{} {}.", language.pick("버티지 못합니다:", "It does not hold:"), missed.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0, 999, 1_000, 16_210_000].map(count), ["0", "999", "1,000", "16,210,000"]);
        assert_eq!([0.5, 12.34, 123.4, 12_345.0].map(millis), ["0.50 ms", "12.3 ms", "123 ms", "12.3 s"]);
    }
}
