//! Room: rehearsal/report. The verdict: each goal of the profile against its figure, what must hold whatever the profile
//! says, and the auditor's word. A goal whose figure was not measured is not met.

use serde::Serialize;

use super::words::count;
use super::{AuditTold, Language, millis};
use crate::citizen::{Step, Whereabouts};
use crate::evening::Played;
use crate::profile::{FaultKind, HUNG_PROVIDER};

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    pub holds: bool,
    pub(super) goals: Vec<Goal>,
}

/// One thing that was to hold.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Goal {
    pub(super) id: &'static str,
    pub(super) wanted: String,
    /// Absent if it was not measured.
    pub(super) measured: Option<String>,
    pub(super) met: bool,
}

impl Goal {
    fn at_most(id: &'static str, most: f64, measured: Option<f64>, unit: &str) -> Self {
        Self {
            id,
            wanted: if most > 0.0 { format!("≤ {}", with_unit(most, unit)) } else { with_unit(0.0, unit) },
            measured: measured.map(|value| with_unit(value, unit)),
            met: measured.is_some_and(|value| value <= most),
        }
    }

    fn at_least(id: &'static str, least: f64, measured: Option<f64>, unit: &str) -> Self {
        Self {
            id,
            wanted: format!("≥ {}", with_unit(least, unit)),
            measured: measured.map(|value| with_unit(value, unit)),
            met: measured.is_some_and(|value| value >= least),
        }
    }

    /// What it is, in words.
    pub(super) fn words(&self, language: Language) -> &'static str {
        let (ko, en) = match self.id {
            "missing" => ("확정되었는데 보이지 않는 예약", "confirmed reservations that their owners did not see"),
            "audit" => ("기록 검증에서 발견된 문제", "found by the auditor, journal against what clients heard"),
            "unexpected" => {
                ("이해할 수 없는 답으로 끝난 사람", "people stopped by an answer that makes no sense to them")
            }
            "sign_in_p99" => ("본인인증 응답 p99", "sign-in, p99"),
            "look_up_p99" => ("기관 찾기 응답 p99", "look-up of clinics, p99"),
            "hold_p99" => ("임시 선점 응답 p99", "hold, p99"),
            "confirm_p99" => ("예약 확정 응답 p99", "confirm, p99"),
            "reserved" => ("예약하려던 사람 가운데 예약한 비율", "of those who may reserve and meant to, reserved"),
            "promises_kept" => ("대기 시간 안내를 지킨 비율", "waits promised and kept"),
            "others_signed_in" => (
                "한 인증기관이 멈춘 저녁, 다른 인증기관의 성공 비율",
                "one provider hung: over the evening, sign-ins at the others that went well",
            ),
            "failed" => ("서버 오류와 끊긴 연결", "server errors and broken connections"),
            _ => ("일으키지 못한 장애", "planned faults that were not played"),
        };
        language.pick(ko, en)
    }
}

/// A value as people write it, its unit behind it: shares as per cent, anything else with what digits say something.
fn with_unit(value: f64, unit: &str) -> String {
    let (value, unit, digits) = match unit {
        "‰" => (value / 10.0, "%", 2),
        "ppm" => (value / 10_000.0, "%", 4),
        _ => (value, unit, 2),
    };
    let text = if value >= 100.0 { count(value.round() as u64) } else { format!("{value:.digits$}") };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}").trim_end().to_owned()
}

impl Verdict {
    pub(super) fn of(played: &Played, audit: Option<&AuditTold>) -> Self {
        let recorded = &played.recorded;
        let goals = played.profile.goals;
        let p99 = |step: Step| {
            let found = recorded.steps.iter().find(|(known, _)| *known == step);
            found.map(|(_, figures)| millis(&figures.latencies, 0.99))
        };
        // What must hold on any evening.
        let stopped = recorded.whereabouts[Whereabouts::Failed as usize] as f64;
        let mut found = vec![Goal::at_most("missing", 0.0, Some(recorded.missing as f64), "")];
        if let Some(audit) = audit {
            let findings = if audit.clean { 0.0 } else { audit.lines.len() as f64 };
            found.push(Goal::at_most("audit", 0.0, Some(findings), ""));
        }
        let has_kill = played.profile.faults.iter().any(|fault| fault.kind == FaultKind::Kill);
        if !has_kill {
            found.push(Goal::at_most("unexpected", 0.0, Some(stopped), ""));
        }
        // An evening whose faults did not happen proves nothing about them.
        let planned = played.profile.faults.len();
        if planned > 0 {
            let happened = played.faults.iter().filter(|fault| fault.outcome.is_ok()).count();
            found.push(Goal::at_most("faults", 0.0, Some(planned.saturating_sub(happened) as f64), ""));
        }
        // One provider's trouble is nobody else's.
        let has_hung = played.faults.iter().any(|fault| fault.kind == FaultKind::ProviderHangs);
        if has_hung {
            let others = || recorded.providers.iter().filter(|provider| provider.id != HUNG_PROVIDER);
            let went_well: u64 = others().map(|provider| provider.signed_in).sum();
            let tried = went_well + others().map(|provider| provider.failed + provider.left_alone).sum::<u64>();
            let share = (went_well > 0).then(|| went_well as f64 * 1_000.0 / tried as f64);
            found.push(Goal::at_least("others_signed_in", 999.0, share, "‰"));
        }
        // And what this profile wants.
        let steps = [
            ("sign_in_p99", goals.sign_in_p99_ms, Step::SignIn),
            ("look_up_p99", goals.look_up_p99_ms, Step::LookUp),
            ("hold_p99", goals.hold_p99_ms, Step::Hold),
            ("confirm_p99", goals.confirm_p99_ms, Step::Confirm),
        ];
        for (id, most, step) in steps {
            found.extend(most.map(|most| Goal::at_most(id, most.into(), p99(step), "ms")));
        }
        found.extend(goals.reserved_permille_min.map(|least| {
            let meant_to = recorded.came_may_reserve.saturating_sub(recorded.walked_away);
            let share = (meant_to > 0).then(|| recorded.confirmed as f64 * 1_000.0 / meant_to as f64);
            Goal::at_least("reserved", least.into(), share, "‰")
        }));
        // Nobody was promised anything where nobody waits.
        let promises = &recorded.promises;
        let wants_promises = goals.promises_kept_permille_min.filter(|_| played.has_line && promises.made > 0);
        found.extend(wants_promises.map(|least| {
            let share = promises.kept as f64 * 1_000.0 / promises.made as f64;
            Goal::at_least("promises_kept", least.into(), Some(share), "‰")
        }));
        found.extend(goals.failed_per_million_max.map(|most| {
            // What a provider's own page fails at is the provider's.
            let ours = recorded.steps.iter().filter(|(step, _)| *step != Step::AtProvider);
            let failed: u64 = ours.map(|(_, figures)| figures.failed).sum();
            let share = (recorded.requests > 0).then(|| failed as f64 * 1e6 / recorded.requests as f64);
            Goal::at_most("failed", most.into(), share, "ppm")
        }));
        Self { holds: found.iter().all(|goal| goal.met), goals: found }
    }
}
