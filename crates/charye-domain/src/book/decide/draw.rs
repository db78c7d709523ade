//! Room: domain/book/decide. The steps of a draw, each in its turn: committed to before anyone enrols, closed once the opening
//! has begun, revealed after that, then placed from the first of the list to the last.

use std::sync::Arc;

use crate::book::campaigns::CampaignState;
use crate::book::rooms::{Draw, WaitingRoom};
use crate::book::{Book, Event, Events, Rejection};
use crate::ids::{CampaignId, KeyId, OpeningId};
use crate::time::UnixMillis;
use crate::waiting_room::draw::{Closing, Commitments, DrawSecret, secret_commitment};
use crate::waiting_room::place::Place;

impl Book {
    pub(super) fn commit_draw(
        &self,
        (campaign, opening): (CampaignId, OpeningId),
        key_id: KeyId,
        commitments: &Commitments,
        now: UnixMillis,
    ) -> Result<Events, Rejection> {
        let state = self.in_force(campaign)?;
        let begins = state.campaign.opening(opening).filter(|_| state.campaign.line.is_some());
        let ahead = begins.is_some_and(|opening| now < opening.window.opens_at);
        let committed = self.rooms.get(campaign, opening).is_some_and(|room| room.draw.commitments().is_some());
        in_turn(ahead && !committed)?;
        let commitments = Box::new(*commitments);
        Ok(Events::under(&state.campaign).and(Event::DrawCommitted { opening, key_id, commitments }))
    }

    pub(super) fn close_draw(
        &self,
        of: (CampaignId, OpeningId),
        closing: &Closing,
        now: UnixMillis,
    ) -> Result<Events, Rejection> {
        let (state, room) = self.drawing(of)?;
        let begun = now >= room.opens_at();
        in_turn(begun && room.draw.closing().is_none() && closing.count == u64::from(room.draw.people()))?;
        let closing = Box::new(*closing);
        Ok(Events::under(&state.campaign).and(Event::DrawClosed { opening: of.1, closing }))
    }

    pub(super) fn reveal_draw(
        &self,
        of: (CampaignId, OpeningId),
        secret: &DrawSecret,
        public_value: &Arc<[u8]>,
    ) -> Result<Events, Rejection> {
        let (state, room) = self.drawing(of)?;
        let closed = room.draw.closing().is_some() && room.draw.secret().is_none();
        let committed = room.draw.commitments().is_some_and(|known| known.secret == secret_commitment(secret));
        in_turn(closed && committed && public_value.len() <= Draw::PUBLIC_VALUE_BYTES_MAX)?;
        let (secret, public_value) = (Box::new(secret.clone()), public_value.clone());
        Ok(Events::under(&state.campaign).and(Event::DrawRevealed { opening: of.1, secret, public_value }))
    }

    pub(super) fn place_drawn(
        &self,
        of: (CampaignId, OpeningId),
        from: u32,
        places: &Arc<[Place]>,
    ) -> Result<Events, Rejection> {
        let (state, room) = self.drawing(of)?;
        let left = room.draw.numbers().saturating_sub(from) as usize;
        let next = from == room.draw.placed() && (1..=Draw::PLACES_MAX.min(left)).contains(&places.len());
        in_turn(room.draw.secret().is_some() && next && places.iter().all(|place| place.is_drawn()))?;
        Ok(Events::under(&state.campaign).and(Event::PlacesDrawn { opening: of.1, from, places: places.clone() }))
    }

    /// The room of a draw that was committed to.
    fn drawing(
        &self,
        (campaign, opening): (CampaignId, OpeningId),
    ) -> Result<(&CampaignState, &WaitingRoom), Rejection> {
        let state = self.in_force(campaign)?;
        let room = self.rooms.get(campaign, opening).filter(|room| room.draw.commitments().is_some());
        Ok((state, room.ok_or(Rejection::DrawOutOfTurn)?))
    }
}

fn in_turn(it_is: bool) -> Result<(), Rejection> {
    if it_is { Ok(()) } else { Err(Rejection::DrawOutOfTurn) }
}
