//! Room: engine/operations. What became of an operation: settles an unknown outcome to exactly one answer (law I4).
//!
//! Called by `web/api` (`GET /operations/{key}`) and by pages after a fault. A query in turn: durable.

use charye_domain::book::{Outcome, Query, Reply};
use charye_domain::ids::OperationKey;

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// Whether an operation had been answered before it was asked for again. Asks the book only where it may be so: for one new
/// operation in forty at most.
///
/// # Errors
/// As [`Engine::query`].
pub async fn is_repetition(engine: &Engine, key: OperationKey) -> Result<bool, Failure> {
    let may_be = engine.shared.answered_keys.may_hold(key);
    Ok(may_be && look_up_operation(engine, key).await?.value.is_some())
}

/// The recorded outcome of an operation, refusals included, remembered for 24 hours; `None` if nothing was recorded.
///
/// # Errors
/// As [`Engine::query`].
pub async fn look_up_operation(engine: &Engine, key: OperationKey) -> Result<Answered<Option<Outcome>>, Failure> {
    let Answered { seq, value } = engine.query(Query::Operation { key }).await?;
    match value {
        Reply::Operation(outcome) => Ok(Answered { seq, value: outcome }),
        _ => Err(mismatched("look up an operation")),
    }
}
