//! Room: domain. The newtypes that name things, so that two of them cannot be swapped.
//!
//! Everything here is a small number, given by position in a file or by the book. Never a name, never a secret.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A campaign in its journal: 0 for the first one published, and so on.
    CampaignId(u16)
);
id!(
    /// Which text of a campaign: 1 for the first one published. Every deciding event carries it.
    CampaignVersion(u16)
);
id!(
    /// An opening: its position in the campaign file, from 0.
    OpeningId(u8)
);
id!(
    /// A cohort: its position in the campaign file, from 0.
    CohortId(u8)
);
id!(
    /// A vaccine product: its position in the campaign file, from 0.
    ProductId(u8)
);
id!(
    /// A clinic: given by the book in the order in which clinics are first activated, from 0.
    ClinicId(u32)
);
id!(
    /// The number that stands for a citizen in the journal. Given by the book at registration, from 0.
    Person(u32)
);
id!(
    /// A reservation: given by the book in order of confirmation, from 0. Not shown to anyone; see [`ReservationNumber`].
    ReservationId(u32)
);
id!(
    /// A hold: given by the book in order, from 0. A page carries it, so that a stale page confirms nothing else.
    HoldId(u32)
);
id!(
    /// One person helping another, or a question whether to: given by the book in order, from 0. Stands in front of a code.
    HelpId(u32)
);
id!(
    /// An import being staged: chosen by the importer, unique in a journal.
    ImportId(u32)
);
id!(
    /// Which key of the installation made a citizen key.
    KeyId(u16)
);
id!(
    /// A message due to someone: the sequence number of the event it tells of.
    MessageId(u64)
);

/// A place in the grid of slots: which block (clinic, product, dose and day), and which start time within it.
///
/// `block * 64 + index`, so a block has at most [`SlotId::PER_BLOCK`] start times and ids never move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub u32);

impl SlotId {
    /// Start times a block can hold: one bit each of a `u64` mask.
    pub const PER_BLOCK: u32 = 64;
    /// Blocks that fit: `2^26`.
    pub const BLOCKS_MAX: u32 = 1 << 26;

    /// The slot at `index` (0..64) of `block`. An index out of range is clamped to the last bit.
    pub fn new(block: BlockId, index: u8) -> Self {
        Self(block.0 * Self::PER_BLOCK + u32::from(index).min(Self::PER_BLOCK - 1))
    }

    /// The block this slot is in.
    pub fn block(self) -> BlockId {
        BlockId(self.0 / Self::PER_BLOCK)
    }

    /// Which start time of its block this is, 0..64.
    pub fn index(self) -> u8 {
        (self.0 % Self::PER_BLOCK) as u8
    }
}

id!(
    /// All slots of one clinic, product and dose on one day. Given by the book, from 0.
    BlockId(u32)
);

/// What the citizen quotes: eleven digits, drawn outside the domain and carried in the command.
///
/// Shown as `1234-5678-901`; the last digit is a Luhn check digit, so a slip of the tongue is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReservationNumber(u64);

impl ReservationNumber {
    const BODIES: u64 = 10_000_000_000;

    /// Makes a number from 64 random bits.
    pub fn from_random(bits: u64) -> Self {
        let body = bits % Self::BODIES;
        Self(body * 10 + luhn_check_digit(body))
    }

    /// The number as stored, or `None` if its check digit is wrong.
    pub fn from_value(value: u64) -> Option<Self> {
        let in_range = value < Self::BODIES * 10;
        (in_range && luhn_check_digit(value / 10) == value % 10).then_some(Self(value))
    }

    /// Reads what a person typed or said: digits, with spaces or hyphens anywhere.
    pub fn parse(text: &str) -> Option<Self> {
        let mut value = 0_u64;
        let mut digits = 0;
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            value = value * 10 + u64::from(c.to_digit(10)?);
            digits += 1;
            if digits > 11 {
                return None;
            }
        }
        (digits == 11).then(|| Self::from_value(value)).flatten()
    }

    /// The eleven digits as one number, for the journal and for look-ups.
    pub fn value(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for ReservationNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (a, b, c) = (self.0 / 10_000_000, self.0 / 1_000 % 10_000, self.0 % 1_000);
        write!(f, "{a:04}-{b:04}-{c:03}")
    }
}

/// Luhn's check digit of a number, as on payment cards (ISO/IEC 7812-1 annex B).
fn luhn_check_digit(mut body: u64) -> u64 {
    let mut sum = 0;
    let mut double = true;
    while body > 0 {
        let digit = body % 10;
        sum += match (double, digit * 2) {
            (true, doubled) if doubled > 9 => doubled - 9,
            (true, doubled) => doubled,
            (false, _) => digit,
        };
        double = !double;
        body /= 10;
    }
    (10 - sum % 10) % 10
}

/// A keyed hash of what identifies a citizen under the campaign's uniqueness scheme: the first 16 bytes of an
/// HMAC made in the gateway. Never a name; useless without the installation key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CitizenKey(pub [u8; 16]);

impl std::fmt::Debug for CitizenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CitizenKey(..)")
    }
}

/// Names one operation of one actor: a hash of actor, operation and the client's `Idempotency-Key`, made at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OperationKey(pub u128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_number_survives_being_read_aloud() {
        let number = ReservationNumber::from_random(1_234_567_890);
        assert_eq!(ReservationNumber::parse(&number.to_string()), Some(number));
        assert_eq!(ReservationNumber::parse(&format!(" {} ", number.to_string().replace('-', " "))), Some(number));
    }

    #[test]
    fn one_wrong_digit_is_noticed() {
        let number = ReservationNumber::from_random(77_123);
        for place in 0..11 {
            let wrong = format!("{:011}", number.value())
                .char_indices()
                .map(
                    |(i, c)| {
                        if i == place { char::from_digit((c.to_digit(10).unwrap() + 1) % 10, 10).unwrap() } else { c }
                    },
                )
                .collect::<String>();
            assert_eq!(ReservationNumber::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn luhn_agrees_with_the_textbook() {
        assert_eq!(luhn_check_digit(7_992_739_871), 3);
    }

    #[test]
    fn slot_id_round_trips() {
        let slot = SlotId::new(BlockId(1_000), 63);
        assert_eq!((slot.block(), slot.index()), (BlockId(1_000), 63));
    }
}
