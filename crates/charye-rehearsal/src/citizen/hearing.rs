//! Room: rehearsal/citizen. What a citizen makes of an answer: where it leads, what is written into the history, and what
//! is done when none came.
//!
//! Called by `evening`, with each answer. Must never invent one: what was not heard is unknown, and is asked for by its key.

use std::time::Duration;

use super::told::{self, Told, an_offer};
use super::{AGAIN_MS, AGAIN_MS_MAX, Around, Citizen, LOOKS_PERMILLE, Next, PLACES_TRIED_MAX, Step, Whereabouts};
use crate::load::Answer;
use crate::recorder::{AnswerKind, AtProvider, HistoryLine};

impl Citizen {
    /// Hears the answer to what they asked; `None` if there is none and never will be.
    pub(crate) fn hear(&mut self, answer: Option<&Answer<'_>>, around: &mut Around<'_>) -> Next {
        let read = answer.and_then(|answer| Some((answer, self.read(answer)?)));
        let Some((answer, told)) = read.filter(|(answer, _)| answer.status != 500) else {
            around.recorder.answered(self.step, around.latency, AnswerKind::Failed);
            around.recorder.refused(self.step, answer.map_or("connection_broken", |_| "fault"));
            self.note(None, "unknown", &Told::default(), around);
            return self.lost(around);
        };
        let operation = answer.header("charye-operation:");
        let leads_back = self.step == Step::AtProvider && answer.status == 303;
        if (200..300).contains(&answer.status) || leads_back {
            around.recorder.answered(self.step, around.latency, AnswerKind::Wanted);
            if self.step.operation().is_some() {
                self.note(operation, "confirmed", &told, around);
            }
            if self.step.operation().is_some() {
                self.tries = 0;
            }
            return self.go_on(answer, &told, around);
        }
        let code = told.code.unwrap_or("no_code").to_owned();
        around.recorder.answered(self.step, around.latency, AnswerKind::Refused);
        around.recorder.refused(self.step, &code);
        let busy = matches!(answer.status, 429 | 503);
        if self.is_on_way_in() {
            return self.stopped_on_way_in(&code, &told, busy.then(|| answer.header("retry-after:")).flatten(), around);
        }
        if self.step.operation().is_some() {
            self.note(operation, if busy { "busy" } else { "refused" }, &told, around);
        }
        if busy {
            let named = answer.header("retry-after:").and_then(|secs| secs.parse().ok());
            return self.again(told.retry_after_secs.or(named).map(|secs| secs * 1_000), around);
        }
        self.take_no(&code, &told, around)
    }

    /// A look-up is not read here: it is long, and only one place of it is wanted.
    fn read<'a>(&self, answer: &Answer<'a>) -> Option<Told<'a>> {
        if self.step == Step::LookUp && answer.status == 200 { Some(Told::default()) } else { Told::read(answer.body) }
    }

    /// Writes into the history what was heard of an operation, or of one's own reservations.
    fn note(&self, key: Option<&str>, answer: &str, told: &Told<'_>, around: &mut Around<'_>) {
        let of_look_up = (self.step == Step::Mine).then_some("look_up");
        let settled = (self.step == Step::Settle).then_some(self.unknown).flatten();
        let Some(op) = settled.unwrap_or(self.step).operation().or(of_look_up) else { return };
        let client = format!("{}/{}", self.wants.row, self.wants.device);
        around.recorder.write(HistoryLine {
            client: &client,
            op,
            key,
            answer,
            seq: told.seq,
            number: told.number.or_else(|| told.active_number()),
            code: told.code,
            recorded: told.recorded,
        });
    }

    /// What was wanted was done.
    fn go_on(&mut self, answer: &Answer<'_>, told: &Told<'_>, around: &mut Around<'_>) -> Next {
        match self.step {
            Step::AskDate => self.leave(Whereabouts::TurnedAway, around),
            Step::Begin => {
                told.sign_in.unwrap_or_default().clone_into(&mut self.way_in.kept);
                let url = told.next.as_ref().and_then(|leads| leads.url);
                let is_led = url.and_then(|url| self.way_in.led_to(url, self.wants.row)).is_some();
                self.count_at_provider(AtProvider::Begun, around);
                if is_led { self.ask(Step::AtProvider) } else { self.fails_at_provider("led_nowhere", around) }
            }
            Step::AtProvider => match answer.header("location:").and_then(|to| self.way_in.led_back(to)) {
                Some(()) => self.ask(Step::ComeBack),
                None => self.fails_at_provider("led_nowhere", around),
            },
            Step::ComeBack | Step::SignIn => {
                if self.step == Step::ComeBack {
                    self.count_at_provider(AtProvider::SignedIn, around);
                }
                told.login.unwrap_or_default().clone_into(&mut self.login);
                around.recorder.signed_in += 1;
                self.is_at(Whereabouts::Waiting, around);
                self.ask(if around.scene.has_line { Step::TakePlace } else { Step::Enter })
            }
            Step::TakePlace | Step::Poll => self.stand_in_line(told, around),
            Step::Enter => {
                told.pass.unwrap_or_default().clone_into(&mut self.pass);
                if self.whereabouts == Whereabouts::Waiting {
                    around.recorder.waited(around.now.saturating_sub(self.came_at), self.promised.take());
                    self.is_at(Whereabouts::Inside, around);
                }
                self.ask(Step::LookUp)
            }
            Step::LookUp => self.choose(answer.body, around),
            Step::Days => match told.free_days.first() {
                Some(day) => {
                    (*day).clone_into(&mut self.day);
                    self.ask(Step::Times)
                }
                None => self.look_elsewhere(around),
            },
            Step::Times => {
                let free: Vec<_> = told.times.iter().filter(|time| time.remaining > 0).collect();
                let chosen = around.dice.below(u32::try_from(free.len()).unwrap_or(u32::MAX));
                match free.get(chosen as usize) {
                    Some(time) => {
                        time.slot.clone_into(&mut self.second);
                        self.begin(self.hold_or_change())
                    }
                    None => self.look_elsewhere(around),
                }
            }
            Step::Hold => self.has_hold(told.hold, around),
            Step::Confirm => self.has_reservation(told.number, around),
            Step::Mine => {
                self.note(None, "confirmed", told, around);
                self.see_own(told.active_number(), around)
            }
            Step::Change => {
                around.recorder.changed += 1;
                self.ask(Step::Mine)
            }
            Step::Cancel => {
                around.recorder.cancelled += 1;
                self.number.clear();
                self.ask(Step::Mine)
            }
            Step::Settle => self.settle(told, around),
        }
    }

    /// A rule said no. Every code has its place here, or is a surprise and ends the way.
    fn take_no(&mut self, code: &str, told: &Told<'_>, around: &mut Around<'_>) -> Next {
        match code {
            "not_in_cohort" | "opening_not_yet" | "openings_over" | "line_closed" => {
                self.leave(Whereabouts::TurnedAway, around)
            }
            "sign_in_first" | "person_unknown" => self.sign_in_again().counted(self, around),
            "not_called" => self.stand_in_line(told, around),
            "already_reserved" | "reservation_active" if self.number.is_empty() => {
                self.leave(Whereabouts::PutAside, around)
            }
            "already_reserved" | "reservation_active" | "too_late" | "move_not_allowed" => {
                self.leave(Whereabouts::Reserved, around)
            }
            "visit_moved" | "hold_open" if self.wants.has_two_devices => self.leave(Whereabouts::PutAside, around),
            "wait_first" | "no_visit" | "visit_moved" | "no_place" if !self.number.is_empty() => {
                self.leave(Whereabouts::Reserved, around)
            }
            "wait_first" | "no_visit" | "visit_moved" | "no_place" => {
                self.is_at(Whereabouts::Waiting, around);
                self.ask(if around.scene.has_line { Step::TakePlace } else { Step::Enter }).counted(self, around)
            }
            "sold_out"
            | "second_dose_sold_out"
            | "slot_blocked"
            | "slot_past"
            | "hold_expired"
            | "hold_unknown"
            | "hold_open" => self.look_elsewhere(around),
            _ => self.leave(Whereabouts::Failed, around),
        }
    }

    /// Does as the line says.
    fn stand_in_line(&mut self, told: &Told<'_>, around: &mut Around<'_>) -> Next {
        if let Some(ticket) = told.ticket {
            ticket.clone_into(&mut self.ticket);
        }
        if self.promised.is_none() && self.whereabouts == Whereabouts::Waiting {
            let secs = Duration::from_secs;
            let from_now = |wait: told::Wait| {
                let waited = around.now.saturating_sub(self.came_at);
                (waited + secs(wait.from_secs), waited + secs(wait.to_secs))
            };
            self.promised = told.wait.map(from_now);
        }
        match told.state {
            Some("come") => return self.ask(Step::Enter),
            Some("over") => return self.leave(Whereabouts::TurnedAway, around),
            // On the list of an opening to come, where they are told another date: this evening has nothing more for them,
            // and to wait for that one would keep it from ending.
            Some("enrolled") if !self.wants.may_reserve => return self.leave(Whereabouts::TurnedAway, around),
            _ => {}
        }
        if !self.number.is_empty() {
            // A change is not worth a wait: what they have is kept.
            return self.leave(Whereabouts::Reserved, around);
        }
        let again = told.ask_again_ms.or(told.retry_after_secs.map(|secs| secs * 1_000));
        let again = Duration::from_millis(again.unwrap_or(AGAIN_MS).clamp(1, AGAIN_MS_MAX));
        // Who is told to ask again when they will have lost patience goes at once.
        let waited = around.now.saturating_sub(self.came_at) + again;
        if around.scene.give_up_after.is_some_and(|limit| waited > limit) {
            return self.go_away(around);
        }
        self.step = if self.ticket.is_empty() { Step::Enter } else { Step::Poll };
        Next::After(again)
    }

    /// Picks a place near home out of a look-up.
    fn choose(&mut self, body: &[u8], around: &mut Around<'_>) -> Next {
        let from = around.dice.below(u32::try_from(body.len()).unwrap_or(u32::MAX)) as usize;
        let Some(offer) = an_offer(body, from) else {
            if self.looks_everywhere {
                return self.leave(Whereabouts::NothingLeft, around);
            }
            self.looks_everywhere = true;
            return self.ask(Step::LookUp);
        };
        offer.clinic.clone_into(&mut self.clinic);
        offer.product.clone_into(&mut self.product);
        offer.slot.clone_into(&mut self.first);
        self.second.clear();
        if around.scene.doses_together { self.ask(Step::Days) } else { self.begin(self.hold_or_change()) }
    }

    fn look_elsewhere(&mut self, around: &mut Around<'_>) -> Next {
        self.places_tried += 1;
        if !self.number.is_empty() && self.places_tried > PLACES_TRIED_MAX {
            return self.leave(Whereabouts::Reserved, around);
        }
        if self.places_tried > PLACES_TRIED_MAX {
            return self.leave(Whereabouts::NothingLeft, around);
        }
        self.looks_everywhere |= self.places_tried > PLACES_TRIED_MAX / 2;
        if self.whereabouts == Whereabouts::Holding {
            self.is_at(Whereabouts::Inside, around);
        }
        self.ask(Step::LookUp)
    }

    /// What the chosen places are for: a first reservation, or another time for it.
    fn hold_or_change(&self) -> Step {
        if self.number.is_empty() { Step::Hold } else { Step::Change }
    }

    fn has_hold(&mut self, hold: Option<&str>, around: &mut Around<'_>) -> Next {
        hold.unwrap_or_default().clone_into(&mut self.hold);
        self.is_at(Whereabouts::Holding, around);
        if self.wants.walks_away {
            around.recorder.walked_away += 1;
            return self.leave(Whereabouts::GaveUp, around);
        }
        self.begin(Step::Confirm);
        if self.wants.hesitates.is_zero() { Next::Now } else { Next::After(self.wants.hesitates) }
    }

    fn has_reservation(&mut self, number: Option<&str>, around: &mut Around<'_>) -> Next {
        number.unwrap_or_default().clone_into(&mut self.number);
        around.recorder.confirmed += 1;
        self.is_at(Whereabouts::Reserved, around);
        if self.wants.changes || self.wants.cancels || around.dice.chance(LOOKS_PERMILLE) {
            return self.ask(Step::Mine);
        }
        Next::Gone
    }

    /// Looks at one's own reservation, and does what one still means to do with it.
    fn see_own(&mut self, shown: Option<&str>, around: &mut Around<'_>) -> Next {
        if shown.unwrap_or_default() != self.number && !self.wants.has_two_devices {
            around.recorder.missing += 1;
        }
        if self.number.is_empty() {
            return self.leave(Whereabouts::GaveUp, around);
        }
        if std::mem::take(&mut self.wants.changes) {
            self.places_tried = 0;
            return self.ask(if around.scene.has_line { Step::TakePlace } else { Step::Enter });
        }
        if std::mem::take(&mut self.wants.cancels) {
            return self.begin(Step::Cancel);
        }
        Next::Gone
    }

    /// No answer came. What takes a key is asked for by its key; everything else is asked again.
    fn lost(&mut self, around: &mut Around<'_>) -> Next {
        if self.step == Step::AtProvider && around.waited_in_vain {
            return self.fails_at_provider("no_answer", around);
        }
        if matches!(self.step, Step::AtProvider | Step::ComeBack) {
            // It may have been taken: what a provider says is good for once.
            self.sign_in_again();
        }
        if self.step.operation().is_some() {
            self.unknown = Some(self.step);
            self.step = Step::Settle;
        }
        self.again(None, around)
    }

    /// What became of the operation whose answer was lost.
    fn settle(&mut self, told: &Told<'_>, around: &mut Around<'_>) -> Next {
        let known = match told.state {
            Some("done") => Some("confirmed"),
            Some("refused") => Some("refused"),
            _ => None,
        };
        if let Some(answer) = known {
            self.note(None, answer, told, around);
        }
        let Some(step) = self.unknown.take() else { return self.leave(Whereabouts::Failed, around) };
        self.step = step;
        match told.state {
            Some("done") => match step {
                Step::Hold => self.has_hold(told.hold, around),
                Step::Confirm => self.has_reservation(told.number, around),
                Step::Change => {
                    around.recorder.changed += 1;
                    self.ask(Step::Mine)
                }
                _ => {
                    around.recorder.cancelled += 1;
                    self.number.clear();
                    self.ask(Step::Mine)
                }
            },
            Some("refused") => self.take_no(told.code.unwrap_or("no_code"), told, around),
            _ => Next::Now,
        }
    }
}
