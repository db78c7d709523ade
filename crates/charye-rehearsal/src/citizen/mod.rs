//! Room: rehearsal/citizen. One person on one device as a small machine: what they ask next, and what they make of the
//! answer. They do as they are told (wait, ask again, come another day), look near home, hesitate, change their minds.
//!
//! Called by `evening` on one thread. Knows the API's document only. Must never ask sooner than told, and never invent an
//! answer: what was not heard is unknown, and is asked for by its key.

mod step;
mod told;
mod way_in;

use std::time::Duration;

use crate::load::{Answer, RequestText, Target};
use crate::nation::rng::Stream;
use crate::recorder::{AnswerKind, HistoryLine, Recorder};

pub use step::{Step, Whereabouts};
use told::{Told, an_offer};
pub(crate) use way_in::IdentityProvider;
use way_in::WayIn;

/// Times that one step is asked in vain before a citizen gives it up.
const TRIES_MAX: u16 = 200;
/// Places that a citizen tries for before they say that nothing is left.
const PLACES_TRIED_MAX: u16 = 12;
/// When an answer names no time: how long until the next try. Unit: milliseconds.
const AGAIN_MS: u64 = 1_000;
/// Longest wait that is believed. Unit: milliseconds.
const AGAIN_MS_MAX: u64 = 600_000;
/// Of a thousand who reserved, how many look at their reservation afterwards.
const LOOKS_PERMILLE: u32 = 250;

/// What all citizens of an evening share. Never changes while it is played.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) campaign: String,
    /// The opening that is now, by its position in the campaign, if the target told it.
    pub(crate) opening: Option<u8>,
    /// Whether people wait in a line that tells them when to ask again.
    pub(crate) has_line: bool,
    /// Whether both doses are reserved at once.
    pub(crate) doses_together: bool,
    /// Makes idempotency keys of this evening differ from those of another.
    pub(crate) evening: String,
    /// The target's identity providers, in its order.
    pub(crate) providers: Vec<IdentityProvider>,
    pub(crate) give_up_after: Option<Duration>,
    pub(crate) come_back_after: Duration,
}

/// Who comes, and with which intentions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Intentions {
    /// Line of the target's `citizens.csv`, from 0.
    pub(crate) row: u32,
    /// 1, or 2 for a second device.
    pub(crate) device: u8,
    pub(crate) has_two_devices: bool,
    /// As far as their birth date goes.
    pub(crate) may_reserve: bool,
    /// Five digits.
    pub(crate) district: u32,
    /// `YYYY-MM-DD`.
    pub(crate) birth_date: [u8; 10],
    /// Only asks for their date, and does not sign in.
    pub(crate) only_asks: bool,
    /// Index of the identity provider they sign in at; `None`: the rehearsal's own sign-in.
    pub(crate) provider: Option<u8>,
    pub(crate) hesitates: Duration,
    pub(crate) walks_away: bool,
    pub(crate) changes: bool,
    pub(crate) cancels: bool,
    pub(crate) comes_back: bool,
}

/// One person on one device.
#[derive(Debug)]
pub(crate) struct Citizen {
    wants: Intentions,
    pub(crate) step: Step,
    whereabouts: Whereabouts,
    way_in: WayIn,
    login: String,
    pass: String,
    ticket: String,
    clinic: String,
    product: String,
    first: String,
    second: String,
    day: String,
    hold: String,
    number: String,
    /// Operations begun so far: the last part of the idempotency key.
    keys: u16,
    /// The operation whose answer was lost.
    unknown: Option<Step>,
    /// Times in vain since the last operation that was done.
    tries: u16,
    places_tried: u16,
    /// The whole country, because near home there was nothing.
    looks_everywhere: bool,
    came_at: Duration,
    promised: Option<(Duration, Duration)>,
}

/// What a citizen does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Asks on, at once.
    Now,
    /// Asks on after this time.
    After(Duration),
    /// Is gone.
    Gone,
}

/// What a citizen is surrounded by when an answer comes.
pub(crate) struct Around<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) recorder: &'a mut Recorder,
    pub(crate) dice: &'a mut Stream,
    /// Since the beginning of the evening.
    pub(crate) now: Duration,
    /// From the intended time of the request to the answer.
    pub(crate) latency: Duration,
    /// There was no answer within the time that one waits; a connection that broke is another matter.
    pub(crate) waited_in_vain: bool,
}

impl Citizen {
    /// Somebody comes.
    pub(crate) fn new(wants: Intentions, now: Duration, recorder: &mut Recorder) -> Self {
        recorder.came += 1;
        recorder.came_may_reserve += u64::from(wants.may_reserve && wants.device == 1);
        recorder.moved(None, Whereabouts::AtDoor);
        Self {
            wants,
            step: match wants.provider {
                _ if wants.only_asks => Step::AskDate,
                Some(_) => Step::Begin,
                None => Step::SignIn,
            },
            whereabouts: Whereabouts::AtDoor,
            way_in: WayIn::by(wants.provider),
            login: String::new(),
            pass: String::new(),
            ticket: String::new(),
            clinic: String::new(),
            product: String::new(),
            first: String::new(),
            second: String::new(),
            day: String::new(),
            hold: String::new(),
            number: String::new(),
            keys: 0,
            unknown: None,
            tries: 0,
            places_tried: 0,
            looks_everywhere: false,
            came_at: now,
            promised: None,
        }
    }

    /// Writes what they ask now.
    pub(crate) fn write(&self, scene: &Scene, request: &mut RequestText) {
        let campaign = ["/api/v1/campaigns/", &scene.campaign];
        let login = ["Bearer ", &self.login];
        match self.step {
            Step::AskDate => {
                let birth_date = std::str::from_utf8(&self.wants.birth_date).unwrap_or_default();
                request.post_at(&[campaign[0], campaign[1], "/eligibility"]);
                request.json(&["{\"birth_date\":\"", birth_date, "\"}"].concat());
            }
            Step::SignIn => request.post("/api/v1/sign-in").json(&format!("{{\"citizen\":{}}}", self.wants.row)),
            Step::Begin => self.way_in.write_begin(self.provider_id(scene), &scene.campaign, request),
            Step::AtProvider => self.way_in.write_at_provider(request),
            Step::ComeBack => self.way_in.write_back(self.provider_id(scene), request),
            Step::TakePlace => {
                request.post_at(&[campaign[0], campaign[1], "/line"]).header_of("authorization", &login).end();
            }
            Step::Poll => request.get("/api/v1/line").header("charye-ticket", &self.ticket).end(),
            Step::Enter => {
                request.post_at(&[campaign[0], campaign[1], "/visit"]).header_of("authorization", &login).end();
            }
            Step::LookUp => {
                let district = self.wants.district.to_string();
                let near = ["/clinics?limit=20&around=", &district];
                let area = if self.looks_everywhere { ["/clinics?limit=50", ""] } else { near };
                request.get_at(&[campaign[0], campaign[1], area[0], area[1]]).end();
            }
            Step::Days => request.get_at(&self.days(&campaign, &["?first=", &self.first])).end(),
            Step::Times => request.get_at(&self.days(&campaign, &["/", &self.day, "?first=", &self.first])).end(),
            Step::Hold => {
                let body = self.places(Some(&scene.campaign));
                self.operation(scene, request.post("/api/v1/holds"), &login).json(&body);
            }
            Step::Confirm => {
                let path = ["/api/v1/holds/", &self.hold, "/confirm"];
                self.operation(scene, request.post_at(&path), &login).end();
            }
            Step::Mine => request
                .get_at(&["/api/v1/reservations?campaign=", &scene.campaign])
                .header_of("authorization", &login)
                .end(),
            Step::Change => {
                let path = ["/api/v1/reservations/", &self.number, "/reschedule"];
                let body = self.places(None);
                self.operation(scene, request.post_at(&path), &login).json(&body);
            }
            Step::Cancel => {
                let path = ["/api/v1/reservations/", &self.number, "/cancel"];
                self.operation(scene, request.post_at(&path), &login).end();
            }
            Step::Settle => {
                let name = self.unknown.and_then(Step::operation).unwrap_or("confirm");
                let key = self.key(scene);
                let path = ["/api/v1/operations/", &key, "?operation=", name];
                request.get_at(&path).header_of("authorization", &login).end();
            }
        }
    }

    fn provider_id<'a>(&self, scene: &'a Scene) -> &'a str {
        let chosen = self.way_in.provider.and_then(|index| scene.providers.get(usize::from(index)));
        chosen.map_or("", |provider| &provider.id)
    }

    /// The server that is asked, if it is not the target: an identity provider's.
    pub(crate) fn elsewhere(&self) -> Option<Target> {
        self.way_in.target().filter(|_| self.step == Step::AtProvider)
    }

    fn days<'a>(&'a self, campaign: &[&'a str; 2], rest: &[&'a str]) -> Vec<&'a str> {
        [&[campaign[0], campaign[1], "/clinics/", &self.clinic, "/", &self.product, "/days"], rest].concat()
    }

    fn places(&self, campaign: Option<&str>) -> String {
        let campaign = campaign.map_or(String::new(), |code| format!("\"campaign\":\"{code}\","));
        let second = if self.second.is_empty() { String::new() } else { format!(",\"second\":\"{}\"", self.second) };
        format!("{{{campaign}\"first\":\"{}\"{second}}}", self.first)
    }

    fn operation<'a>(&self, scene: &Scene, request: &'a mut RequestText, login: &[&str]) -> &'a mut RequestText {
        let request = request.header_of("authorization", login).header("idempotency-key", &self.key(scene));
        if self.pass.is_empty() { request } else { request.header("charye-pass", &self.pass) }
    }

    fn key(&self, scene: &Scene) -> String {
        format!("{}-{}-{}-{}", scene.evening, self.wants.row, self.wants.device, self.keys)
    }

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
                around.recorder.at_provider(self.way_in.provider).begun += 1;
                if is_led { self.ask(Step::AtProvider) } else { self.fails_at_provider("led_nowhere", around) }
            }
            Step::AtProvider => match answer.header("location:").and_then(|to| self.way_in.led_back(to)) {
                Some(()) => self.ask(Step::ComeBack),
                None => self.fails_at_provider("led_nowhere", around),
            },
            Step::ComeBack | Step::SignIn => {
                if self.step == Step::ComeBack {
                    around.recorder.at_provider(self.way_in.provider).signed_in += 1;
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

    /// Asks the same again, after what was told or a moment; not for ever.
    fn again(&mut self, after_ms: Option<u64>, around: &mut Around<'_>) -> Next {
        self.tries += 1;
        if self.tries > TRIES_MAX {
            return self.leave(Whereabouts::Failed, around);
        }
        let told = after_ms.unwrap_or(AGAIN_MS).clamp(1, AGAIN_MS_MAX);
        // A quarter of jitter on top, never below: a wave that is told one time must not come back as a wave.
        let jitter = around.dice.below(u32::try_from(told / 4 + 1).unwrap_or(u32::MAX));
        Next::After(Duration::from_millis(told + u64::from(jitter)))
    }

    /// Goes away by themselves, perhaps to come back once.
    fn go_away(&mut self, around: &mut Around<'_>) -> Next {
        if !std::mem::take(&mut self.wants.comes_back) {
            return self.leave(Whereabouts::GaveUp, around);
        }
        self.is_at(Whereabouts::AtDoor, around);
        self.came_at = around.now + around.scene.come_back_after;
        self.promised = None;
        self.sign_in_again();
        Next::After(around.scene.come_back_after)
    }

    fn ask(&mut self, step: Step) -> Next {
        self.step = step;
        Next::Now
    }

    /// Begins an operation under a new key.
    fn begin(&mut self, step: Step) -> Next {
        self.keys = self.keys.wrapping_add(1);
        self.ask(step)
    }

    fn is_at(&mut self, to: Whereabouts, around: &mut Around<'_>) {
        if self.whereabouts != to {
            around.recorder.moved(Some(self.whereabouts), to);
            self.whereabouts = to;
        }
    }

    fn leave(&mut self, to: Whereabouts, around: &mut Around<'_>) -> Next {
        self.is_at(to, around);
        Next::Gone
    }
}

impl Next {
    /// A way that leads back is counted, so that nobody walks in a circle.
    fn counted(self, citizen: &mut Citizen, around: &mut Around<'_>) -> Self {
        citizen.tries += 1;
        if citizen.tries > TRIES_MAX { citizen.leave(Whereabouts::Failed, around) } else { self }
    }
}

#[cfg(test)]
mod tests;
