//! Room: web/citizen. What everyone may read of a line: how its draw works and its published values, the list in slices,
//! and the line as it stands now. Open to anyone, the same for all. Never says anything of one person but the draw id of
//! whoever asks, to themselves.

use bytes::Bytes;
use charye_domain::campaign::Campaign;
use charye_domain::ids::OpeningId;
use charye_domain::waiting_room::draw::published::hex;
use charye_engine::waiting_room::{DrawList, LineNow};
use hyper::header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH};
use hyper::{Method, StatusCode};

use super::layout::{Layout, Part};
use super::line::own_ticket;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::{Access, Surface};
#[cfg(any(test, feature = "samples"))]
use crate::locale::Language;
use crate::problem::Problem;
use crate::routes::{Quick, Route};
use crate::waiting_room::{draw_id, line_told};
use crate::{Answer, Asked};

/// Slices that the page links to; whoever checks the whole draw counts on by themselves.
const SLICES_SHOWN_MAX: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::quick("/line/{campaign}/{opening}/now", Surface::Page, now),
        Route::page(Method::GET, "/line/{campaign}/{opening}/draw", Access::Anyone, show),
        Route::page(Method::GET, "/line/{campaign}/{opening}/draw/{slice}", Access::Anyone, slice),
    ]
}

#[derive(askama::Template)]
#[template(path = "line_draw.html")]
struct DrawPage {
    layout: Layout,
    campaign: String,
    opening: String,
    /// What is named as the draw's public value.
    public_value: Option<String>,
    draw: Option<DrawWords>,
    own_id: Option<String>,
    /// Where the published file begins; its slices follow.
    head: String,
    /// Each with its number, from 1, and its address.
    slices: Vec<(i64, String)>,
    back: Option<String>,
}

/// The published values, in hexadecimal digits.
struct DrawWords {
    secret_commitment: String,
    key_commitment: String,
    count: Option<i64>,
    root: Option<String>,
    secret: Option<String>,
}

impl DrawWords {
    fn of(line: &LineNow) -> Option<Self> {
        let commitments = line.commitments?;
        Some(Self {
            secret_commitment: hex(&commitments.secret),
            key_commitment: hex(&commitments.draw_key),
            count: line.closing.map(|closing| i64::try_from(closing.count).unwrap_or(i64::MAX)),
            root: line.closing.map(|closing| hex(&closing.root)),
            secret: line.seed.as_ref().map(|draw| hex(&draw.secret.0)),
        })
    }
}

/// The line as everyone may read it, at most a second or two old. Written once a change, however many ask.
fn now(quick: &Quick<'_>) -> Result<Answer, Problem> {
    let [code, opening] = quick.path else { return Err(Problem::new("not_found")) };
    let campaigns = quick.app.engine.campaigns();
    let campaign = campaigns.by_code(code).ok_or_else(|| Problem::new("campaign_unknown"))?;
    let lines = quick.app.engine.lines();
    let line = parse_opening(opening).and_then(|opening| lines.get(campaign.id, opening));
    let text = line_told(line.ok_or_else(|| Problem::new("not_found"))?, campaign);
    let hash = blake3::hash(&text).to_hex();
    let tag = format!("\"{}\"", hash.get(..32).unwrap_or_default());
    let known = quick.headers.get_all(IF_NONE_MATCH).iter().any(|sent| {
        let mut sent = sent.to_str().unwrap_or_default().split(',').map(str::trim);
        sent.any(|sent| sent == "*" || sent.trim_start_matches("W/") == tag)
    });
    let answer = Answer::of(StatusCode::OK, "application/json", Bytes::from_owner(text));
    let answer = if known { answer.not_modified() } else { answer };
    let tag = HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
    Ok(answer.with(CACHE_CONTROL, HeaderValue::from_static("public, max-age=1")).with(ETAG, tag))
}

fn parse_opening(text: &str) -> Option<OpeningId> {
    let plain = text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten().map(OpeningId)
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let (campaign, opening) = opening_at(&asked)?;
    let lines = asked.app.engine.lines();
    let line = lines.get(campaign.id, opening).ok_or_else(|| Problem::new("not_found"))?;
    let language = asked.language;
    let login = asked.caller.login.as_ref();
    let ticket = login.and_then(|login| own_ticket(&asked, login)).filter(|ticket| ticket.opening == opening);
    let ticket = ticket.filter(|ticket| ticket.campaign == campaign.id);
    let own_id = login.filter(|_| ticket.is_some()).and_then(|login| draw_id(&asked, login, line));
    let list = line.seed.as_ref().and_then(|_| asked.app.engine.draws().list(campaign.id, opening));
    let slices = list.map_or(0, |list| list.slices()).min(SLICES_SHOWN_MAX);
    let here = format!("/line/{}/{}/draw", campaign.code, opening.0);
    let slice = |number: usize| (i64::try_from(number).unwrap_or(i64::MAX) + 1, format!("{here}/{number}"));
    let note = campaign.line.as_ref().and_then(|plan| plan.public_value_note.as_ref());
    let page = DrawPage {
        layout: Layout::of(&asked, Part::Elsewhere).about(&campaign),
        campaign: language.of(&campaign.name).to_owned(),
        opening: campaign.opening(opening).map_or("", |opening| language.of(&opening.name)).to_owned(),
        public_value: note.map(|note| language.of(note).to_owned()),
        draw: DrawWords::of(line),
        own_id: own_id.map(|id| hex(&id.0)),
        head: format!("{here}/head"),
        slices: (0..slices).map(slice).collect(),
        back: ticket.map(|_| format!("/line/{}", campaign.code)),
    };
    super::page(language, &page)
}

/// The head of the published file, or one slice of it: a draw id and its place a line. A head with any slices after it can be
/// verified.
async fn slice(asked: Asked) -> Result<Answer, Problem> {
    let not_found = || Problem::new("not_found");
    let (campaign, opening) = opening_at(&asked)?;
    let lines = asked.app.engine.lines();
    let line = lines.get(campaign.id, opening).ok_or_else(not_found)?;
    let list = asked.app.engine.draws().list(campaign.id, opening).ok_or_else(not_found)?;
    let text = match asked.path_value(2)? {
        "head" => head_text(line, &list),
        number => number.parse().ok().and_then(|number| slice_text(line, &list, number)),
    };
    let text = text.ok_or_else(not_found)?;
    let kept = HeaderValue::from_static("public, max-age=86400");
    Ok(Answer::of(StatusCode::OK, "text/plain; charset=utf-8", text.into()).with(CACHE_CONTROL, kept))
}

fn head_text(line: &LineNow, list: &DrawList) -> Option<String> {
    let mut text = String::new();
    list.write_head(line, &mut |written| add_line(&mut text, written))?;
    Some(text)
}

fn slice_text(line: &LineNow, list: &DrawList, number: usize) -> Option<String> {
    let ids = Some(list.slice(number)).filter(|ids| !ids.is_empty())?;
    let mut text = String::with_capacity(16 + ids.len() * 50);
    list.write_slice(line, number, &mut |written| add_line(&mut text, written))?;
    Some(text)
}

fn add_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn opening_at(asked: &Asked) -> Result<(std::sync::Arc<Campaign>, OpeningId), Problem> {
    let campaign = asked.app.engine.campaigns().by_code(asked.path_value(0)?).cloned();
    let campaign = campaign.ok_or_else(|| Problem::new("campaign_unknown"))?;
    let opening = parse_opening(asked.path_value(1)?).ok_or_else(|| Problem::new("not_found"))?;
    Ok((campaign, opening))
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let digits = |pair: &str| pair.repeat(32);
    let page = |draw, slices: usize, mine: bool| {
        super::rendered(&DrawPage {
            layout: Layout::sample(language, mine, Part::Elsewhere),
            campaign: names.campaign(language),
            opening: names.opening(language),
            public_value: mine.then(|| names.or("KOSPI, 2021-08-09", "<KOSPI> & \"more\"")),
            draw,
            own_id: mine.then(|| "090ac6520e5f40a285b6783bfc961ef8".to_owned()),
            head: "/line/kr/8/draw/head".to_owned(),
            slices: (0..slices)
                .map(|n| (i64::try_from(n).unwrap_or_default() + 1, format!("/line/kr/8/draw/{n}")))
                .collect(),
            back: mine.then(|| "/line/kr".to_owned()),
        })
    };
    let committed = || DrawWords {
        secret_commitment: digits("99"),
        key_commitment: digits("95"),
        count: None,
        root: None,
        secret: None,
    };
    let revealed =
        DrawWords { count: Some(9_412_118), root: Some(digits("b8")), secret: Some(digits("5e")), ..committed() };
    vec![
        ("draw", page(None, 0, false)),
        ("draw-committed", page(Some(committed()), 0, true)),
        ("draw-revealed", page(Some(revealed), 3, true)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_named_in_one_way_only() {
        assert_eq!(parse_opening("0"), Some(OpeningId(0)));
        assert_eq!(parse_opening("255"), Some(OpeningId(255)));
        for text in ["", "00", "01", "+1", "-1", "256", "1 ", "１", "1.0"] {
            assert_eq!(parse_opening(text), None, "{text:?}");
        }
    }
}
