//! Room: web/gate, tests. The whole tokens of `docs/reference/tokens.md`, MAC included: what the page says is what is sent and
//! what is taken.

use std::sync::Arc;

use charye_domain::ids::{CampaignId, KeyId, OpeningId, Person};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::draw::DrawId;
use charye_domain::waiting_room::draw::published::hex;
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::tokens::{PASS_MAC_PURPOSE, TICKET_MAC_PURPOSE, TicketStanding};
use charye_engine::fakes::ToyKeyRing;
use charye_engine::ports::Keys as _;

use super::mac::MacKeys;
use super::{Pass, Ticket};

const PAGE: &str = include_str!("../../../../docs/reference/tokens.md");
const KEY_ID: u16 = 0x0102;

fn keys(purpose: &'static str) -> MacKeys {
    MacKeys::new(Arc::new(ToyKeyRing::keeping(&[KEY_ID])), purpose)
}

/// These rows stand on the page; whoever changes the layout is told all that do not.
fn stand_in_the_reference(rows: &[String]) {
    let missing: Vec<&str> = rows.iter().map(String::as_str).filter(|row| !PAGE.contains(row)).collect();
    assert!(missing.is_empty(), "docs/reference/tokens.md lacks:\n{}", missing.join("\n"));
}

#[test]
fn the_keys_of_the_vectors_are_those_of_the_reference() {
    let key = |purpose| ToyKeyRing::keeping(&[KEY_ID]).mac_key(purpose, KeyId(KEY_ID)).unwrap();
    stand_in_the_reference(
        &[TICKET_MAC_PURPOSE, PASS_MAC_PURPOSE].map(|purpose| format!("| `{purpose}` | `{}` |", hex(&key(purpose)))),
    );
}

#[test]
fn tokens_are_sent_and_taken_as_in_the_reference() {
    let ticket = |standing| Ticket {
        campaign: CampaignId(0x0304),
        opening: OpeningId(5),
        person: Person(0x0607_0809),
        standing,
    };
    let pass = Pass {
        campaign: CampaignId(0x0304),
        opening: OpeningId(5),
        person: Person(0x0607_0809),
        generation: 0x0a0b_0c0d,
        expires_at: UnixMillis(1_628_506_800_000),
    };
    let placed = Place(Place::FIRST_AFTER_DRAW.0 + 1_234);
    let tickets = [
        ("ticket, drawn", TicketStanding::Drawn(DrawId([0xdd; 16]))),
        ("ticket, placed", TicketStanding::Placed { place: placed, issued_at: UnixMillis(1_628_506_801_234) }),
        ("ticket, returning", TicketStanding::Returning { number: 70_000, issued_at: UnixMillis(1_628_506_999_000) }),
    ];
    let sent = pass.seal(&keys(PASS_MAC_PURPOSE));
    assert_eq!(Pass::open(&keys(PASS_MAC_PURPOSE), &sent, UnixMillis(1_628_506_799_999)), Some(pass));
    let mut rows = vec![format!("| pass | `{sent}` |")];
    for (what, standing) in tickets {
        let sent = ticket(standing).seal(&keys(TICKET_MAC_PURPOSE));
        assert_eq!(Ticket::open(&keys(TICKET_MAC_PURPOSE), &sent), Some(ticket(standing)), "{what}");
        rows.push(format!("| {what} | `{sent}` |"));
    }
    stand_in_the_reference(&rows);
}
