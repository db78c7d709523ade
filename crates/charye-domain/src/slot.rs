//! Room: domain. Clinic sessions, the slots that follow from them, and how much of a slot is released.

use jiff::civil::Date;

use crate::ids::ProductId;
use crate::time::MinuteOfDay;
use crate::vaccine::DoseNumber;

/// Part of a day when a clinic gives one dose of one product, repeated over days (FHIR Schedule).
///
/// Its slots are every `slot_minutes` from `start` while a whole slot fits before `end`, on each day from `first_day`
/// to `last_day` whose weekday is in `weekdays` and that is open for the campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicSession {
    /// The clinic's code.
    pub clinic: String,
    pub product: ProductId,
    pub dose: DoseNumber,
    /// Both included.
    pub first_day: Date,
    pub last_day: Date,
    pub weekdays: Weekdays,
    pub start: MinuteOfDay,
    pub end: MinuteOfDay,
    /// Unit: minutes, 5 to 720.
    pub slot_minutes: u16,
    /// Places in each slot, 1 to 10,000.
    pub capacity: u16,
}

/// A set of weekdays: bit 0 is Monday, bit 6 is Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekdays(pub u8);

impl Weekdays {
    pub const ALL: Self = Self(0b111_1111);

    /// Whether `date` falls on one of these weekdays.
    pub fn contains(self, date: Date) -> bool {
        self.0 >> date.weekday().to_monday_zero_offset() & 1 == 1
    }
}
