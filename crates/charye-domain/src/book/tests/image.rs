//! Room: domain/book/tests. Images: the same book comes back, and no bytes bring anything down.

use super::*;
use crate::book::samples::{SINGLE, book_in, image_of, session};
use crate::book::{Channel, ImageError, Provenance, StaffNumber};
use crate::identity::{IdentityProviderId, OperatorWord, ProviderOrder};
use crate::vaccine::DoseNumber;

/// A book with something in every table.
fn lived_in() -> Sample {
    let mut sample = open(4);
    let (single, pair) = (sample.single("C1"), sample.pair("C2"));
    let people: Vec<_> = (1..=6).map(|key| sample.citizen(key)).collect();
    reserved(sample.reserve(people[0], single));
    let cancelled = reserved(sample.reserve(people[1], pair));
    sample.ask_keyed(Actor::Citizen(people[1]), (9, 9), Action::Cancel { person: people[1], reservation: cancelled });
    let authority = sample.inside(people[2]);
    sample.ask_keyed(Actor::Citizen(people[2]), (10, 9), Action::Cancel { person: people[2], reservation: cancelled });
    held(&mut sample, people[2], authority, pair);
    sample.ask(Actor::System, Action::NoteOutage { gap_ms: 5_000 });
    sample.ask(Actor::System, Action::ErasePerson { person: people[5] });
    reserved(sample.reserve(people[4], single));
    sample.import(2, &[], vec![session("C1", SINGLE, DoseNumber::First, (4, 5), 1)]);
    sample.ask(crate::book::samples::OPERATOR, Action::BlockSlots { block: pair.first.block(), mask: 2 });
    for (name, word) in [("kakao", OperatorWord::Closed), ("naver", OperatorWord::Capped(9))] {
        let provider = IdentityProviderId::parse(name).unwrap();
        let order = Box::new(ProviderOrder { provider, word, note: "drill".into() });
        sample.ask(crate::book::samples::OPERATOR, Action::SteerProvider { order });
    }
    let agent = Provenance { actor: Actor::Agent(StaffNumber(7)), channel: Channel::Call, reason: 101 };
    for person in [Some(people[3]), None] {
        sample.ask_by(agent, Action::LookUpCaller { person });
    }
    let staged =
        Action::StageClinics { import: crate::ids::ImportId(3), clinics: [crate::book::samples::clinic("C3")].into() };
    sample.ask(crate::book::samples::OPERATOR, staged);
    sample
}

#[test]
fn a_book_comes_back_from_its_image_whole() {
    let mut sample = lived_in();
    let image = image_of(&sample.book);
    let back = book_in(&image, DoseTwoPolicy::Together).unwrap();
    assert_eq!(image_of(&back), image);
    assert_eq!(back.fingerprint(), sample.book.fingerprint());
    assert_eq!((back.operator_words(), back.operator_words().iter().len()), (sample.book.operator_words(), 2));
    assert!(back.undercut_slots().count() > 0 && back.fill().operations == 2 && back.fill().visits == 1);
    // And it goes on as the other does.
    sample.book = back;
    sample.pass_time(10_000);
    assert_eq!(image_of(&sample.book), image_of(&sample.replayed()));
}

#[test]
fn an_image_that_ends_early_is_refused_wherever_it_ends() {
    let image = image_of(&lived_in().book);
    for length in 0..image.len() {
        let error = book_in(&image[..length], DoseTwoPolicy::Together).unwrap_err();
        assert_eq!(error, ImageError::CutShort, "{length} of {}", image.len());
    }
}

#[test]
fn a_changed_byte_is_refused_or_gives_a_sound_book() {
    let image = image_of(&lived_in().book);
    let mut refused = 0;
    for position in 0..image.len() {
        for bits in [0x01, 0x80, 0xff] {
            let mut changed = image.clone();
            changed[position] ^= bits;
            match book_in(&changed, DoseTwoPolicy::Together) {
                Err(_) => refused += 1,
                Ok(book) => {
                    for (block, position) in book.blocks().iter().zip(0..) {
                        for index in 0..block.slots() {
                            let slot = crate::ids::SlotId::new(crate::ids::BlockId(position), index);
                            let Some(counts) = book.slot_counts(slot) else {
                                assert!(block.is_hidden());
                                continue;
                            };
                            assert!(counts.held + counts.reserved <= counts.capacity);
                        }
                    }
                }
            }
        }
    }
    assert!(refused > image.len(), "{refused} of {}", 3 * image.len());
}
