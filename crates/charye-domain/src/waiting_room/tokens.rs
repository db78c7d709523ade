//! Room: domain/waiting_room. The bytes of tickets and passes, under the MAC: which field stands where. Used by charye-web,
//! which adds and checks the MAC and must not read a byte before it has. `docs/reference/tokens.md` is the specification.
//!
//! Arithmetic only: whoever can call this can forge a layout, and only the key makes it genuine.

use crate::ids::{CampaignId, KeyId, OpeningId, Person};
use crate::time::UnixMillis;
use crate::waiting_room::draw::DrawId;
use crate::waiting_room::place::Place;
use crate::weakness::Defence;

/// Version of the layout.
pub const VERSION: u8 = 1;
/// Bytes that the MAC covers: all before it.
pub const SIGNED_BYTES: usize = 28;
/// Bytes of the MAC.
pub const MAC_BYTES: usize = 16;
/// Bytes of a whole ticket or pass.
pub const TOKEN_BYTES: usize = SIGNED_BYTES + MAC_BYTES;
/// Characters of it in base64url without padding.
pub const TEXT_BYTES: usize = (TOKEN_BYTES * 8).div_ceil(6);
/// Keys are derived for one purpose each, so that a ticket never passes as a pass even before its kind is read.
pub const TICKET_MAC_PURPOSE: &str = "charye ticket v1";
pub const PASS_MAC_PURPOSE: &str = "charye pass v1";

const KIND_TICKET: u8 = 1;
const KIND_PASS: u8 = 2;
const FORM_DRAWN: u8 = 0;
const FORM_PLACED: u8 = 1;
const FORM_RETURNING: u8 = 2;

/// What both kinds say first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub key_id: KeyId,
    pub campaign: CampaignId,
    pub opening: OpeningId,
    pub person: Person,
}

/// One person's place in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub head: Head,
    pub standing: TicketStanding,
}

/// What a ticket proves. One from before the opening never says a place: nobody could know it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketStanding {
    Drawn(DrawId),
    Placed {
        place: Place,
        issued_at: UnixMillis,
    },
    /// Was called, did not come, is back: this number of the returners' lane.
    Returning {
        number: u64,
        issued_at: UnixMillis,
    },
}

/// One person's right to be inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    pub head: Head,
    /// Counts the visit's moves from device to device; the book refuses old ones.
    pub generation: u32,
    pub expires_at: UnixMillis,
}

/// The key a token claims to be signed with: the one thing that is read before the MAC is checked.
pub fn claimed_key_id(token: &[u8; TOKEN_BYTES]) -> KeyId {
    KeyId(u16::from_le_bytes([token[2], token[3]]))
}

impl Ticket {
    /// The signed bytes.
    pub fn layout(&self) -> [u8; SIGNED_BYTES] {
        match self.standing {
            TicketStanding::Drawn(id) => {
                let mut signed = head_layout(KIND_TICKET, FORM_DRAWN, &self.head);
                signed[12..28].copy_from_slice(&id.0);
                signed
            }
            TicketStanding::Placed { place, issued_at } => numbered_layout(FORM_PLACED, &self.head, place.0, issued_at),
            TicketStanding::Returning { number, issued_at } => {
                numbered_layout(FORM_RETURNING, &self.head, number, issued_at)
            }
        }
    }

    /// The ticket that genuine bytes say, or `None` if they are those of something else.
    pub fn read(signed: &[u8; SIGNED_BYTES]) -> Option<Self> {
        let (form, head) = read_head(KIND_TICKET, signed)?;
        let standing = match form {
            FORM_DRAWN => {
                let mut id = [0; 16];
                id.copy_from_slice(&signed[12..28]);
                TicketStanding::Drawn(DrawId(id))
            }
            FORM_PLACED => TicketStanding::Placed {
                place: Place(u64::from_le_bytes(eight(signed, 12))),
                issued_at: UnixMillis(i64::from_le_bytes(eight(signed, 20))),
            },
            FORM_RETURNING => TicketStanding::Returning {
                number: u64::from_le_bytes(eight(signed, 12)),
                issued_at: UnixMillis(i64::from_le_bytes(eight(signed, 20))),
            },
            _ => return None,
        };
        Some(Self { head, standing })
    }
}

impl Pass {
    /// The signed bytes.
    pub fn layout(&self) -> [u8; SIGNED_BYTES] {
        let mut signed = head_layout(KIND_PASS, 0, &self.head);
        signed[12..16].copy_from_slice(&self.generation.to_le_bytes());
        signed[16..24].copy_from_slice(&self.expires_at.0.to_le_bytes());
        signed
    }

    /// The pass that genuine bytes say, or `None` if they are those of something else. Whether it has expired is the
    /// caller's to ask.
    pub fn read(signed: &[u8; SIGNED_BYTES]) -> Option<Self> {
        let (form, head) = read_head(KIND_PASS, signed)?;
        let reserved_is_zero = form == 0 && signed[24..].iter().all(|byte| *byte == 0);
        let generation = u32::from_le_bytes([signed[12], signed[13], signed[14], signed[15]]);
        let expires_at = UnixMillis(i64::from_le_bytes(eight(signed, 16)));
        reserved_is_zero.then_some(Self { head, generation, expires_at })
    }
}

fn numbered_layout(form: u8, head: &Head, number: u64, issued_at: UnixMillis) -> [u8; SIGNED_BYTES] {
    let mut signed = head_layout(KIND_TICKET, form, head);
    signed[12..20].copy_from_slice(&number.to_le_bytes());
    signed[20..28].copy_from_slice(&issued_at.0.to_le_bytes());
    signed
}

fn head_layout(kind: u8, form: u8, head: &Head) -> [u8; SIGNED_BYTES] {
    let mut signed = [0; SIGNED_BYTES];
    signed[0] = VERSION;
    signed[1] = kind;
    signed[2..4].copy_from_slice(&head.key_id.0.to_le_bytes());
    signed[4..6].copy_from_slice(&head.campaign.0.to_le_bytes());
    signed[6] = head.opening.0;
    signed[7] = form;
    signed[8..12].copy_from_slice(&head.person.0.to_le_bytes());
    signed
}

fn read_head(kind: u8, signed: &[u8; SIGNED_BYTES]) -> Option<(u8, Head)> {
    let [version, is_kind, k0, k1, c0, c1, opening, form, p0, p1, p2, p3, ..] = *signed;
    let head = Head {
        key_id: KeyId(u16::from_le_bytes([k0, k1])),
        campaign: CampaignId(u16::from_le_bytes([c0, c1])),
        opening: OpeningId(opening),
        person: Person(u32::from_le_bytes([p0, p1, p2, p3])),
    };
    let is_read = version == VERSION || Defence::Version.is_off();
    (is_read && (is_kind == kind || Defence::Kind.is_off())).then_some((form, head))
}

fn eight(signed: &[u8; SIGNED_BYTES], from: usize) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&signed[from..from + 8]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiting_room::draw::published::hex;

    const HEAD: Head = Head {
        key_id: KeyId(0x0102),
        campaign: CampaignId(0x0304),
        opening: OpeningId(5),
        person: Person(0x0607_0809),
    };
    const PASS: Pass = Pass { head: HEAD, generation: 0x0a0b_0c0d, expires_at: UnixMillis(1_628_506_800_000) };
    const DRAWN: Ticket = Ticket { head: HEAD, standing: TicketStanding::Drawn(DrawId([0xdd; 16])) };
    const PLACED: Ticket = Ticket {
        head: HEAD,
        standing: TicketStanding::Placed { place: Place((1 << 63) + 1_234), issued_at: UnixMillis(1_628_506_801_234) },
    };

    const RETURNING: Ticket = Ticket {
        head: HEAD,
        standing: TicketStanding::Returning { number: 70_000, issued_at: UnixMillis(1_628_506_999_000) },
    };

    #[test]
    fn the_layouts_are_those_of_the_reference() {
        let page = include_str!("../../../../docs/reference/tokens.md");
        let layouts = [
            ("pass", PASS.layout()),
            ("drawn", DRAWN.layout()),
            ("placed", PLACED.layout()),
            ("returning", RETURNING.layout()),
        ];
        for (name, layout) in layouts {
            assert!(page.contains(&format!("`{}`", hex(&layout))), "{name}: {}", hex(&layout));
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Pass::read(&PASS.layout()), Some(PASS));
        for ticket in [DRAWN, PLACED, RETURNING] {
            assert_eq!(Ticket::read(&ticket.layout()), Some(ticket));
        }
    }

    #[test]
    fn a_ticket_is_no_pass_and_a_pass_no_ticket() {
        assert_eq!([DRAWN, PLACED, RETURNING].map(|ticket| Pass::read(&ticket.layout())), [None; 3]);
        assert_eq!(Ticket::read(&PASS.layout()), None);
    }

    #[test]
    fn another_version_form_or_reserved_byte_is_refused() {
        for at in [0, 1, 7, 24, 27] {
            let mut layout = PASS.layout();
            layout[at] ^= 8;
            assert_eq!(Pass::read(&layout), None, "byte {at}");
        }
        let mut layout = PLACED.layout();
        layout[7] = 3;
        assert_eq!(Ticket::read(&layout), None);
    }
}
