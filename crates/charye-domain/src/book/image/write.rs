//! Room: domain/book/image. The book to bytes.

use crate::book::Book;
use crate::book::helps::Stage;
use crate::book::image::bytes::Writer;
use crate::book::image::clinic::{write_clinic, write_session};
use crate::book::image::{MAGIC, VERSION, outcome};
use crate::book::laying_out::LayingOut;
use crate::book::reservations::{PlaceOf, state_code};
use crate::helping::{HelpBasis, scheme_number};
use crate::identity::OperatorWord;
use crate::ids::SlotId;

/// Stands for "none" where a slot or a hold may be missing.
pub(super) const NONE: u32 = u32::MAX;

impl Book {
    /// Writes the whole book, in pieces of some 64 KiB, in a form that [`Book::read_image`] reads. The same book always
    /// gives the same bytes.
    pub fn write_image(&self, sink: &mut dyn FnMut(&[u8])) {
        let to = &mut Writer::new(sink);
        to.bytes(&MAGIC);
        to.u16(VERSION);
        self.write_campaigns(to);
        self.write_grid(to);
        self.write_people(to);
        self.write_claims(to);
        self.write_operations(to);
        self.write_imports(to);
        self.rooms.write(to);
        self.write_helps(to);
        self.write_operator_words(to);
        self.write_look_ups(to);
        to.u64(self.fingerprint());
        to.pass_on();
    }

    /// A provider's name and its cap: 0 for closed. Nothing is said of the open ones.
    fn write_operator_words(&self, to: &mut Writer<'_>) {
        to.count(self.operator_words.iter().len());
        for (provider, word) in self.operator_words.iter() {
            to.text(provider.as_str());
            to.u16(match word {
                OperatorWord::Capped(cap) => cap,
                OperatorWord::Open | OperatorWord::Closed => 0,
            });
        }
    }

    /// An agent's staff number, and when they looked somebody up.
    fn write_look_ups(&self, to: &mut Writer<'_>) {
        to.count(self.look_ups.rows().len());
        for (agent, times) in self.look_ups.rows() {
            to.u32(agent.0);
            to.count(times.len());
            times.iter().for_each(|at| to.i64(at.0));
        }
    }

    fn write_campaigns(&self, to: &mut Writer<'_>) {
        to.count(self.campaigns.len());
        for state in &self.campaigns {
            to.u16(state.campaign.version.0);
            to.u16(state.openings_released);
            to.text(&state.text);
            to.count(state.moved().len());
            for (opening, opens_at) in state.moved() {
                to.u8(opening.0);
                to.i64(opens_at.0);
            }
        }
        to.count(self.clinics.rows().len());
        self.clinics.rows().iter().for_each(|clinic| write_clinic(to, clinic));
    }

    fn write_grid(&self, to: &mut Writer<'_>) {
        let grid = &self.grid;
        to.count(grid.patterns().len());
        for starts in grid.patterns() {
            to.u8(starts.len() as u8);
            starts.iter().for_each(|start| to.u16(start.0));
        }
        to.count(grid.rows().len());
        for row in grid.rows() {
            to.u16(row.campaign.0);
            to.u32(row.clinic.0);
            to.u8(row.product.0);
            to.u8(row.dose.value());
        }
        to.count(grid.blocks().len());
        for block in grid.blocks() {
            to.u32(block.row().0);
            to.u32(block.pattern());
            to.u8(block.day().0);
            to.u64(block.closed());
            to.u8(u8::from(block.is_hidden()));
        }
        let counts = || grid.blocks().iter().flat_map(|block| grid.counts_of(block));
        to.count(counts().count());
        counts().for_each(|counts| to.u16(counts.capacity));
        to.count(grid.undercut().len());
        for (slot, wanted) in grid.undercut() {
            to.u32(slot.0);
            to.u16(*wanted);
        }
    }

    fn write_people(&self, to: &mut Writer<'_>) {
        to.count(self.people.rows().len());
        for row in self.people.rows() {
            to.bytes(&row.key.0);
            to.u16(row.key_id.0);
            to.u8(u8::from(row.erased));
            to.u32(row.generation);
        }
        to.count(self.reservations.rows().len());
        for row in self.reservations.rows() {
            to.u32(row.slot(PlaceOf::First).map_or(NONE, |slot| slot.0));
            to.u32(row.slot(PlaceOf::Second).map_or(NONE, |slot| slot.0));
            to.u32(row.person.0);
            to.u64(row.number().value());
            to.u8(state_code(row.state(PlaceOf::First)) | state_code(row.state(PlaceOf::Second)) << 4);
            to.i64(row.reserved_at.0);
        }
    }

    fn write_claims(&self, to: &mut Writer<'_>) {
        to.u32(self.holds.next());
        let holds = self.holds.sorted();
        to.count(holds.len());
        for (id, hold) in holds {
            to.u32(id.0);
            to.u32(hold.person.0);
            to.u16(hold.campaign.0);
            to.u32(hold.first.0);
            to.u32(hold.second.map_or(NONE, |SlotId(slot)| slot));
            to.u8(hold.extensions);
            to.i64(self.holds.expires_at(hold).0);
        }
        let visits = self.visits.sorted();
        to.count(visits.len());
        for (person, visit) in visits {
            to.u32(person.0);
            to.u16(visit.campaign.0);
            to.u8(visit.opening.0);
            to.u32(visit.generation);
            to.u8(visit.holds_expired);
            to.u32(visit.last_expired.map_or(NONE, |hold| hold.0));
            to.u32(visit.proxy.map_or(NONE, |helper| helper.0));
            to.i64(self.visits.ends_at(visit).0);
        }
    }

    fn write_helps(&self, to: &mut Writer<'_>) {
        to.u32(self.helps.next());
        to.count(self.helps.rows().len());
        for (id, help) in self.helps.rows() {
            to.u32(id.0);
            to.u32(help.helper.map_or(NONE, |helper| helper.0));
            to.u32(help.helped.0);
            to.i64(help.ends_at.0);
            to.u8(scheme_number(help.scheme));
            let (code, misses, proof) = match help.stage {
                Stage::Invited { proof, misses } => (0, misses, proof.0),
                Stage::Standing(HelpBasis::Consent) => (1, 0, [0; 16]),
                Stage::Standing(HelpBasis::Registry) => (2, 0, [0; 16]),
            };
            to.u8(code);
            to.u8(misses);
            to.bytes(&proof);
        }
    }

    fn write_operations(&self, to: &mut Writer<'_>) {
        to.count(self.operations.rows().len());
        for row in self.operations.rows() {
            to.bytes(&row.key().0.to_le_bytes());
            to.u64(row.request_hash);
            to.i64(row.at.0);
            outcome::write(to, &row.outcome);
        }
    }

    fn write_imports(&self, to: &mut Writer<'_>) {
        to.count(self.imports.open().len());
        for (import, staged) in self.imports.open() {
            to.u32(import.0);
            to.u8(u8::from(staged.campaign.is_some()));
            to.u16(staged.campaign.map_or(0, |campaign| campaign.0));
            to.count(staged.clinics.len());
            for chunk in &staged.clinics {
                to.count(chunk.len());
                chunk.iter().for_each(|clinic| write_clinic(to, clinic));
            }
            to.count(staged.sessions().len());
            for chunk in staged.sessions() {
                to.count(chunk.len());
                chunk.iter().for_each(|session| write_session(to, session));
            }
        }
        let laying_out = self.imports.laying_out();
        to.u32(laying_out.map_or(0, LayingOut::clinics));
        to.u32(laying_out.map_or(NONE, |laying_out| laying_out.import().0));
    }
}
