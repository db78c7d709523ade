//! Room: web. Whether the process lives, whether it should be asked, and what it has counted: for machines that watch it.
//!
//! `/livez` looks at the process only, never at a dependency; `/readyz` at the sequencer's heartbeat and the disk. Must
//! never tell anything about a citizen.

use std::time::Duration;

use charye_engine::Health;
use hyper::{Method, StatusCode};
use serde_json::json;

use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// The sequencer looks at its clock every 250 ms at least: after this long it hangs.
const HEARTBEAT_AGE_MAX: Duration = Duration::from_secs(2);

/// The rows that a load balancer asks for on the citizens' listener.
pub fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/livez", Access::Anyone, alive),
        Route::page(Method::GET, "/readyz", Access::Anyone, ready),
    ]
}

/// The rows of the operators' listener, which strangers cannot reach: the same, and everything counted.
pub fn operations_routes() -> Vec<Route> {
    let mut routes = routes();
    routes.push(Route::page(Method::GET, "/metrics", Access::Anyone, metrics));
    routes
}

async fn alive(_: Asked) -> Result<Answer, Problem> {
    Ok(text("ok\n"))
}

async fn ready(asked: Asked) -> Result<Answer, Problem> {
    let health = asked.app.engine.health();
    let causes = causes(&health);
    let status = if causes.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = json!({
        "ready": causes.is_empty(),
        "causes": causes,
        // Reads are answered while the clock is unsure, so this alone is no reason to send people elsewhere.
        "clock_unsure": health.clock_unsure,
        "head_seq": health.head_seq,
        "projected_seq": health.projected_seq,
        "violations": health.violations,
    });
    Ok(Answer::json(&told).status(status))
}

/// Why not to send people here, if so.
fn causes(health: &Health) -> Vec<&'static str> {
    let checks = [
        ("draining", health.draining),
        ("sequencer_hangs", health.heartbeat_age > HEARTBEAT_AGE_MAX),
        ("storage_low", health.storage_low),
        ("journal_changed", health.journal_doubted),
    ];
    checks.into_iter().filter(|(_, holds)| *holds).map(|(cause, _)| cause).collect()
}

async fn metrics(asked: Asked) -> Result<Answer, Problem> {
    let render = asked.app.metrics.as_ref().ok_or_else(|| Problem::new("not_found"))?;
    Ok(Answer::of(StatusCode::OK, "text/plain; version=0.0.4", render().into()))
}

fn text(text: &'static str) -> Answer {
    Answer::of(StatusCode::OK, "text/plain; charset=utf-8", bytes::Bytes::from_static(text.as_bytes()))
}
