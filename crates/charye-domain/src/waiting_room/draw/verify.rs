//! Room: domain/waiting_room/draw. Recomputes a published draw from its file, a line at a time, so that ten million people
//! need no more memory than one slice. Called by `charye draw verify`. Believes nothing that it can compute, and never
//! stops at the first lie: it counts them all and names the first few.

use super::published::{FIRST_LINE, LINE_MAX, PUBLIC_VALUE_MAX, SLICES_MAX, unhex, unhex_hash};
use super::{DrawId, DrawSecret, Hash, Seed, merkle, secret_commitment};
use crate::ids::{CampaignId, OpeningId};
use crate::waiting_room::place::Place;

/// Lies named in a report; the others are only counted.
const NAMED_MAX: usize = 20;

/// The file does not read. Line numbers are from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("line 1 is not `{FIRST_LINE}`")]
    NotADraw,
    #[error("line {line}: longer than {LINE_MAX} bytes")]
    LineTooLong { line: u64 },
    #[error("line {line}: expected `{wanted}`")]
    Unexpected { line: u64, wanted: &'static str },
    #[error("the file ends where `{wanted}` was expected")]
    TooShort { wanted: &'static str },
}

/// Something in the file that is not what follows from the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The secret is not the one committed to.
    Secret,
    /// The slices' roots do not lead to the closed root.
    Root,
    /// There are not as many slices as the count asks for.
    SliceCount { counted: u64, needed: u64 },
    /// The ids of a slice do not lead to its root: somebody was added, dropped or changed.
    Slice { slice: u64 },
    /// A slice is longer or shorter than it must be.
    SliceLength { slice: u64, counted: u64, needed: u64 },
    /// The ids are not in rising order here, or one is there twice.
    Order { line: u64 },
    /// The place beside an id is not the one the seed gives it.
    Place { line: u64, published: Place, computed: Place },
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub campaign: CampaignId,
    pub opening: OpeningId,
    /// To be compared with what was published before anyone enrolled. A file cannot vouch for that itself.
    pub secret_commitment: Hash,
    /// Likewise. The key itself is not published: with it and somebody's citizen key a draw id could be computed.
    pub key_commitment: Hash,
    /// Likewise, with what was published at the closing.
    pub root: Hash,
    pub count: u64,
    pub public_value: Vec<u8>,
    pub seed: Hash,
    pub slices_needed: u64,
    pub slices_checked: u64,
    pub ids_checked: u64,
    /// The first few.
    pub lies: Vec<Lie>,
    pub lies_counted: u64,
    /// What is asked for with [`Verifier::look_for`].
    pub found: Option<Found>,
}

impl Report {
    /// Whether everything in the file follows from its head, and every slice was there.
    pub fn is_whole_and_true(&self) -> bool {
        self.lies_counted == 0 && self.slices_checked == self.slices_needed
    }
}

/// One draw id's luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub id: DrawId,
    /// Computed from the seed, whether or not the id is in the file.
    pub place: Place,
    pub listed: bool,
    /// People in the file with a lower place: with all slices there, how many went before.
    pub lower_places: u64,
}

/// Reads a file line by line.
pub struct Verifier {
    line: u64,
    state: State,
    look_for: Option<DrawId>,
}

enum State {
    Head(Vec<String>),
    Body(Box<Body>),
}

/// The values of the head, in their order.
const HEAD: [&str; 8] =
    ["campaign", "opening", "secret-commitment", "key-commitment", "count", "root", "public-value", "secret"];

struct Body {
    report: Report,
    seed: Seed,
    slice_roots: Vec<Hash>,
    slices: bool,
    open_slice: Option<u64>,
    ids: Vec<DrawId>,
    last: Option<DrawId>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { line: 0, state: State::Head(Vec::new()), look_for: None }
    }
}

impl Verifier {
    /// Also find this draw id's place, and how many went before it.
    pub fn look_for(&mut self, id: DrawId) {
        self.look_for = Some(id);
    }

    /// Reads the next line, without its end.
    ///
    /// # Errors
    /// The line is none of a draw's file. Lies are not errors: they are in the report.
    pub fn line(&mut self, text: &str) -> Result<(), Unreadable> {
        self.line += 1;
        let line = self.line;
        if text.len() > LINE_MAX {
            return Err(Unreadable::LineTooLong { line });
        }
        match &mut self.state {
            State::Head(_) if line == 1 => {
                if text == FIRST_LINE {
                    Ok(())
                } else {
                    Err(Unreadable::NotADraw)
                }
            }
            State::Head(values) => {
                let wanted = HEAD[values.len()];
                let value = text.strip_prefix(wanted).filter(|rest| rest.is_empty() || rest.starts_with(' '));
                let value = value.ok_or(Unreadable::Unexpected { line, wanted })?;
                values.push(value.trim_start().to_owned());
                if values.len() == HEAD.len() {
                    self.state = State::Body(Box::new(Body::from_head(values, self.look_for)?));
                }
                Ok(())
            }
            State::Body(body) => body.line(line, text),
        }
    }

    /// What came out of all lines.
    ///
    /// # Errors
    /// The file ended within its head.
    pub fn finish(self) -> Result<Report, Unreadable> {
        match self.state {
            State::Head(values) => Err(Unreadable::TooShort { wanted: HEAD[values.len()] }),
            State::Body(mut body) => {
                body.begin_slices();
                body.close_slice();
                Ok(body.report)
            }
        }
    }
}

impl Body {
    fn from_head(values: &[String], look_for: Option<DrawId>) -> Result<Self, Unreadable> {
        // Values stand on lines 2 to 9.
        let at = |index: usize| Unreadable::Unexpected { line: index as u64 + 2, wanted: HEAD[index] };
        let hash = |index: usize| unhex_hash(&values[index]).ok_or(at(index));
        let public_value = unhex(&values[6]).filter(|value| value.len() <= PUBLIC_VALUE_MAX).ok_or(at(6))?;
        let count: u64 = number(&values[4]).ok_or(at(4))?;
        let (root, secret) = (hash(5)?, DrawSecret(hash(7)?));
        let seed = Seed::new(&secret, &root, &public_value);
        let slices_needed = count.div_ceil(merkle::SLICE_IDS as u64);
        if slices_needed > SLICES_MAX as u64 {
            return Err(at(4));
        }
        let found = look_for.map(|id| Found { id, place: seed.place(id), listed: false, lower_places: 0 });
        let report = Report {
            campaign: CampaignId(number(&values[0]).ok_or(at(0))?),
            opening: OpeningId(number(&values[1]).ok_or(at(1))?),
            secret_commitment: hash(2)?,
            key_commitment: hash(3)?,
            root,
            count,
            public_value,
            seed: seed.bytes(),
            slices_needed,
            slices_checked: 0,
            ids_checked: 0,
            lies: Vec::new(),
            lies_counted: 0,
            found,
        };
        let mut body = Self {
            report,
            seed,
            slice_roots: Vec::new(),
            slices: false,
            open_slice: None,
            ids: Vec::with_capacity(merkle::SLICE_IDS),
            last: None,
        };
        if secret_commitment(&secret) != body.report.secret_commitment {
            body.lie(Lie::Secret);
        }
        Ok(body)
    }

    fn line(&mut self, line: u64, text: &str) -> Result<(), Unreadable> {
        if let Some(root) = text.strip_prefix("slice-root ") {
            let room = !self.slices && self.slice_roots.len() < SLICES_MAX;
            let root = unhex_hash(root).filter(|_| room);
            self.slice_roots.push(root.ok_or(Unreadable::Unexpected { line, wanted: "slice-root" })?);
            return Ok(());
        }
        self.begin_slices();
        if let Some(digits) = text.strip_prefix("slice ") {
            self.close_slice();
            // Rising numbers: a slice given twice would be counted twice.
            let rising = number(digits).filter(|number: &u64| {
                *number < self.slice_roots.len() as u64 && self.open_slice.is_none_or(|open| open < *number)
            });
            let number = rising.ok_or(Unreadable::Unexpected { line, wanted: "slice" })?;
            if self.open_slice.is_none_or(|open| open + 1 != number) {
                self.last = None;
            }
            self.open_slice = Some(number);
            return Ok(());
        }
        let unexpected = Unreadable::Unexpected { line, wanted: "draw id and place" };
        let (id, place) = text.split_once(' ').and_then(parse_id).ok_or(unexpected)?;
        if self.open_slice.is_none() || self.ids.len() > merkle::SLICE_IDS {
            return Err(Unreadable::Unexpected { line, wanted: "slice" });
        }
        self.check(line, id, place);
        Ok(())
    }

    fn check(&mut self, line: u64, id: DrawId, published: Place) {
        if self.last.is_some_and(|last| last >= id) {
            self.lie(Lie::Order { line });
        }
        let computed = self.seed.place(id);
        if computed != published {
            self.lie(Lie::Place { line, published, computed });
        }
        if let Some(found) = &mut self.report.found {
            found.listed |= found.id == id;
            found.lower_places += u64::from(computed < found.place);
        }
        self.last = Some(id);
        self.ids.push(id);
        self.report.ids_checked += 1;
    }

    /// At the first line that is no root of a slice: now all roots are there.
    fn begin_slices(&mut self) {
        if std::mem::replace(&mut self.slices, true) {
            return;
        }
        let counted = self.slice_roots.len() as u64;
        if counted != self.report.slices_needed {
            self.lie(Lie::SliceCount { counted, needed: self.report.slices_needed });
        }
        if merkle::root_of_slices(&self.slice_roots) != self.report.root {
            self.lie(Lie::Root);
        }
    }

    fn close_slice(&mut self) {
        let Some(slice) = self.open_slice else { return };
        let before = slice * merkle::SLICE_IDS as u64;
        let needed = self.report.count.saturating_sub(before).min(merkle::SLICE_IDS as u64);
        let counted = self.ids.len() as u64;
        if counted != needed {
            self.lie(Lie::SliceLength { slice, counted, needed });
        }
        let known = usize::try_from(slice).ok().and_then(|slice| self.slice_roots.get(slice));
        if known != Some(&merkle::root(&self.ids)) {
            self.lie(Lie::Slice { slice });
        }
        self.ids.clear();
        self.report.slices_checked += 1;
    }

    fn lie(&mut self, lie: Lie) {
        self.report.lies_counted += 1;
        if self.report.lies.len() < NAMED_MAX {
            self.report.lies.push(lie);
        }
    }
}

fn parse_id((id, place): (&str, &str)) -> Option<(DrawId, Place)> {
    let id = DrawId(unhex(id)?.try_into().ok()?);
    let place = u64::from_be_bytes(unhex(place)?.try_into().ok()?);
    Some((id, Place(place)))
}

/// A number written as the file writes it: no sign, no zeros in front.
fn number<N: std::str::FromStr + ToString>(text: &str) -> Option<N> {
    text.parse().ok().filter(|number: &N| number.to_string() == text)
}
