//! Room: engine/reservation. What a citizen asks about themselves: visit, hold, reservations. A query in turn, so the
//! answer is durable and they read their own writes (law I6).
//!
//! Called by `web/citizen` and `web/api`; needs sign-in only. It must never answer from the board or a projection.

use charye_domain::book::{CitizenView, Query, Reply, ReservationView};
use charye_domain::ids::{CampaignId, Person, ReservationNumber};
use charye_domain::weakness::Defence;

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// Everything the book knows of a person in a campaign.
///
/// # Errors
/// As [`Engine::query`].
pub async fn look_up_citizen(
    engine: &Engine,
    person: Person,
    campaign: CampaignId,
) -> Result<Answered<CitizenView>, Failure> {
    let Answered { seq, value } = engine.query(Query::Citizen { person, campaign }).await?;
    match value {
        Reply::Citizen(view) => Ok(Answered { seq, value: view }),
        _ => Err(mismatched("look up a citizen")),
    }
}

/// The reservation with this number, if it is this person's. Somebody else's is `None` too: nobody learns it exists.
///
/// # Errors
/// As [`Engine::query`].
pub async fn look_up_reservation(
    engine: &Engine,
    person: Person,
    number: ReservationNumber,
) -> Result<Answered<Option<ReservationView>>, Failure> {
    let Answered { seq, value } = engine.query(Query::ReservationByNumber { number }).await?;
    match value {
        Reply::Reservation(found) => {
            let own = |view: &ReservationView| view.person == person || Defence::OwnReservation.is_off();
            Ok(Answered { seq, value: found.filter(own) })
        }
        _ => Err(mismatched("look up a reservation")),
    }
}
