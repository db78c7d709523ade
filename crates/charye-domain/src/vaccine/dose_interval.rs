//! Room: domain. Days between two doses. Never knows which days a clinic works; that is asked by the caller.

use std::ops::RangeInclusive;

use jiff::civil::Date;

/// Days allowed between dose 1 and dose 2.
///
/// Unit: whole days, civil time of the campaign. Source: KDCA notice of 2021-08 for the 18-49 opening (mRNA: 6 weeks,
/// 5 allowed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoseInterval {
    /// Both ends included.
    pub allowed_days: RangeInclusive<u16>,
    /// The interval offered first; within `allowed_days`.
    pub standard_days: u16,
}

impl DoseInterval {
    /// Whether a second dose on `second` may follow a first dose on `first`.
    pub fn allows(&self, first: Date, second: Date) -> bool {
        u16::try_from((second - first).get_days()).is_ok_and(|days| self.allowed_days.contains(&days))
    }
}
