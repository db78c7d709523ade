//! Room: rehearsal/report. The page: one file, no script, no font, no image, nothing from another host; light and dark,
//! from a phone to a wall. Must never show a word that was not escaped.

use std::fmt::Write as _;

use super::chart::{Latency, Limit, Mark, OverTime, Series, Shape, escaped, latencies};
use super::words::{count, millis, verdict};
use super::{FaultTold, Language, Report, SampleTold};
use crate::citizen::Whereabouts;

const STYLE: &str = include_str!("report.css");

/// Who is shown where in the picture of the evening, from the bottom up, with the colour of each.
const LAYERS: [(Whereabouts, usize); 10] = [
    (Whereabouts::Reserved, 4),
    (Whereabouts::Holding, 3),
    (Whereabouts::Inside, 2),
    (Whereabouts::Waiting, 1),
    (Whereabouts::AtDoor, 9),
    (Whereabouts::NothingLeft, 6),
    (Whereabouts::GaveUp, 7),
    (Whereabouts::Failed, 6),
    (Whereabouts::PutAside, 8),
    (Whereabouts::TurnedAway, 5),
];

pub(super) fn page(report: &Report, language: Language) -> String {
    let title = language.pick("예약 개시 모의훈련 보고서", "Rehearsal of an opening");
    let body = [
        head(report, language, title),
        goals(report, language),
        people(report, language),
        speed(report, language),
        server(report, language),
        providers(report, language),
        refusals(report, language),
        faults(report, language),
        audit(report, language),
        made_how(report, language),
    ]
    .concat();
    format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}: {}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n",
        language.code(),
        escaped(&report.profile)
    )
}

fn head(report: &Report, language: Language, title: &str) -> String {
    let about = language.either(&report.about.ko, &report.about.en);
    let class = if report.verdict.holds { "verdict" } else { "verdict no" };
    let part = language.pick(
        "사람 수나 시간을 줄여 실행했습니다. 이 결과는 이 규모에서만 유효하며, 실제 개시의 부하를 증명하지 않습니다.",
        "Played with fewer people, or faster, than the evening itself: it tells about this scale only and proves nothing \
         about the load of the whole evening.",
    );
    let is_part = report.scale < 1.0 || report.speed > 1;
    let note = if is_part { format!("<p class=\"note\">{part}</p>") } else { String::new() };
    let best = report.journeys_per_sec_best.map_or_else(String::new, |rate| format!("{rate:.1}/s"));
    let tiles = [
        (count(report.people.came), language.pick("방문", "came to the door")),
        (count(report.people.confirmed), language.pick("예약 확정", "reserved")),
        (best, language.pick("초당 예약, 최고 10초", "journeys, best ten seconds")),
        (format!("{:.1}/s", report.journeys_per_sec), language.pick("초당 예약, 전체 평균", "journeys, whole evening")),
        (format!("{:.0}/s", report.requests_per_sec), language.pick("초당 요청", "requests")),
        (
            super::in_words(std::time::Duration::from_secs_f64(report.wall_secs)),
            language.pick("걸린 시간", "played for"),
        ),
    ];
    let shown = |tile: &&(String, &str)| !tile.0.is_empty();
    let tiles: String =
        tiles.iter().filter(shown).map(|(value, what)| format!("<li><b>{value}</b><span>{what}</span></li>")).collect();
    format!(
        "<header><h1>{title}</h1><p class=\"soft\">{} · {}</p></header><p class=\"{class}\">{}</p>{note}\
         <ul class=\"tiles\">{tiles}</ul>",
        escaped(&report.profile),
        escaped(about),
        escaped(&verdict(report, language))
    )
}

fn goals(report: &Report, language: Language) -> String {
    let mut rows = String::new();
    for goal in &report.verdict.goals {
        let (class, word) =
            if goal.met { ("yes", language.pick("충족", "met")) } else { ("no", language.pick("미달", "missed")) };
        let measured = goal.measured.as_deref().unwrap_or(language.pick("측정되지 않음", "not measured"));
        let _ = write!(
            rows,
            "<tr><td class=\"words\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"{class}\">{word}</td></tr>",
            goal.words(language),
            escaped(measured),
            escaped(&goal.wanted)
        );
    }
    let heads = [
        (language.pick("기준", "goal"), ""),
        (language.pick("결과", "measured"), "n"),
        (language.pick("목표", "wanted"), "n"),
        ("", ""),
    ];
    section(language.pick("무엇이 지켜졌나", "What had to hold"), &table(&heads, &rows))
}

fn people(report: &Report, language: Language) -> String {
    let layer = |(place, colour): &(Whereabouts, usize)| Series {
        name: language.whereabouts(place.code()).to_owned(),
        colour: *colour,
        points: report.over_time.iter().map(|s| (s.at_secs, s.whereabouts[*place as usize] as f64)).collect(),
    };
    let seen = |series: &Series| series.points.iter().any(|point| point.1 > 0.0);
    let where_people_were = OverTime {
        title: language.pick("사람들은 어디에 있었나", "Where people were"),
        note: language.pick(
            "그 순간까지 온 모든 기기. 숫자는 끝났을 때의 값입니다.",
            "Every device that had come by then. The figures are those at the end.",
        ),
        series: LAYERS.iter().map(layer).filter(seen).collect(),
        marks: &marks(report, language),
        shape: Shape::Layers,
        limit: None,
        unit: "",
    };
    let rates = OverTime {
        title: language.pick("초당 방문과 예약", "Arrivals and reservations a second"),
        note: language.pick(
            "방문은 곡선대로 옵니다. 서버가 늦어도 늦춰지지 않습니다.",
            "Arrivals follow the curve; no late answer slows them.",
        ),
        series: vec![
            rate(report, language.pick("방문", "arrivals"), 9, |sample| Some(sample.came as f64)),
            rate(report, language.pick("예약", "reservations"), 4, |sample| Some(sample.confirmed as f64)),
        ],
        marks: &marks(report, language),
        shape: Shape::Lines { most: language.pick("최대", "most") },
        limit: None,
        unit: "/s",
    };
    let waits = &report.waits;
    let told = if report.has_line {
        format!(
            "<p>{}: {} · {}: {} · {}: {} · {}: {}</p>",
            language.pick("안내한 대기", "waits promised"),
            count(waits.promised),
            language.pick("지킴", "kept"),
            count(waits.kept),
            language.pick("더 일찍", "called earlier"),
            count(waits.early),
            language.pick("더 늦게", "called later"),
            count(waits.late)
        )
    } else {
        let words = language.pick(
            "이 서버에는 대기열이 없어 모두 바로 입장했습니다.",
            "This server has no line: everyone was let in at once.",
        );
        format!("<p>{words}</p>")
    };
    let wait_words = format!(
        "<p class=\"soft\">{} {}: p50 {:.1} s, p99 {:.1} s</p>",
        count(waits.let_in),
        language.pick("명이 입장하기까지", "people, from coming to being let in"),
        waits.p50_secs,
        waits.p99_secs
    );
    let charts = format!(
        "<div class=\"charts\">{}{}</div><div class=\"charts two\">{}</div>",
        where_people_were.html(),
        rates.html(),
        line(report, language)
    );
    section(
        language.pick("사람", "People"),
        &format!("{charts}<h3 class=\"after\">{}</h3>{told}{wait_words}", language.pick("대기", "Waiting")),
    )
}

/// The line, if the server had one and told of it.
fn line(report: &Report, language: Language) -> String {
    let of = |name: &str, colour, value: fn(&SampleTold) -> Option<u64>| Series {
        name: name.to_owned(),
        colour,
        points: report.over_time.iter().filter_map(|sample| Some((sample.at_secs, value(sample)? as f64))).collect(),
    };
    let waiting = of(language.pick("대기 중", "waiting"), 1, |sample| sample.line_waiting);
    if waiting.points.is_empty() {
        return String::new();
    }
    let line = OverTime {
        title: language.pick("대기열", "The line"),
        note: language.pick("차례를 기다리는 사람입니다.", "People who wait for their turn."),
        series: vec![waiting],
        marks: &marks(report, language),
        shape: Shape::Lines { most: language.pick("최대", "most") },
        limit: None,
        unit: "",
    };
    let door = OverTime {
        title: language.pick("입장한 사람과 호출된 사람", "Inside, and called"),
        note: language.pick("둘을 합해도 최대 입장 인원을 넘지 않습니다.", "Together they never pass the hard cap."),
        series: vec![
            of(language.pick("입장", "inside"), 2, |sample| sample.line_inside),
            of(language.pick("호출됨", "called"), 3, |sample| sample.line_called),
        ],
        marks: &marks(report, language),
        shape: Shape::Layers,
        limit: Some(Limit {
            line: of(language.pick("최대 입장 인원", "hard cap"), 6, |sample| sample.line_hard_cap),
            far_above: language.pick(", 그림보다 훨씬 위", ", far above this picture"),
        }),
        unit: "",
    };
    let calls = OverTime {
        title: language.pick("분당 호출", "Calls a minute"),
        note: language.pick("측정된 속도", "as measured, once it is"),
        series: vec![of(language.pick("호출", "calls"), 4, |sample| sample.line_people_per_min)],
        marks: &marks(report, language),
        shape: Shape::Lines { most: language.pick("최대", "most") },
        limit: None,
        unit: "/min",
    };
    let measured = calls.series.iter().any(|series| !series.points.is_empty());
    let calls = if measured { calls.html() } else { String::new() };
    line.html() + &door.html() + &calls
}

fn speed(report: &Report, language: Language) -> String {
    let rows: Vec<Latency> = report
        .steps
        .iter()
        .map(|step| Latency {
            name: language.step(step.step).to_owned(),
            p50: step.p50_ms,
            p90: step.p90_ms,
            p99: step.p99_ms,
            p999: step.p999_ms,
        })
        .collect();
    let chart = latencies(
        language.pick("응답 시간", "How long answers took"),
        language.pick(
            "요청했어야 할 시각부터 잽니다. 점은 p50, p90, p99, 가는 선 끝은 p99.9, 오른쪽 숫자는 p99입니다.",
            "From the intended time of each request. Dots: p50, p90, p99; the thin line ends at p99.9; the figure is p99.",
        ),
        &rows,
    );
    let mut table_rows = String::new();
    for step in &report.steps {
        let _ = write!(
            table_rows,
            "<tr><td class=\"name\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            language.step(step.step),
            count(step.answers),
            count(step.refused),
            count(step.failed),
            millis(step.p50_ms),
            millis(step.p99_ms),
            millis(step.p999_ms),
            millis(step.max_ms)
        );
    }
    let heads = [
        (language.pick("단계", "step"), ""),
        (language.pick("응답", "answers"), "n"),
        (language.pick("거절", "refused"), "n"),
        (language.pick("실패", "failed"), "n"),
        ("p50", "n"),
        ("p99", "n"),
        ("p99.9", "n"),
        (language.pick("최대", "most"), "n"),
    ];
    section(language.pick("속도", "Speed"), &format!("{chart}<p></p>{}", table(&heads, &table_rows)))
}

fn server(report: &Report, language: Language) -> String {
    let generator = &report.generator;
    let mut rows = String::new();
    let mut row = |what: &str, value: Option<String>| {
        let value = value.unwrap_or_else(|| language.pick("측정되지 않음", "not measured").to_owned());
        let _ = write!(rows, "<tr><td>{what}</td><td class=\"n\">{value}</td></tr>");
    };
    let told = report.server.as_ref();
    let micros = |value: f64| format!("{value:.0} µs");
    row(
        language.pick("예약 한 건당 서버 CPU", "server CPU for each reservation, everything included"),
        told.and_then(|server| server.cpu_us_per_journey).map(micros),
    );
    row(
        language.pick("예약 한 건당 부하 발생기 CPU", "generator CPU for each reservation"),
        generator.cpu_us_per_journey.map(micros),
    );
    row(
        language.pick("서버 메모리, 최대", "server memory, most"),
        told.and_then(|server| server.resident_bytes_most).map(|bytes| format!("{:.0} MiB", bytes / 1_048_576.0)),
    );
    row(
        language.pick("원장 기록 한 번, 평균", "one journal sync, mean"),
        told.and_then(|server| server.commit_mean_ms).map(millis),
    );
    row(language.pick("원장 항목", "journal entries"), told.and_then(|s| s.entries).map(|n| count(n as u64)));
    row(
        language.pick("혼잡으로 돌려보낸 요청", "turned away as busy"),
        told.and_then(|s| s.busy).map(|n| count(n as u64)),
    );
    row(
        language.pick("요청이 늦게 나간 정도 p50 / p99", "requests left late by, p50 / p99"),
        Some(format!("{} / {}", millis(generator.begun_late_p50_ms), millis(generator.begun_late_p99_ms))),
    );
    let cores = OverTime {
        title: language.pick("서버가 쓴 코어", "Cores the server used"),
        note: language.pick("프로세스 전체", "the whole process"),
        series: vec![rate(report, "CPU", 2, |sample| sample.cpu_secs)],
        marks: &marks(report, language),
        shape: Shape::Lines { most: language.pick("최대", "most") },
        limit: None,
        unit: "",
    };
    let memory = OverTime {
        title: language.pick("서버 메모리", "Server memory"),
        note: language.pick("상주 메모리", "resident"),
        series: vec![Series {
            name: "MiB".to_owned(),
            colour: 3,
            points: report
                .over_time
                .iter()
                .filter_map(|sample| Some((sample.at_secs, sample.resident_bytes? / 1_048_576.0)))
                .collect(),
        }],
        marks: &marks(report, language),
        shape: Shape::Lines { most: language.pick("최대", "most") },
        limit: None,
        unit: "MiB",
    };
    let charts = match told {
        Some(_) => format!("<div class=\"charts two\">{}{}</div><p></p>", cores.html(), memory.html()),
        None => String::new(),
    };
    let heads = [(language.pick("무엇", "what"), ""), (language.pick("값", "figure"), "n")];
    section(language.pick("서버와 부하 발생기", "Server and generator"), &format!("{charts}{}", table(&heads, &rows)))
}

/// The identity providers: who signed in where, and each one's light over the evening.
fn providers(report: &Report, language: Language) -> String {
    if report.providers.is_empty() {
        return String::new();
    }
    let end = report.wall_secs.max(f64::EPSILON);
    let mut rows = String::new();
    for provider in &report.providers {
        let name = language.either(&provider.name.ko, &provider.name.en);
        let mut strip = String::new();
        let untils = provider.lights.iter().skip(1).map(|next| next.from_secs).chain([end]);
        for (shown, until) in provider.lights.iter().zip(untils) {
            let (shape, word) = language.light(&shown.light);
            let share = ((until - shown.from_secs) / end * 100.0).clamp(0.0, 100.0);
            // Too narrow for its shape: the colour says it, and the words for those who do not see it.
            let seen = if share >= 4.0 { shape } else { "" };
            let _ = write!(
                strip,
                "<i class=\"{}\" style=\"width:{share:.2}%\" title=\"{word}, {:.0}-{until:.0} s\"><b>{seen}</b>\
                 <span class=\"told\">{word} {:.0}-{until:.0} s; </span></i>",
                escaped(&shown.light),
                shown.from_secs,
                shown.from_secs
            );
        }
        let _ = write!(
            rows,
            "<tr><td class=\"name\">{}</td><td class=\"lights\"><div>{strip}</div></td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(name),
            count(provider.begun),
            count(provider.signed_in),
            count(provider.failed),
            count(provider.left_alone)
        );
    }
    let heads = [
        (language.pick("인증기관", "provider"), ""),
        (language.pick("신호등", "light over the evening"), ""),
        (language.pick("시작", "begun"), "n"),
        (language.pick("완료", "signed in"), "n"),
        (language.pick("실패", "failed"), "n"),
        (language.pick("차단", "left alone"), "n"),
    ];
    let key: String = ["smooth", "delayed", "congested", "closed"]
        .iter()
        .map(|code| {
            let (shape, word) = language.light(code);
            format!("<li class=\"lights\"><i class=\"{code}\"><b>{shape}</b></i> {word}</li>")
        })
        .collect();
    section(
        language.pick("본인인증 기관", "Identity providers"),
        &format!("<ul class=\"key\">{key}</ul>{}", table(&heads, &rows)),
    )
}

fn refusals(report: &Report, language: Language) -> String {
    if report.refusals.is_empty() {
        return String::new();
    }
    let rows: String = report
        .refusals
        .iter()
        .map(|refusal| {
            format!(
                "<tr><td>{}</td><td><code>{}</code></td><td class=\"n\">{}</td></tr>",
                language.step(refusal.step),
                escaped(&refusal.code),
                count(refusal.count)
            )
        })
        .collect();
    let heads = [
        (language.pick("단계", "step"), ""),
        (language.pick("코드", "code"), ""),
        (language.pick("횟수", "times"), "n"),
    ];
    section(language.pick("거절", "Refusals by code"), &table(&heads, &rows))
}

fn faults(report: &Report, language: Language) -> String {
    if report.faults.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for (place, fault) in report.faults.iter().enumerate() {
        let (class, word) = if fault.played {
            ("yes", language.pick("실행됨", "played"))
        } else {
            ("no", language.pick("실행 못함", "not played"))
        };
        let _ = write!(
            rows,
            "<tr><td class=\"n\">{}</td><td class=\"n\">{:.1} s</td><td>{}</td><td>{}</td><td class=\"{class}\">{word}</td></tr>",
            place + 1,
            fault.at_secs,
            language.fault(fault.kind),
            escaped(&fault.outcome)
        );
    }
    let heads = [
        ("", "n"),
        (language.pick("시각", "at"), "n"),
        (language.pick("장애", "fault"), ""),
        (language.pick("결과", "what happened"), ""),
        ("", ""),
    ];
    section(language.pick("일부러 낸 장애", "Faults"), &table(&heads, &rows))
}

fn audit(report: &Report, language: Language) -> String {
    let words = match &report.audit {
        None => {
            let words = language.pick(
                "원장에 닿을 수 없어 검증하지 않았습니다. 대상 서버에서 charye audit verify --history 로 검증하세요.",
                "Not audited: the journal was out of reach. Run charye audit verify --history where the server runs.",
            );
            format!("<p>{words}</p>")
        }
        Some(told) => {
            let verdict = if told.clean {
                language.pick("발견된 문제가 없습니다.", "Nothing was found.")
            } else {
                language.pick("문제가 발견되었습니다.", "Something was found.")
            };
            let lines: Vec<String> = told.lines.iter().map(|line| escaped(line)).collect();
            format!("<p>{verdict}</p><pre>{}</pre>", lines.join("\n"))
        }
    };
    section(language.pick("기록 검증", "The auditor, journal against what clients heard"), &words)
}

fn made_how(report: &Report, language: Language) -> String {
    let words = format!(
        "{}: {} · {} {} % · {} {}x · {}: {} · {}: {} · {}: {}",
        language.pick("사업", "campaign"),
        escaped(&report.campaign),
        language.pick("사람", "people"),
        report.scale * 100.0,
        language.pick("속도", "speed"),
        report.speed,
        language.pick("연결", "connections"),
        count(report.connections as u64),
        language.pick("난수 씨앗", "seed"),
        report.seed,
        language.pick("시작(유닉스 밀리초)", "began (Unix ms)"),
        report.began_ms
    );
    section(language.pick("어떻게 실행했나", "How it was played"), &format!("<p class=\"soft\">{words}</p>"))
}

fn marks(report: &Report, language: Language) -> Vec<Mark> {
    let mark = |fault: &FaultTold| Mark { at_secs: fault.at_secs, name: language.fault(fault.kind).to_owned() };
    report.faults.iter().map(mark).collect()
}

/// How fast a counter grew between samples. A counter that begins anew (a killed server) grows from zero.
fn rate(report: &Report, name: &str, colour: usize, of: fn(&SampleTold) -> Option<f64>) -> Series {
    let mut points = Vec::new();
    let mut before: Option<(f64, f64)> = None;
    for sample in &report.over_time {
        let Some(value) = of(sample) else { continue };
        if let Some((at, last)) = before {
            let grown = if value >= last { value - last } else { value };
            points.push((sample.at_secs, grown / (sample.at_secs - at).max(0.001)));
        }
        before = Some((sample.at_secs, value));
    }
    Series { name: name.to_owned(), colour, points }
}

fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{title}</h2>{body}</section>")
}

/// A table; `n` is the class of columns of numbers.
fn table(heads: &[(&str, &str)], rows: &str) -> String {
    let heads: String = heads.iter().map(|(name, class)| format!("<th class=\"{class}\">{name}</th>")).collect();
    format!("<div class=\"wide\"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>")
}
