//! Room: domain/book/decide. Steering a line: terms that fit together, openings moved with notice, and who may end whose pause.

use std::sync::Arc;

use crate::book::{Actor, Book, Event, Events, Rejection};
use crate::campaign::{Bilingual, Campaign};
use crate::ids::{CampaignId, OpeningId};
use crate::time::UnixMillis;
use crate::waiting_room::admission::PauseReason;
use crate::waiting_room::plan::LinePlan;
use crate::waiting_room::steering::Steering;

/// Who steers what, and when.
pub(super) struct Steerer<'a> {
    pub(super) campaign: CampaignId,
    pub(super) opening: OpeningId,
    pub(super) actor: Actor,
    pub(super) note: &'a Arc<str>,
    pub(super) rehearsal: bool,
    pub(super) now: UnixMillis,
}

impl Book {
    pub(super) fn steer(&self, by: &Steerer<'_>, steering: &Steering) -> Result<Events, Rejection> {
        let state = self.in_force(by.campaign)?;
        let campaign = &state.campaign;
        let plan = campaign.line.as_ref().filter(|_| campaign.opening(by.opening).is_some());
        let plan = plan.ok_or(Rejection::CampaignUnknown)?;
        let paused = self.rooms.get(by.campaign, by.opening).and_then(|room| room.door().paused());
        // What an operator stopped, no machine starts again, nor gives another reason for.
        let touches_pause = matches!(steering, Steering::Pause(_) | Steering::Resume);
        if by.actor == Actor::System && touches_pause && paused == Some(PauseReason::Operator) {
            return Err(Rejection::NotAllowed);
        }
        if let Steering::OpenAt(opens_at) = steering {
            check_notice(campaign, by, *opens_at)?;
        }
        let sound = match steering {
            Steering::Terms { hard_cap, rate_min_per_min, rate_max_per_min } => {
                *hard_cap <= LinePlan::HARD_CAP_MAX
                    && *rate_max_per_min <= LinePlan::RATE_MAX_PER_MIN
                    && plan.terms.with_rates(*rate_min_per_min..=*rate_max_per_min).is_ok()
            }
            Steering::Message(Some(Bilingual { ko, en })) => {
                [ko, en].iter().all(|text| text.chars().count() <= Steering::MESSAGE_CHARS_MAX)
            }
            _ => true,
        };
        if !sound || by.note.chars().count() > Steering::NOTE_CHARS_MAX {
            return Err(Rejection::TermsUnsound);
        }
        let (opening, steering, note) = (by.opening, Box::new(steering.clone()), by.note.clone());
        Ok(Events::under(campaign).and(Event::Steered { opening, steering, note }))
    }
}

/// An opening that has not begun may begin at another time before its end, not out of the order of openings, and outside
/// rehearsals not sooner than people can be told.
fn check_notice(campaign: &Campaign, by: &Steerer<'_>, opens_at: UnixMillis) -> Result<(), Rejection> {
    let position = usize::from(by.opening.0);
    let opens = |position: usize| campaign.openings.get(position).map(|opening| opening.window.opens_at);
    let closes_at = campaign.openings.get(position).map_or(opens_at, |opening| opening.window.closes_at);
    let before = position.checked_sub(1).and_then(opens);
    let ahead = opens(position).is_some_and(|opens_at| by.now < opens_at);
    let in_order =
        before.is_none_or(|before| before <= opens_at) && opens(position + 1).is_none_or(|next| opens_at <= next);
    let noticed = by.rehearsal || by.now.plus_secs(Steering::NOTICE_MIN_SECS) <= opens_at;
    if ahead && in_order && noticed && opens_at < closes_at { Ok(()) } else { Err(Rejection::NoticeTooShort) }
}
