//! Room: web/api. An opening's draw as it is published: what was committed to, the closed list's root and count, the secret
//! once it is told, and the list in pages. Open to anyone, the same for all; `docs/reference/draw.md` says how to check it.

use charye_domain::ids::OpeningId;
use charye_domain::waiting_room::draw::published::hex;
use hyper::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::asking::{campaign_at, shared, strict_query};
use super::doc::{ApiDoc, QueryField, QueryKind};
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

const PATH: &str = "/api/v1/campaigns/{campaign}/openings/{opening}/draw";
const IDS_PATH: &str = "/api/v1/campaigns/{campaign}/openings/{opening}/draw/ids";
/// What is published changes at most a few times an evening.
const MAX_AGE_SECS: u32 = 5;
/// A list that is published does not change.
const LIST_MAX_AGE_SECS: u32 = 3_600;
const PAGE_MAX: u32 = 1 << 18;

const PAGE: &[QueryField] = &[QueryField {
    name: "page",
    about: "From 0; the first if left out",
    kind: QueryKind::Integer(0, PAGE_MAX),
    required: false,
}];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::GET, PATH, Access::Anyone, show).documented(
            ApiDoc::answers::<DrawTold>("What is published of an opening's draw so far")
                .problems(&["campaign_unknown"]),
        ),
        Route::api(Method::GET, IDS_PATH, Access::Anyone, list).documented(
            ApiDoc::answers::<DrawnPageTold>(
                "The draw's list with its places, a page at a time, once the secret is told",
            )
            .query(PAGE)
            .problems(&["campaign_unknown"]),
        ),
    ]
}

/// What is published so far; hashes and secrets in hexadecimal digits.
#[derive(Debug, Serialize, ToSchema)]
struct DrawTold {
    opening: u8,
    /// SHA-256 of the secret and of the draw key: published before anyone can enrol.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_commitment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_commitment: Option<String>,
    /// People on the list, and the Merkle root over their sorted draw ids: published before the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Empty if none was named in advance.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_value: Option<String>,
    /// Pages of the list that can be asked for.
    pages: usize,
}

#[derive(Debug, Serialize, ToSchema)]
struct DrawnPageTold {
    page: usize,
    pages: usize,
    /// Sorted by draw id.
    drawn: Vec<DrawnTold>,
}

/// One entry of the list, in hexadecimal digits.
#[derive(Debug, Serialize, ToSchema)]
struct DrawnTold {
    id: String,
    /// Lower goes first.
    place: String,
}

fn opening_of(asked: &Asked) -> Result<OpeningId, Problem> {
    let text = asked.path_value(1)?;
    let plain = text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let opening = plain.then(|| text.parse().ok()).flatten().map(OpeningId);
    opening.ok_or_else(|| Problem::new("not_found"))
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, &[])?;
    let campaign = campaign_at(&asked, 0)?;
    let opening = opening_of(&asked)?;
    let lines = asked.app.engine.lines();
    let line = lines.get(campaign.id, opening).ok_or_else(|| Problem::new("not_found"))?;
    let list = asked.app.engine.draws().list(campaign.id, opening);
    let told = DrawTold {
        opening: opening.0,
        secret_commitment: line.commitments.map(|commitments| hex(&commitments.secret)),
        key_commitment: line.commitments.map(|commitments| hex(&commitments.draw_key)),
        count: line.closing.map(|closing| closing.count),
        root: line.closing.map(|closing| hex(&closing.root)),
        secret: line.seed.as_ref().map(|draw| hex(&draw.secret.0)),
        public_value: line.seed.as_ref().map(|draw| hex(&draw.public_value)),
        pages: list.filter(|_| line.seed.is_some()).map_or(0, |list| list.slices()),
    };
    Ok(shared(&asked, Answer::json(&told), MAX_AGE_SECS))
}

async fn list(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, PAGE)?;
    let not_found = || Problem::new("not_found");
    let campaign = campaign_at(&asked, 0)?;
    let opening = opening_of(&asked)?;
    let page = match asked.query.filled("page") {
        None => 0,
        Some(text) => text.parse().map_err(|_| Problem::invalid_field("page", "malformed"))?,
    };
    let lines = asked.app.engine.lines();
    let line = lines.get(campaign.id, opening).ok_or_else(not_found)?;
    let draw = line.seed.as_ref().ok_or_else(not_found)?;
    let list = asked.app.engine.draws().list(campaign.id, opening).ok_or_else(not_found)?;
    if page >= list.slices() {
        return Err(not_found());
    }
    let drawn = |id: &charye_domain::waiting_room::draw::DrawId| DrawnTold {
        id: hex(&id.0),
        place: format!("{:016x}", draw.seed.place(*id).0),
    };
    let told = DrawnPageTold { page, pages: list.slices(), drawn: list.slice(page).iter().map(drawn).collect() };
    Ok(shared(&asked, Answer::json(&told), LIST_MAX_AGE_SECS))
}
