//! Room: engine/waiting_room. The clerk of the draws: commits before anyone enrols, closes the list at the opening, tells the
//! secret once the closing is durable, and has places given, slice by slice. Keeps nothing that a restart would lose: each
//! look begins from what the published line says.
//!
//! Called by the attendant's thread, or by the simulator's stepper: never waits for an answer, but looks for it the next
//! time. Secret and draw key are derived from the installation's keys and never stored. It must never touch a list once it
//! is closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use charye_domain::book::{Action, Channel, Command, ENROLLED_PER_QUERY_MAX, Outcome, Query, Reply};
use charye_domain::ids::{CampaignId, CitizenKey, KeyId, OpeningId};
use charye_domain::waiting_room::draw::{Closing, Commitments, DrawId, DrawKey, DrawSecret, secret_commitment};
use charye_domain::waiting_room::place::Place;
use tokio::sync::oneshot;

use super::lines::{LineNow, Phase};
use crate::answered::by_system;
use crate::engine::Shared;
use crate::ports::Keys;
use crate::sequencer::answer::{Answer, Question, ReplyTo, Told};

const DRAW_KEY_PURPOSE: &str = "charye draw key v1";
const DRAW_SECRET_PURPOSE: &str = "charye draw secret v1";
/// Commitments are published so long before anyone may enrol. Unit: milliseconds.
const COMMIT_AHEAD_MS: i64 = 3_600_000;
/// Places given by one command.
const PLACES_TOGETHER: usize = 10_000;

/// The clerk.
pub(crate) struct DrawClerk {
    shared: Arc<Shared>,
    files: BTreeMap<(CampaignId, OpeningId), File>,
}

/// What the clerk has at hand of one draw.
#[derive(Default)]
struct File {
    asked: Option<Asked>,
    /// Do nothing more until the published line is at least as new.
    wait_for_seq: u64,
    /// Draw ids in order of enrolment, `None` for who has left; whole once `is_whole`.
    listed: Vec<Option<DrawId>>,
    is_whole: bool,
    is_published: bool,
    has_complained: bool,
}

enum Asked {
    Step(oneshot::Receiver<Answer>),
    List(oneshot::Receiver<Answer>),
}

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    /// Nothing to do, nothing awaited.
    Idle,
    /// An answer is awaited.
    Waits,
    /// Something was done: look again at once.
    Went,
}

impl DrawClerk {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, files: BTreeMap::new() }
    }

    /// Takes every draw a step further, if there is one to take.
    pub(crate) fn look(&mut self) -> Look {
        let lines = self.shared.lines.load();
        let mut most = Look::Idle;
        for line in lines.iter() {
            let mut file = self.files.remove(&line.id()).unwrap_or_default();
            most = most.max(self.go_on(line, &mut file));
            self.files.insert(line.id(), file);
        }
        most
    }

    fn go_on(&self, line: &LineNow, file: &mut File) -> Look {
        if let Some(asked) = file.asked.take() {
            return self.look_for_answer(line, file, asked);
        }
        if line.seq < file.wait_for_seq {
            return Look::Waits;
        }
        let needs_list = match (line.phase, &line.closing) {
            (Phase::Drawing, _) => true,
            (Phase::Open | Phase::Over, Some(_)) => !file.is_published,
            _ => false,
        };
        if needs_list && !file.is_whole {
            if self.draw_key_of(line).is_none() {
                file.complain(line, "the key that the draw was committed under is not kept any more");
                return Look::Idle;
            }
            return self.ask_for_list(line, file);
        }
        match self.next_step(line, file) {
            Some(action) => self.ask_for_step(action, file),
            None => Look::Idle,
        }
    }

    /// The step that the line waits for.
    fn next_step(&self, line: &LineNow, file: &mut File) -> Option<Action> {
        let (campaign, opening) = line.id();
        let Some(commitments) = &line.commitments else {
            let is_due = line.at < line.opens_at && line.at >= line.enrols_from.plus_millis(-COMMIT_AHEAD_MS);
            return if is_due { self.commit(line) } else { None };
        };
        if line.closing.is_none() {
            let may_close = line.phase == Phase::Drawing;
            return may_close.then(|| Action::CloseDraw { campaign, opening, closing: Box::new(file.closing().0) });
        }
        let key_id = line.draw_key?;
        let secret = draw_secret(self.shared.keys.as_ref(), key_id, line.id())?;
        let Some(draw) = &line.seed else {
            let public_value = match self.shared.draws.public_value(line.id()) {
                Some(value) => value,
                None if !line.names_public_value => Arc::from([]),
                None => {
                    file.complain(line, "the draw waits for its public value");
                    return None;
                }
            };
            if secret_commitment(&secret) != commitments.secret {
                file.complain(line, "the draw's secret is not the one committed to: wrong keys?");
                return None;
            }
            return Some(Action::RevealDraw { campaign, opening, secret: Box::new(secret), public_value });
        };
        if !file.is_published {
            let (closing, sorted) = file.closing();
            file.is_published = true;
            if Some(closing) == line.closing {
                self.shared.draws.publish(line.id(), sorted);
            } else {
                tracing::error!(%campaign, %opening, "the list is not the one that was closed: it is not served");
            }
        }
        if line.phase != Phase::Drawing || line.placed >= line.numbers {
            file.listed = Vec::new();
            return None;
        }
        let from = line.placed;
        let next = file.listed.iter().skip(from as usize).take(PLACES_TOGETHER);
        // Whoever has left the list is passed over whatever stands here.
        let places: Arc<[Place]> = next.map(|id| id.map_or(Place(0), |id| draw.seed.place(id))).collect();
        Some(Action::PlaceDrawn { campaign, opening, from, places })
    }

    fn commit(&self, line: &LineNow) -> Option<Action> {
        let (campaign, opening) = line.id();
        let keys = self.shared.keys.as_ref();
        let key_id = keys.current_key_id();
        let (secret, key) = (draw_secret(keys, key_id, line.id())?, draw_key(keys, key_id, line.id())?);
        let commitments = Box::new(Commitments::to(&secret, &key));
        Some(Action::CommitDraw { campaign, opening, key_id, commitments })
    }

    fn ask_for_step(&self, action: Action, file: &mut File) -> Look {
        let command = Command { by: by_system(Channel::Internal), operation: None, action };
        match self.ask(Question::Command(command)) {
            Some(receiver) => {
                file.asked = Some(Asked::Step(receiver));
                Look::Went
            }
            None => Look::Waits,
        }
    }

    fn ask_for_list(&self, line: &LineNow, file: &mut File) -> Look {
        let (campaign, opening) = line.id();
        let from = u32::try_from(file.listed.len()).unwrap_or(u32::MAX);
        let query = Query::Enrolled { campaign, opening, from, limit: ENROLLED_PER_QUERY_MAX };
        match self.ask(Question::Query(query)) {
            Some(receiver) => {
                file.asked = Some(Asked::List(receiver));
                Look::Went
            }
            None => Look::Waits,
        }
    }

    /// `None` if it is too busy: at the next look then.
    fn ask(&self, question: Question) -> Option<oneshot::Receiver<Answer>> {
        let (sender, receiver) = oneshot::channel();
        self.shared.submit(question, ReplyTo::asker(sender)).ok()?;
        Some(receiver)
    }

    fn look_for_answer(&self, line: &LineNow, file: &mut File, asked: Asked) -> Look {
        let (mut receiver, is_list) = match asked {
            Asked::Step(receiver) => (receiver, false),
            Asked::List(receiver) => (receiver, true),
        };
        match receiver.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => {
                file.asked = Some(if is_list { Asked::List(receiver) } else { Asked::Step(receiver) });
                return Look::Waits;
            }
            // Whatever became of it, the next look begins from what the line says.
            Err(oneshot::error::TryRecvError::Closed) => {}
            Ok(Answer { told: Told::Reply(Reply::Enrolled(keys)), .. }) => self.take_in(line, file, &keys),
            Ok(Answer { told: Told::Outcome { outcome: Outcome::Refused(rejection), .. }, seq }) => {
                file.wait_for_seq = seq;
                // Somebody may have left the list since it was read.
                (file.listed, file.is_whole) = (Vec::new(), false);
                file.complain(line, &format!("a step of the draw was refused: {}", rejection.code()));
                return Look::Waits;
            }
            Ok(Answer { seq, .. }) => file.wait_for_seq = seq,
        }
        Look::Went
    }

    fn draw_key_of(&self, line: &LineNow) -> Option<DrawKey> {
        draw_key(self.shared.keys.as_ref(), line.draw_key?, line.id())
    }

    fn take_in(&self, line: &LineNow, file: &mut File, keys: &[Option<CitizenKey>]) {
        let Some(draw_key) = self.draw_key_of(line) else { return };
        let (campaign, opening) = line.id();
        file.listed.extend(keys.iter().map(|key| key.map(|key| draw_key.draw_id(campaign, opening, key))));
        file.is_whole = keys.len() < ENROLLED_PER_QUERY_MAX as usize;
    }
}

impl File {
    /// Says once what keeps the draw from going on.
    fn complain(&mut self, line: &LineNow, why: &str) {
        if !std::mem::replace(&mut self.has_complained, true) {
            let (campaign, opening) = line.id();
            tracing::error!(%campaign, %opening, "{why}");
        }
    }

    /// Closing and sorted ids of those who are on the list.
    fn closing(&self) -> (Closing, Vec<DrawId>) {
        let mut ids: Vec<DrawId> = self.listed.iter().copied().flatten().collect();
        (Closing::of(&mut ids), ids)
    }
}

/// The key that makes draw ids of an opening out of citizen keys. `None` if the installation's key is not kept any more.
pub fn draw_key(keys: &dyn Keys, key_id: KeyId, id: (CampaignId, OpeningId)) -> Option<DrawKey> {
    derived(keys, DRAW_KEY_PURPOSE, key_id, id).map(DrawKey::new)
}

fn draw_secret(keys: &dyn Keys, key_id: KeyId, id: (CampaignId, OpeningId)) -> Option<DrawSecret> {
    derived(keys, DRAW_SECRET_PURPOSE, key_id, id).map(DrawSecret)
}

fn derived(
    keys: &dyn Keys,
    purpose: &'static str,
    key_id: KeyId,
    (campaign, opening): (CampaignId, OpeningId),
) -> Option<[u8; 32]> {
    let key = keys.mac_key(purpose, key_id)?;
    let [low, high] = campaign.0.to_le_bytes();
    Some(blake3::keyed_hash(&key, &[low, high, opening.0]).into())
}
