//! Room: web/operators. Every line as it stands now, with the last automatic decision in words and numbers.

use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::waiting_room::admission::{Calls, Explanation, PauseReason};
use charye_domain::waiting_room::draw::published::hex;
use charye_engine::waiting_room::LineNow;
use hyper::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::words::decision_words;
use crate::api::doc::ApiDoc;
use crate::gate::Access;
use crate::locale::Language;
use crate::problem::Problem;
use crate::routes::Route;
use crate::waiting_room::PhaseTold;
use crate::{Answer, Asked};

/// Lines told at once, newest campaign first: more openings than any one evening has.
const LINES_MAX: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::api(Method::GET, "/api/operator/v1/lines", Access::Operator, show).documented(ApiDoc::answers::<
        LinesTold,
    >(
        "Every line as it stands now",
    ))]
}

#[derive(Debug, Serialize, ToSchema)]
struct LinesTold {
    /// The sequencer's time.
    now_ms: i64,
    lines: Vec<LineTold>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LineTold {
    /// The campaign's code.
    campaign: String,
    opening: u8,
    name: TextTold,
    phase: PhaseTold,
    opens_at_ms: i64,
    closes_at_ms: i64,
    /// As of this entry of the journal.
    seq: u64,
    /// People on the list of the draw.
    enrolled: u32,
    waiting: u32,
    returners_waiting: u32,
    /// Visits running.
    inside: u32,
    /// Called, and may still come.
    called: u32,
    terms: TermsTold,
    paused: Option<PauseTold>,
    closed_to_arrivals: bool,
    message: Option<TextTold>,
    /// Called in a second, measured; none until measured for long enough.
    people_per_sec: Option<f64>,
    promises: PromisesTold,
    places_left: u32,
    /// The last automatic decision; none before the first.
    decision: Option<DecisionTold>,
    draw: DrawTold,
}

#[derive(Debug, Serialize, ToSchema)]
struct TextTold {
    ko: String,
    en: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PauseTold {
    Operator,
    NothingLeft,
    GateInTrouble,
}

#[derive(Debug, Serialize, ToSchema)]
struct TermsTold {
    /// People inside or called, at most.
    hard_cap: u32,
    /// Of these, seats that only agents' visits may take.
    agent_seats: u32,
    /// Visits started per minute.
    rate_min_per_min: u32,
    rate_max_per_min: u32,
    grace_secs: u32,
}

#[derive(Debug, Serialize, ToSchema)]
struct PromisesTold {
    kept: u32,
    early: u32,
    late: u32,
    /// A pause, or other terms, came between.
    void: u32,
    kept_percent: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DecisionTold {
    at_ms: i64,
    called_overtaken: u32,
    called_returners: u32,
    called_line: u32,
    /// Aimed at, agents' visits included.
    rate_per_min: f64,
    /// Part of those called who come.
    show_up: f64,
    seats_free: u32,
    /// Of these, kept for people who began to sign in early and come late.
    seats_kept: u32,
    words: TextTold,
}

#[derive(Debug, Serialize, ToSchema)]
struct DrawTold {
    /// SHA-256 of the secret, in hexadecimal digits.
    secret_commitment: Option<String>,
    key_commitment: Option<String>,
    /// Merkle root of the closed list.
    root: Option<String>,
    count: Option<u64>,
    /// The draw waits until an operator gives the public value that the campaign names.
    waits_for_public_value: bool,
    revealed: bool,
    placed: u32,
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let engine = &asked.app.engine;
    let campaigns = engine.campaigns();
    let lines = engine.lines();
    let told = lines.iter().filter_map(|line| Some(LineTold::of(line, campaigns.get(line.campaign)?)));
    let lines = told.take(LINES_MAX).collect();
    Ok(Answer::json(&LinesTold { now_ms: engine.now().0, lines }))
}

impl LineTold {
    fn of(line: &LineNow, campaign: &Campaign) -> Self {
        let empty = Bilingual { ko: String::new(), en: String::new() };
        let name = campaign.opening(line.opening).map_or(&empty, |opening| &opening.name);
        let (rate_min_per_min, rate_max_per_min) = line.terms.rates_per_min();
        let score = line.score;
        Self {
            campaign: campaign.code.clone(),
            opening: line.opening.0,
            name: TextTold::of(name),
            phase: line.phase.into(),
            opens_at_ms: line.opens_at.0,
            closes_at_ms: line.closes_at.0,
            seq: line.seq,
            enrolled: line.enrolled,
            waiting: line.waiting,
            returners_waiting: line.returners_waiting,
            inside: line.inside,
            called: line.called,
            terms: TermsTold {
                hard_cap: line.terms.hard_cap(),
                agent_seats: line.terms.agent_seats(),
                rate_min_per_min,
                rate_max_per_min,
                grace_secs: line.terms.grace_secs(),
            },
            paused: line.paused.map(PauseTold::of),
            closed_to_arrivals: line.closed_to_arrivals,
            message: line.message.as_deref().map(TextTold::of),
            people_per_sec: line.speed.measured().map(|measured| measured.people_per_sec),
            promises: PromisesTold {
                kept: score.kept,
                early: score.early,
                late: score.late,
                void: score.void,
                kept_percent: score.kept_percent(),
            },
            places_left: line.places_left.iter().fold(0, |sum, (_, places)| places.saturating_add(sum)),
            decision: line.explanation.as_ref().map(DecisionTold::of),
            draw: DrawTold::of(line),
        }
    }
}

impl TextTold {
    fn of(text: &Bilingual) -> Self {
        Self { ko: text.ko.clone(), en: text.en.clone() }
    }
}

impl PauseTold {
    fn of(reason: PauseReason) -> Self {
        match reason {
            PauseReason::Operator => Self::Operator,
            PauseReason::NothingLeft => Self::NothingLeft,
            PauseReason::GateInTrouble => Self::GateInTrouble,
        }
    }
}

impl DecisionTold {
    fn of(explanation: &Explanation) -> Self {
        let Calls { overtaken, returners, line } = explanation.calls;
        let words = |language| decision_words(explanation, language);
        Self {
            at_ms: explanation.at.0,
            called_overtaken: overtaken,
            called_returners: returners,
            called_line: line,
            rate_per_min: explanation.rate_per_min,
            show_up: explanation.show_up,
            seats_free: explanation.seats_free,
            seats_kept: explanation.seats_kept,
            words: TextTold { ko: words(Language::Korean), en: words(Language::English) },
        }
    }
}

impl DrawTold {
    fn of(line: &LineNow) -> Self {
        let commitments = line.commitments.as_ref();
        Self {
            secret_commitment: commitments.map(|commitments| hex(&commitments.secret)),
            key_commitment: commitments.map(|commitments| hex(&commitments.draw_key)),
            root: line.closing.as_ref().map(|closing| hex(&closing.root)),
            count: line.closing.as_ref().map(|closing| closing.count),
            waits_for_public_value: line.names_public_value && line.closing.is_some() && line.seed.is_none(),
            revealed: line.seed.is_some(),
            placed: line.placed,
        }
    }
}
