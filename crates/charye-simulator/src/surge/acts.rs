//! Room: simulator/surge. What people do: the player carries out what a citizen wishes for, by a use case of the engine or a
//! poll of the published line. It must never ask for anything a client could not.

use std::sync::Arc;

use charye_domain::book::{Action, Channel, Command, EndWish, LinePurpose, Operation, Places};
use charye_domain::ids::{BlockId, OperationKey, SlotId};
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_domain::waiting_room::wait_estimate::Estimate;
use charye_engine::operations::look_up_operation;
use charye_engine::reservation::{cancel_reservation, confirm_reservation, hold_places};
use charye_engine::waiting_room::{LineNow, Polled, arrive, claim, leave, poll};
use charye_engine::{Inside, by_citizen, by_system};

use crate::chance::Chance;
use crate::country::{ADULT, CAMPAIGN};
use crate::surge::citizen::{FirstRange, Keyed, Stage, Stand, Wish};
use crate::surge::player::Surge;
use crate::surge::told::Told;

impl Surge<'_> {
    pub(super) fn act(&mut self, who: usize) {
        let Some(engine) = self.world.engine().cloned() else {
            let again = self.chance.within(&(3_000..=6_000));
            return self.act_in(who, again);
        };
        let chance = &mut self.chance;
        let citizen = &mut self.citizens[who];
        let wish = citizen.wish(&mut || new_operation(chance));
        let (person, began) = (citizen.person, citizen.began);
        match wish {
            Wish::Nothing => {}
            Wish::Poll(ticket) => self.poll(who, &ticket),
            Wish::Arrive => self.send(who, async move {
                let told = arrive(
                    &engine,
                    person,
                    CAMPAIGN,
                    ADULT,
                    began,
                    LinePurpose::Reserve,
                    by_citizen(person, Channel::Api),
                )
                .await;
                Told::Arrived { who, told }
            }),
            Wish::Claim => self.send(who, async move {
                Told::Claimed {
                    who,
                    told: claim(&engine, person, CAMPAIGN, ADULT, by_citizen(person, Channel::Api)).await,
                }
            }),
            Wish::Look { generation } => self.look(who, generation),
            Wish::Keyed(keyed, operation) => self.ask_keyed(who, keyed, operation),
            Wish::LookUp(operation) => self.send(who, async move {
                Told::LookedUp { who, operation, told: look_up_operation(&engine, operation.key).await }
            }),
            Wish::SignOut { generation } => self.send(who, async move {
                Told::SignedOut {
                    who,
                    told: leave(&engine, person, CAMPAIGN, generation, by_citizen(person, Channel::Api)).await,
                }
            }),
            Wish::BeFailed { generation } => {
                let wish = EndWish::OurFault;
                let action = Action::EndVisit { person, campaign: CAMPAIGN, generation, wish };
                let by = by_system(Channel::Internal);
                self.send(who, async move {
                    let told = engine.command(Command { by, operation: None, action }).await;
                    Told::Failed { who, told }
                });
            }
            Wish::Cancel { reservation } => {
                let by = by_citizen(person, Channel::Api);
                self.send(who, async move {
                    Told::Cancelled { who, told: cancel_reservation(&engine, person, reservation, by, None).await }
                });
            }
        }
    }

    pub(super) fn send(&mut self, who: usize, errand: impl Future<Output = Told> + 'static) {
        self.citizens[who].under_way = true;
        self.errands.send(errand);
    }

    pub(super) fn poll(&mut self, who: usize, ticket: &TicketStanding) {
        let (Some(line), Some(engine)) = (self.line(), self.world.engine()) else { return self.act_in(who, 1_000) };
        let now = engine.now();
        self.history.polls += 1;
        let jitter = self.chance.bits() as u16;
        self.take_drawn_place(who, ticket, &line);
        match poll(&line, self.citizens[who].person, ticket, now, jitter) {
            Polled::Enrolled { ask_again_ms, .. } | Polled::Drawing { ask_again_ms } => {
                self.act_in(who, u64::from(ask_again_ms));
            }
            Polled::Wait { estimate, ask_again_ms, .. } => {
                if let Some(stand) = self.citizens[who].stand {
                    self.history.told_to_wait(stand, line.seq);
                }
                if let Estimate::Range(range) = estimate {
                    self.history.check_width(range);
                    let terms = self.history.terms;
                    let citizen = &mut self.citizens[who];
                    let is_first = citizen.asks_steadily && citizen.first_range.is_none();
                    if is_first {
                        citizen.first_range = Some(FirstRange { told_at: now, range, terms });
                    }
                }
                self.act_in(who, u64::from(ask_again_ms));
            }
            Polled::Come => {
                if let Some(first) = self.citizens[who].first_range.take() {
                    self.history.was_called(first, now);
                }
                self.citizens[who].stage = Stage::Called;
                let walks = self.chance.within(&(50..=1_500));
                self.act_in(who, walks);
            }
            Polled::Returning { ask_again_ms, .. } => self.act_in(who, u64::from(ask_again_ms)),
            Polled::Over => self.citizens[who].stage = Stage::Done,
        }
    }

    /// Who was drawn learns their place from what is published.
    pub(super) fn take_drawn_place(&mut self, who: usize, ticket: &TicketStanding, line: &LineNow) {
        let (TicketStanding::Drawn(id), Some(draw)) = (ticket, &line.seed) else { return };
        let place = draw.seed.place(*id);
        self.citizens[who].stand.get_or_insert(Stand { place, since_seq: line.seq });
    }

    pub(super) fn look(&mut self, who: usize, generation: u32) {
        let Some(slot) = self.free_slot() else {
            let again = self.chance.within(&(500..=2_000));
            return self.act_in(who, again);
        };
        let operation = new_operation(&mut self.chance);
        let keyed = Keyed::Hold { slot, generation };
        self.citizens[who].pending = Some((keyed, operation));
        self.ask_keyed(who, keyed, operation);
    }

    /// A slot that the board shows as free, from a random place on.
    pub(super) fn free_slot(&mut self) -> Option<SlotId> {
        let availability = Arc::clone(self.world.engine()?).availability();
        let board = availability.board();
        let blocks = board.blocks();
        let first = self.chance.below(u64::from(blocks)) as u32;
        let from_first = (0..blocks).map(|step| BlockId((first + step) % blocks));
        from_first.flat_map(|block| board.slots_of(block)).find(|slot| board.remaining(*slot) > 0)
    }

    pub(super) fn ask_keyed(&mut self, who: usize, keyed: Keyed, operation: Operation) {
        let Some(engine) = self.world.engine().cloned() else { return };
        let person = self.citizens[who].person;
        let inside =
            move |generation| Inside::citizen(person, CAMPAIGN, generation, ADULT, Channel::Api, Some(operation));
        match keyed {
            Keyed::Hold { slot, generation } => self.send(who, async move {
                let places = Places { first: slot, second: None };
                let told = hold_places(&engine, inside(generation), places).await;
                Told::Held { who, slot, operation, generation, told }
            }),
            Keyed::Confirm { hold, generation } => self.send(who, async move {
                let told = confirm_reservation(&engine, inside(generation), hold).await;
                Told::Confirmed { who, operation, told }
            }),
        }
    }

    pub(super) fn ask_from_other_device(&mut self, who: usize) {
        let Some(engine) = self.world.engine().cloned() else { return };
        let (person, began) = (self.citizens[who].person, self.now());
        if !matches!(self.citizens[who].stage, Stage::InLine(_)) {
            return;
        }
        self.errands.send(async move {
            let told = arrive(
                &engine,
                person,
                CAMPAIGN,
                ADULT,
                began,
                LinePurpose::Reserve,
                by_citizen(person, Channel::Page),
            )
            .await;
            Told::OtherDevice { who, told }
        });
    }

    pub(super) fn return_in_mass(&mut self) {
        let Some((_, percent)) = self.scenario.mass_return else { return };
        for who in 0..self.citizens.len() {
            let returns = self.chance.percent(percent);
            let soon = self.chance.within(&(1..=2_000));
            let citizen = &mut self.citizens[who];
            if returns && citizen.temper.gone_after_polls.is_some() && matches!(citizen.stage, Stage::InLine(_)) {
                citizen.comes_back();
                self.act_in(who, soon);
            }
        }
    }
}

fn new_operation(chance: &mut Chance) -> Operation {
    let key = u128::from(chance.bits()) << 64 | u128::from(chance.bits());
    Operation { key: OperationKey(key), request_hash: 7 }
}
