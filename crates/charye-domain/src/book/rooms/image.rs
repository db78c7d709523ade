//! Room: domain/book/rooms. Waiting rooms as bytes, inside the book's image, and back. Called by `book/image`. Believes no
//! number before it is checked: whatever the bytes, the answer is whole rooms or an error.
//!
//! For each room: campaign, opening; draw; door; line (its marks, then a record of 23 bytes a person); speed; promises; what
//! was steered. Histogram, lists and index follow from the records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::book::image::ImageError;
use crate::book::image::bytes::{Reader, Writer};
use crate::book::rooms::promises::{Promises, TOLD_MAX, ToldAtOnce};
use crate::book::rooms::{Draw, Rooms, WaitingRoom};
use crate::campaign::{Bilingual, Campaign};
use crate::ids::{CampaignId, CitizenKey, KeyId, OpeningId, Person};
use crate::time::UnixMillis;
use crate::waiting_room::admission::{Door, DoorParts, Lane, PauseReason, Terms};
use crate::waiting_room::draw::{Closing, Commitments, DrawSecret};
use crate::waiting_room::line::{LineRecord, Position, Stage};
use crate::waiting_room::place::Place;
use crate::waiting_room::steering::Steering;
use crate::waiting_room::wait_estimate::{Measured, Promise, PromiseScore, Speed, SpeedParts};

/// Bytes of one person's record.
const RECORD: usize = 23;
/// Bytes of somebody called.
const CALLED: usize = 21;
/// Stands for somebody who has left the returners' lane.
const NOBODY: u32 = u32::MAX;
/// Pieces that a speed remembers, at most.
const PIECES_MAX: u8 = 60;

impl Rooms {
    pub(in crate::book) fn write(&self, to: &mut Writer<'_>) {
        to.count(self.rooms.len());
        for room in self.rooms.values() {
            to.u16(room.campaign.0);
            to.u8(room.opening.0);
            write_draw(to, &room.draw);
            write_door(to, &room.door.parts());
            room.write_line(to);
            write_speed(to, &room.speed.parts());
            write_promises(to, &room.promises);
            room.write_steered(to);
        }
    }

    /// Reads rooms back. `campaign` finds a campaign that was read before.
    pub(in crate::book) fn read<'c>(
        from: &mut Reader<'_>,
        campaign: impl Fn(CampaignId) -> Option<&'c Campaign>,
    ) -> Result<Self, ImageError> {
        let mut rooms = Self::new();
        for _ in 0..from.u32()? {
            let key = (CampaignId(from.u16()?), OpeningId(from.u8()?));
            let of_campaign = campaign(key.0).and_then(|campaign| WaitingRoom::new(campaign, key.1));
            let mut room = of_campaign.ok_or(ImageError::Invalid("the opening of a waiting room"))?;
            room.draw = read_draw(from)?;
            room.door = read_door(from)?;
            room.read_line(from)?;
            room.speed = read_speed(from)?;
            room.measured = room.speed.measured();
            room.promises = read_promises(from)?;
            room.read_steered(from)?;
            check(rooms.rooms.insert(key, room).is_none(), "two waiting rooms of one opening")?;
        }
        rooms.set_next_forgotten();
        Ok(rooms)
    }
}

impl WaitingRoom {
    fn write_line(&self, to: &mut Writer<'_>) {
        let (served, next_bucket) = self.line.marks();
        to.u8(u8::from(served.is_some()));
        let served = served.unwrap_or(Position { place: Place(0), tie: 0 });
        to.u64(served.place.0);
        to.u32(served.tie);
        to.u32(next_bucket);
        to.u32(self.line.people());
        for record in self.line.records() {
            let (from_secs, to_secs, terms) = record.promise.parts();
            to.u32(record.person.0);
            to.u64(record.place.0);
            to.u8(stage_code(record.stage) | u8::from(record.linked) << 7);
            to.u32(from_secs);
            to.u32(to_secs);
            to.u16(terms);
        }
    }

    fn read_line(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let has_served = from.u8()? == 1;
        let served = Position { place: Place(from.u64()?), tie: from.u32()? };
        let next_bucket = from.u32()?;
        let people = from.u32()?;
        let sound = self.line.set_marks(has_served.then_some(served), next_bucket);
        check(sound, "the marks of a line")?;
        from.records(people, RECORD, |mut record| {
            let (person, place, stage) = (Person(record.u32()), Place(record.u64()), record.u8());
            let promise = Promise::from_parts((record.u32(), record.u32(), record.u16()));
            let linked = stage & 0x80 != 0;
            let stage = stage_of(stage & 0x7f).ok_or(ImageError::Invalid("how far somebody in a line is"))?;
            check(self.line.restore(LineRecord { person, place, stage, linked, promise }), "somebody in a line")
        })
    }

    fn write_steered(&self, to: &mut Writer<'_>) {
        let mut agents: Vec<Person> = self.agents_inside.iter().copied().collect();
        agents.sort_unstable();
        to.count(agents.len());
        agents.iter().for_each(|person| to.u32(person.0));
        to.u8(u8::from(self.closed_to_arrivals));
        to.u8(u8::from(self.message.is_some()));
        if let Some(Bilingual { ko, en }) = &self.message {
            to.text(ko);
            to.text(en);
        }
    }

    fn read_steered(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let agents = from.u32()?;
        from.records(agents, 4, |mut agent| {
            check(self.agents_inside.insert(Person(agent.u32())), "an agent's caller")
        })?;
        self.closed_to_arrivals = from.u8()? == 1;
        self.message = match from.u8()? {
            0 => None,
            _ => Some(Bilingual { ko: from.text()?, en: from.text()? }),
        };
        let told = |text: &str| text.chars().count() <= Steering::MESSAGE_CHARS_MAX;
        check(self.message.as_ref().is_none_or(|message| told(&message.ko) && told(&message.en)), "a message")
    }
}

fn write_draw(to: &mut Writer<'_>, draw: &Draw) {
    to.u8(u8::from(draw.committed.is_some()) | u8::from(draw.closing.is_some()) << 1);
    if let Some((key_id, commitments)) = &draw.committed {
        to.u16(key_id.0);
        to.bytes(&commitments.secret);
        to.bytes(&commitments.draw_key);
    }
    if let Some(closing) = &draw.closing {
        to.bytes(&closing.root);
        to.u64(closing.count);
    }
    to.u8(u8::from(draw.revealed.is_some()));
    if let Some((secret, public_value)) = &draw.revealed {
        to.bytes(&secret.0);
        to.u16(public_value.len() as u16);
        to.bytes(public_value);
    }
    to.u32(draw.listed);
    to.u32(draw.placed);
    to.count(draw.left.len());
    draw.left.iter().for_each(|number| to.u32(*number));
    to.count(draw.drawn_with.len());
    for (number, key) in &draw.drawn_with {
        to.u32(*number);
        to.bytes(&key.0);
    }
}

fn read_draw(from: &mut Reader<'_>) -> Result<Draw, ImageError> {
    let flags = from.u8()?;
    let committed = match flags & 1 {
        0 => None,
        _ => {
            let key_id = KeyId(from.u16()?);
            Some((key_id, Commitments { secret: from.array()?, draw_key: from.array()? }))
        }
    };
    let closing = match flags & 2 {
        0 => None,
        _ => Some(Closing { root: from.array()?, count: from.u64()? }),
    };
    let revealed = match from.u8()? {
        0 => None,
        _ => {
            let secret = DrawSecret(from.array()?);
            let length = usize::from(from.u16()?);
            check(length <= Draw::PUBLIC_VALUE_BYTES_MAX, "a public value")?;
            let mut public_value = vec![0; length];
            from.fill(&mut public_value)?;
            Some((secret, Arc::from(public_value)))
        }
    };
    let (listed, placed, left_count) = (from.u32()?, from.u32()?, from.u32()?);
    let mut left = BTreeSet::new();
    from.records(left_count, 4, |mut number| {
        let number = number.u32();
        check(number < listed && left.insert(number), "who left the list of a draw")
    })?;
    let mut drawn_with = BTreeMap::new();
    let drawn_with_count = from.u32()?;
    for _ in 0..drawn_with_count {
        let (number, key) = (from.u32()?, CitizenKey(from.array()?));
        check(number < listed && drawn_with.insert(number, key).is_none(), "the keys that people were drawn with")?;
    }
    Ok(Draw { committed, listed, left, drawn_with, closing, revealed, placed })
}

fn write_door(to: &mut Writer<'_>, door: &DoorParts) {
    let (lowest, highest) = door.terms.rates_per_min();
    to.u32(door.terms.hard_cap());
    to.u16(door.terms.agents_share());
    to.u32(lowest);
    to.u32(highest);
    to.u32(door.terms.grace_secs());
    to.u16(door.terms_number);
    to.u8(match door.paused {
        None => 0,
        Some(PauseReason::Operator) => 1,
        Some(PauseReason::NothingLeft) => 2,
        Some(PauseReason::GateInTrouble) => 3,
    });
    to.i64(door.last_until.0);
    to.u32(door.web_inside);
    to.u32(door.agents_inside);
    to.count(door.called.len());
    for (person, called_at, until, lane) in &door.called {
        to.u32(person.0);
        to.i64(called_at.0);
        to.i64(until.0);
        to.u8(u8::from(*lane == Lane::Returners));
    }
    to.u64(door.returners_called);
    to.u64(door.line_admissions);
    to.count(door.returners.len());
    door.returners.iter().for_each(|person| to.u32(person.map_or(NOBODY, |person| person.0)));
}

fn read_door(from: &mut Reader<'_>) -> Result<Door, ImageError> {
    let (hard_cap, agents_share) = (from.u32()?, from.u16()?);
    let (lowest, highest, grace_secs) = (from.u32()?, from.u32()?, from.u32()?);
    let terms = Terms::new(hard_cap, agents_share, lowest..=highest, grace_secs);
    let terms = terms.map_err(|_| ImageError::Invalid("the terms of a line"))?;
    let terms_number = from.u16()?;
    let paused = match from.u8()? {
        0 => None,
        1 => Some(PauseReason::Operator),
        2 => Some(PauseReason::NothingLeft),
        3 => Some(PauseReason::GateInTrouble),
        _ => return Err(ImageError::Invalid("the pause of a line")),
    };
    let last_until = instant(from)?;
    let (web_inside, agents_inside) = (from.u32()?, from.u32()?);
    let count = from.u32()?;
    let mut called = Vec::new();
    from.records(count, CALLED, |mut row| {
        let (person, called_at, until) = (Person(row.u32()), UnixMillis(row.i64()), UnixMillis(row.i64()));
        called.push((person, called_at, until, if row.u8() == 0 { Lane::Line } else { Lane::Returners }));
        Ok(())
    })?;
    let (returners_called, line_admissions) = (from.u64()?, from.u64()?);
    let count = from.u32()?;
    let mut returners = Vec::new();
    from.records(count, 4, |mut row| {
        returners.push(Some(row.u32()).filter(|person| *person != NOBODY).map(Person));
        Ok(())
    })?;
    let door = Door::from_parts(DoorParts {
        terms,
        terms_number,
        paused,
        called,
        last_until,
        web_inside,
        agents_inside,
        returners,
        returners_called,
        line_admissions,
    });
    door.ok_or(ImageError::Invalid("who is called in a line"))
}

fn write_speed(to: &mut Writer<'_>, speed: &SpeedParts) {
    to.u8(speed.pieces.len() as u8);
    speed.pieces.iter().for_each(|piece| to.u64(piece.to_bits()));
    to.u32(speed.steady_pieces);
    to.u64(speed.piece_people.to_bits());
    to.i64(speed.piece_ms);
    to.u8(u8::from(speed.last.is_some()) | u8::from(speed.paused) << 1);
    to.i64(speed.last.map_or(0, |last| last.0));
}

fn read_speed(from: &mut Reader<'_>) -> Result<Speed, ImageError> {
    let count = from.u8()?;
    check(count <= PIECES_MAX, "the speed of a line")?;
    let pieces = (0..count).map(|_| number(from)).collect::<Result<Vec<f64>, _>>()?;
    let (steady_pieces, piece_people) = (from.u32()?, number(from)?);
    let piece_ms = instant(from)?.0;
    let flags = from.u8()?;
    let last = instant(from)?;
    let parts = SpeedParts {
        pieces,
        steady_pieces,
        piece_people,
        piece_ms,
        last: (flags & 1 == 1).then_some(last),
        paused: flags & 2 == 2,
    };
    Speed::from_parts(parts).ok_or(ImageError::Invalid("the speed of a line"))
}

fn write_promises(to: &mut Writer<'_>, promises: &Promises) {
    let PromiseScore { kept, early, late, void } = promises.score;
    [kept, early, late, void, promises.calls].into_iter().for_each(|count| to.u32(count));
    to.u8(promises.told.len() as u8);
    for told in &promises.told {
        to.i64(told.at.0);
        to.u64(told.measured.people_per_sec.to_bits());
        to.u64(told.measured.spread.to_bits());
        to.u32(told.people);
        to.u32(told.calls);
        to.u16(told.terms_number);
    }
}

fn read_promises(from: &mut Reader<'_>) -> Result<Promises, ImageError> {
    let score = PromiseScore { kept: from.u32()?, early: from.u32()?, late: from.u32()?, void: from.u32()? };
    let calls = from.u32()?;
    let count = from.u8()?;
    check(usize::from(count) <= TOLD_MAX, "the promises of a line")?;
    let mut told = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        told.push(ToldAtOnce {
            at: instant(from)?,
            measured: Measured { people_per_sec: number(from)?, spread: number(from)? },
            people: from.u32()?,
            calls: from.u32()?,
            terms_number: from.u16()?,
        });
    }
    Ok(Promises { score, calls, told })
}

fn instant(from: &mut Reader<'_>) -> Result<UnixMillis, ImageError> {
    Ok(UnixMillis(i64::from_le_bytes(from.array()?)))
}

/// A measured number: never less than nothing, never endless.
fn number(from: &mut Reader<'_>) -> Result<f64, ImageError> {
    let number = f64::from_bits(from.u64()?);
    check(number.is_finite() && number >= 0.0, "a measurement of a line")?;
    Ok(number)
}

fn stage_code(stage: Stage) -> u8 {
    match stage {
        Stage::Enrolled => 0,
        Stage::Waiting => 1,
        Stage::Called => 2,
        Stage::Gone => 3,
    }
}

fn stage_of(code: u8) -> Option<Stage> {
    Some(match code {
        0 => Stage::Enrolled,
        1 => Stage::Waiting,
        2 => Stage::Called,
        3 => Stage::Gone,
        _ => return None,
    })
}

fn check(fits: bool, what: &'static str) -> Result<(), ImageError> {
    if fits { Ok(()) } else { Err(ImageError::Invalid(what)) }
}
