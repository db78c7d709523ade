//! Room: domain/book/image. Bytes to a book. Every number is checked before it is believed: whatever the bytes, the answer
//! is a whole book or an error.

use std::sync::Arc;

use crate::book::campaigns::{CAMPAIGNS_MAX, CampaignState};
use crate::book::clinics::CLINICS_MAX;
use crate::book::grid::{BLOCKS_MAX, Claim, Row, RowId, Sight};
use crate::book::helps::{Help, Stage};
use crate::book::image::bytes::{Fields, Reader};
use crate::book::image::clinic::{read_clinic, read_session};
use crate::book::image::write::NONE;
use crate::book::image::{ImageError, check_beginning_of_image, outcome, width};
use crate::book::imports::{IMPORTS_MAX, STAGED_MAX, Staged};
use crate::book::look_ups::AGENTS_MAX;
use crate::book::operations::OperationRow;
use crate::book::people::PersonRow;
use crate::book::reservations::{PlaceOf, Reservation, state_from_code, takes_a_place};
use crate::book::rooms::Rooms;
use crate::book::{Actor, Book, Operation, StaffNumber};
use crate::campaign::Campaign;
use crate::helping::{HelpBasis, HelpProof, LOOK_UPS_MAX, scheme_of_number};
use crate::identity::{IdentityProviderId, OperatorWord, OperatorWords};
use crate::ids::{
    CampaignId, CampaignVersion, CitizenKey, ClinicId, HelpId, HoldId, ImportId, KeyId, OpeningId, OperationKey,
    Person, ProductId, ReservationNumber, SlotId,
};
use crate::time::{DayIndex, MinuteOfDay, UnixMillis};
use crate::vaccine::DoseNumber;

/// Reads a campaign's canonical text back; `None` if it cannot be read as the campaign and version named.
pub type CampaignReader<'a> = &'a dyn Fn(&str, CampaignId, CampaignVersion) -> Option<Campaign>;

/// Rows for which room is made because an image says so many follow. More are taken, as they come.
const ROOM_AT_MOST: u32 = 1 << 24;

impl Book {
    /// Reads a book that [`Book::write_image`] wrote. `source` fills the buffer it is given whole, or says `false`.
    ///
    /// # Errors
    /// What does not fit: too short, of another version, or numbers that cannot be those of a book.
    pub fn read_image(
        source: &mut dyn FnMut(&mut [u8]) -> bool,
        campaigns: CampaignReader<'_>,
    ) -> Result<Self, ImageError> {
        let from = &mut Reader::new(source);
        check_beginning_of_image(&from.array()?)?;
        let mut book = Self::default();
        book.read_campaigns(from, campaigns)?;
        book.read_clinics(from)?;
        book.read_grid(from)?;
        book.read_people(from)?;
        book.read_reservations(from)?;
        book.read_holds(from)?;
        book.read_visits(from)?;
        check(book.undercut_is_sound(), "an undercut slot")?;
        book.read_operations(from)?;
        book.read_imports(from)?;
        book.rooms = Rooms::read(from, |id| book.campaigns.get(usize::from(id.0)).map(|state| &*state.campaign))?;
        book.read_helps(from)?;
        book.read_operator_words(from)?;
        book.read_look_ups(from)?;
        check(from.u64()? == book.fingerprint(), "the fingerprint")?;
        Ok(book)
    }

    fn read_operator_words(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let count = at_most(from.u32()?, OperatorWords::PROVIDERS_MAX, "the number of operators' words")?;
        for _ in 0..count {
            let provider = IdentityProviderId::parse(&from.text()?).ok_or(ImageError::Invalid("a provider's name"))?;
            let word = match from.u16()? {
                0 => OperatorWord::Closed,
                cap => OperatorWord::Capped(cap),
            };
            let sound = !matches!(word, OperatorWord::Capped(cap) if cap > OperatorWord::CAP_MAX);
            check(sound && self.operator_words.of(&provider) == OperatorWord::Open, "an operator's word")?;
            self.operator_words.say(&provider, word);
        }
        Ok(())
    }

    fn read_look_ups(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        for _ in 0..at_most(from.u32()?, AGENTS_MAX, "the number of agents")? {
            let agent = StaffNumber(from.u32()?);
            let count = at_most(from.u32()?, LOOK_UPS_MAX as usize, "the number of look-ups")?;
            let times = (0..count)
                .map(|_| from.array().map(|at| UnixMillis(i64::from_le_bytes(at))))
                .collect::<Result<_, _>>()?;
            check(self.look_ups.restore(agent, times), "an agent's look-ups")?;
        }
        Ok(())
    }

    fn read_campaigns(&mut self, from: &mut Reader<'_>, campaigns: CampaignReader<'_>) -> Result<(), ImageError> {
        let count = at_most(from.u32()?, CAMPAIGNS_MAX, "the number of campaigns")?;
        for id in 0..count {
            let id = CampaignId(id as u16);
            let (version, released) = (CampaignVersion(from.u16()?), from.u16()?);
            let text = from.text()?;
            let campaign = campaigns(&text, id, version).filter(|read| read.id == id && read.version == version);
            let campaign = campaign.ok_or(ImageError::CampaignUnreadable(id))?;
            check(usize::from(released) <= campaign.openings.len(), "the openings released")?;
            let mut state = CampaignState::new(Arc::new(campaign), text.into(), released);
            for _ in 0..at_most(from.u32()?, state.campaign.openings.len(), "the openings moved")? {
                let (opening, opens_at) = (OpeningId(from.u8()?), UnixMillis(i64::from_le_bytes(from.array()?)));
                let window = state.campaign.opening(opening).map(|opening| &opening.window);
                check(window.is_some_and(|window| opens_at < window.closes_at), "an opening that was moved")?;
                state.open_at(opening, opens_at);
            }
            self.campaigns.push(state);
        }
        Ok(())
    }

    fn read_clinics(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let count = at_most(from.u32()?, CLINICS_MAX, "the number of clinics")?;
        for _ in 0..count {
            let clinic = read_clinic(from)?;
            check(self.clinics.find(&clinic.code).is_none(), "two clinics with one code")?;
            self.clinics.put(clinic);
        }
        Ok(())
    }

    fn read_grid(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let patterns = at_most(from.u32()?, BLOCKS_MAX, "the number of patterns")?;
        for _ in 0..patterns {
            let starts: Vec<MinuteOfDay> =
                (0..from.u8()?).map(|_| from.u16().map(MinuteOfDay)).collect::<Result<_, _>>()?;
            let mut sorted = starts.clone();
            sorted.sort_unstable();
            sorted.dedup();
            let sound = (1..=64).contains(&starts.len()) && sorted.len() == starts.len();
            check(sound && starts.iter().all(|start| start.0 < 24 * 60), "a pattern of start times")?;
            check(self.grid.restore_pattern(starts.into()), "two equal patterns")?;
        }
        let rows = from.u32()?;
        from.records(rows, width::ROW, |mut row| {
            let row = Row {
                campaign: CampaignId(row.u16()),
                clinic: ClinicId(row.u32()),
                product: ProductId(row.u8()),
                dose: DoseNumber::new(row.u8()).ok_or(ImageError::Invalid("a row's dose"))?,
            };
            let campaign = self.campaigns.get(usize::from(row.campaign.0));
            let product = campaign.and_then(|state| state.campaign.product(row.product));
            let clinic_may_be = (row.clinic.0 as usize) < CLINICS_MAX;
            check(product.is_some() && clinic_may_be && self.grid.row_id(row).is_none(), "a row")?;
            self.grid.row_or_new(row);
            Ok(())
        })?;
        let blocks = at_most(from.u32()?, BLOCKS_MAX, "the number of blocks")?;
        let mut slots = 0_u64;
        from.records(blocks, width::BLOCK, |mut block| {
            let (row, pattern, day, closed) = (RowId(block.u32()), block.u32(), DayIndex(block.u8()), block.u64());
            let sight = if block.u8() == 1 { Sight::Hidden } else { Sight::Shown };
            // Who is to have a hidden block may not be a clinic yet.
            let clinics = self.clinics.rows();
            let known = self
                .grid
                .rows()
                .get(row.0 as usize)
                .is_some_and(|row| sight == Sight::Hidden || clinics.get(row.clinic.0 as usize).is_some());
            let free_day = u32::from(day.0) < DayIndex::MAX_DAYS && self.grid.block_on(row, day).is_none();
            let starts = self.grid.patterns().get(pattern as usize).map_or(0, |starts| starts.len());
            let within = closed.checked_shr(starts as u32).unwrap_or(0) == 0;
            slots += starts as u64;
            check(known && free_day && starts > 0 && within && slots < u64::from(NONE), "a block")?;
            self.grid.restore_block(row, day, pattern, (closed, sight));
            Ok(())
        })?;
        check(u64::from(from.u32()?) == slots, "the number of slots")?;
        let mut slot = SlotId(0);
        from.records(slots as u32, width::CAPACITY, |mut capacity| {
            slot = self.grid.restore_capacity(slot, capacity.u16());
            Ok(())
        })?;
        let undercut = from.u32()?;
        from.records(undercut, width::UNDERCUT, |mut undercut| {
            let (slot, wanted) = (SlotId(undercut.u32()), undercut.u16());
            check(self.grid.counts(slot).is_some(), "an undercut slot")?;
            self.grid.restore_undercut(slot, wanted);
            Ok(())
        })
    }

    fn read_people(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let people = from.u32()?;
        self.people.make_room_for(people.min(ROOM_AT_MOST) as usize);
        let ahead = |book: &Self, mut row: Fields<'_>| book.people.warm_key(CitizenKey(row.array()));
        from.records_looked_ahead(self, (people, width::PERSON), ahead, |book, mut row| {
            let (key, key_id, erased, generation) = (CitizenKey(row.array()), KeyId(row.u16()), row.u8(), row.u32());
            let erased = erased == 1;
            check(erased || book.people.find(key_id, key).is_none(), "two people with one key")?;
            book.people.restore(PersonRow::from_image(key, key_id, erased, generation));
            Ok(())
        })
    }

    fn read_reservations(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let reservations = from.u32()?;
        self.reservations.make_room_for(reservations.min(ROOM_AT_MOST) as usize);
        let ahead = |book: &Self, mut row: Fields<'_>| {
            let (first, second, person, number) = (SlotId(row.u32()), row.u32(), Person(row.u32()), row.u64());
            book.warm_reservation(person, (first, slot_or_none(second)), ReservationNumber::from_value(number));
        };
        from.records_looked_ahead(self, (reservations, width::RESERVATION), ahead, |book, mut row| {
            let (first, second) = (SlotId(row.u32()), slot_or_none(row.u32()));
            let person = Person(row.u32());
            let number = ReservationNumber::from_value(row.u64()).ok_or(ImageError::Invalid("a number"))?;
            let states = row.u8();
            let state = |code| state_from_code(code).ok_or(ImageError::Invalid("the state of a dose"));
            let mut reservation = Reservation::new(person, number, first, second, UnixMillis(row.i64()));
            reservation.set_state(PlaceOf::First, state(states & 0xf)?);
            reservation.set_state(PlaceOf::Second, state(states >> 4)?);

            check(book.people.rows().get(person.0 as usize).is_some(), "a reservation's person")?;
            check(book.reservations.find(number).is_none(), "two reservations with one number")?;
            check(book.same_campaign(first, second).is_some(), "a reservation's places")?;
            for (_, slot, _) in reservation.places().filter(|(.., state)| takes_a_place(*state)) {
                book.restore_claim(slot, Claim::Reserve)?;
            }
            let id = crate::ids::ReservationId(book.reservations.next());
            let older = book.people.push_reservation(person, id);
            book.reservations.push(reservation, older);
            Ok(())
        })
    }

    fn read_holds(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        self.holds.set_next(from.u32()?);
        let holds = from.u32()?;
        from.records(holds, width::HOLD, |mut hold| {
            let (id, person, campaign) = (HoldId(hold.u32()), Person(hold.u32()), CampaignId(hold.u16()));
            let (first, second) = (SlotId(hold.u32()), slot_or_none(hold.u32()));
            let (extensions, expires_at) = (hold.u8(), UnixMillis(hold.i64()));
            let of_known = self.people.known(person).is_some() && self.holds.of(person).is_none();
            check(of_known && id.0 < self.holds.next() && self.holds.get(id).is_none(), "a hold")?;
            check(self.same_campaign(first, second) == Some(campaign), "the places of a hold")?;
            self.restore_claim(first, Claim::Hold)?;
            second.map_or(Ok(()), |second| self.restore_claim(second, Claim::Hold))?;
            self.holds.open(id, (person, campaign), (first, second), extensions, expires_at);
            Ok(())
        })
    }

    fn read_visits(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let visits = from.u32()?;
        from.records(visits, width::VISIT, |mut visit| {
            let (person, campaign, opening) = (Person(visit.u32()), CampaignId(visit.u16()), OpeningId(visit.u8()));
            let (generation, holds_expired, last_expired) = (visit.u32(), visit.u8(), visit.u32());
            let proxy = Some(visit.u32()).filter(|helper| *helper != NONE).map(Person);
            let ends_at = UnixMillis(visit.i64());
            let known = self.campaign(campaign).is_some_and(|campaign| campaign.opening(opening).is_some());
            let of_known = self.people.known(person).is_some_and(|row| generation <= row.generation);
            check(known && of_known && self.visits.of(person).is_none(), "a visit")?;
            self.visits.start(person, (campaign, opening), generation, ends_at);
            let last_expired = Some(last_expired).filter(|hold| *hold != NONE).map(HoldId);
            self.visits.restore_expired(person, holds_expired, last_expired);
            if let Some(helper) = proxy {
                self.visits.let_in_by(person, Actor::Proxy(helper));
            }
            Ok(())
        })
    }

    fn read_helps(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        self.helps.set_next(from.u32()?);
        let helps = from.u32()?;
        from.records(helps, width::HELP, |mut row| {
            let id = HelpId(row.u32());
            let helper = Some(row.u32()).filter(|helper| *helper != NONE).map(Person);
            let (helped, ends_at) = (Person(row.u32()), UnixMillis(row.i64()));
            let scheme = scheme_of_number(row.u8()).ok_or(ImageError::Invalid("a scheme"))?;
            let (code, misses, proof) = (row.u8(), row.u8(), HelpProof(row.array()));
            let stage = match code {
                0 => Stage::Invited { proof, misses },
                1 => Stage::Standing(HelpBasis::Consent),
                2 => Stage::Standing(HelpBasis::Registry),
                _ => return Err(ImageError::Invalid("how far a help has come")),
            };
            let known =
                self.people.known(helped).is_some() && helper.is_none_or(|helper| self.people.known(helper).is_some());
            check(known && self.helps.restore(id, Help { helper, helped, scheme, ends_at, stage }), "who helps whom")
        })
    }

    fn read_operations(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let operations = from.u32()?;
        self.operations.make_room_for(operations.min(ROOM_AT_MOST) as usize);
        let mut before = UnixMillis(i64::MIN);
        let ahead = |book: &Self, mut row: Fields<'_>| {
            book.operations.warm(OperationKey(u128::from_le_bytes(row.array())));
        };
        from.records_looked_ahead(self, (operations, width::OPERATION), ahead, |book, mut row| {
            let key = OperationKey(u128::from_le_bytes(row.array()));
            let (request_hash, at) = (row.u64(), UnixMillis(row.i64()));
            let outcome = outcome::read(&mut row)?;
            check(before <= at, "the order of remembered answers")?;
            before = at;
            book.operations.remember(OperationRow::new(Operation { key, request_hash }, at, outcome));
            Ok(())
        })
    }

    fn read_imports(&mut self, from: &mut Reader<'_>) -> Result<(), ImageError> {
        let mut rows = 0_usize;
        for _ in 0..at_most(from.u32()?, IMPORTS_MAX, "the number of imports")? {
            let import = ImportId(from.u32()?);
            let (has_campaign, campaign) = (from.u8()? == 1, CampaignId(from.u16()?));
            check(!has_campaign || self.campaign(campaign).is_some(), "an import's campaign")?;
            let mut staged = Staged::default();
            staged.campaign = has_campaign.then_some(campaign);
            for _ in 0..from.u32()? {
                staged.clinics.push(chunk(from, &mut rows, read_clinic)?);
            }
            for _ in 0..from.u32()? {
                staged.add_sessions(chunk(from, &mut rows, read_session)?);
            }
            check(self.imports.get(import).is_none(), "two imports with one id")?;
            self.imports.restore(import, staged);
        }
        let (clinics, import) = (from.u32()?, from.u32()?);
        check(import == NONE || self.restore_laid_out(ImportId(import), clinics).is_some(), "what is laid out")
    }

    fn restore_laid_out(&mut self, import: ImportId, clinics: u32) -> Option<()> {
        let campaign = self.imports.get(import)?.campaign?;
        let campaign = Arc::clone(self.campaign(campaign)?);
        self.imports.restore_laid_out(import, clinics, (&self.clinics, &mut self.grid, &campaign))
    }

    /// The one campaign of one or two different slots.
    fn same_campaign(&self, first: SlotId, second: Option<SlotId>) -> Option<CampaignId> {
        let campaign = |slot| self.grid.find(slot).map(|found| found.row.campaign);
        let one = campaign(first)?;
        second.is_none_or(|second| second != first && campaign(second) == Some(one)).then_some(one)
    }

    fn restore_claim(&mut self, slot: SlotId, claim: Claim) -> Result<(), ImageError> {
        let room = self.grid.counts(slot).is_some_and(|counts| counts.claimed() < counts.capacity);
        check(room, "more places claimed than there are")?;
        self.grid.claim_as_is(slot, claim);
        Ok(())
    }

    /// A slot is undercut while more is claimed than wanted, and then has as many places as are claimed.
    fn undercut_is_sound(&self) -> bool {
        self.grid.undercut().iter().all(|(slot, wanted)| {
            self.grid
                .counts(*slot)
                .is_some_and(|counts| counts.claimed() > *wanted && counts.capacity == counts.claimed())
        })
    }
}

/// Rows staged by one command, and how many there are in all.
fn chunk<T>(
    from: &mut Reader<'_>,
    rows: &mut usize,
    mut read: impl FnMut(&mut Reader<'_>) -> Result<T, ImageError>,
) -> Result<Arc<[T]>, ImageError> {
    let count = from.u32()?;
    *rows = rows.saturating_add(count as usize);
    check(*rows <= STAGED_MAX, "the number of staged rows")?;
    (0..count).map(|_| read(from)).collect()
}

fn slot_or_none(value: u32) -> Option<SlotId> {
    (value != NONE).then_some(SlotId(value))
}

fn check(fits: bool, what: &'static str) -> Result<(), ImageError> {
    if fits { Ok(()) } else { Err(ImageError::Invalid(what)) }
}

fn at_most(count: u32, max: usize, what: &'static str) -> Result<u32, ImageError> {
    check(count as usize <= max, what).map(|()| count)
}
