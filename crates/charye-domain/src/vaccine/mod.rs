//! Room: domain. Vaccine products and the intervals between their doses.

mod dose_interval;
mod product;

pub use dose_interval::DoseInterval;
pub use product::{DoseNumber, DoseTwoPolicy, VaccineProduct};
