//! Room: web/operators. What operators see of the lines and the identity providers, and how they steer them: JSON on a
//! listener of its own, for `charye steer`, `charye provider` and the situation room. Every row wants an operator's token.
//!
//! Must never change a line by itself: it makes a typed order of what was asked, and the book judges.

mod lines;
mod providers;
mod steer;
mod words;

use charye_domain::book::{Actor, Channel, Provenance};
use charye_domain::campaign::Campaign;
use charye_domain::ids::OpeningId;

use crate::Asked;
use crate::gate::Refusal;
use crate::problem::Problem;
use crate::routes::Route;

/// The rows of the operators' listener.
pub fn routes() -> Vec<Route> {
    [lines::routes(), steer::routes(), providers::routes()].concat()
}

/// Who steers, as the journal names them.
fn by_operator(asked: &Asked) -> Result<Provenance, Problem> {
    let number = asked.caller.operator.ok_or_else(|| Problem::refused(Refusal::OperatorsOnly))?;
    Ok(Provenance { actor: Actor::Operator(number), channel: Channel::Api, reason: 0 })
}

/// Campaign and opening that the path names.
fn line_at(asked: &Asked) -> Result<(std::sync::Arc<Campaign>, OpeningId), Problem> {
    let not_found = || Problem::new("not_found");
    let campaign = asked.app.engine.campaigns().by_code(asked.path_value(0)?).cloned().ok_or_else(not_found)?;
    let opening = OpeningId(asked.path_value(1)?.parse().map_err(|_| not_found())?);
    let known = campaign.line.is_some() && campaign.opening(opening).is_some();
    known.then_some((campaign, opening)).ok_or_else(not_found)
}
