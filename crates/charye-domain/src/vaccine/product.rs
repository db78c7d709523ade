//! Room: domain. A vaccine product as a campaign supplies it. Never knows clinics or stock.

use crate::campaign::Bilingual;
use crate::ids::ProductId;
use crate::vaccine::DoseInterval;

/// A product as supplied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaccineProduct {
    pub id: ProductId,
    /// Stable code in files and URLs, such as `pfizer`.
    pub code: String,
    pub name: Bilingual,
    /// CVX code of the US CDC, as feeds carry it; none for products without one.
    pub cvx: Option<u16>,
    /// Doses of the series: 1 or 2.
    pub doses: u8,
    /// Days between dose 1 and dose 2; present if and only if `doses` is 2.
    pub interval: Option<DoseInterval>,
}

/// Place of a dose in the series: 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DoseNumber {
    First,
    Second,
}

impl DoseNumber {
    /// 1 or 2.
    pub fn value(self) -> u8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
        }
    }

    /// The dose with this number.
    pub fn new(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::First),
            2 => Some(Self::Second),
            _ => None,
        }
    }
}

/// When the second dose is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoseTwoPolicy {
    /// Both places are taken together, at the same clinic, within the product's interval.
    Together,
    /// The first dose only; the second is reserved later, by another reservation of the same campaign.
    Later,
}
