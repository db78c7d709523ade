//! Room: domain. A clinic: where doses are given. Facts that rules and look-ups need; never its stock.

use crate::campaign::Bilingual;

/// One clinic.
#[derive(Clone, Debug, PartialEq)]
pub struct Clinic {
    /// The code its authority knows it by (요양기관기호 or the like): `[A-Za-z0-9._-]`, 1 to 32 characters, unique.
    pub code: String,
    pub kind: ClinicKind,
    pub name: Bilingual,
    /// District code (시군구), five digits, such as 11110.
    pub district: u32,
    /// Address as printed, Korean.
    pub address: String,
    /// Public telephone number of the clinic.
    pub phone: String,
    pub point: Option<Point>,
}

/// What kind of place gives the doses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClinicKind {
    /// 위탁의료기관: a practice or hospital under contract.
    Contracted,
    /// 예방접종센터: a vaccination centre.
    Centre,
    /// 보건소: a public health centre.
    HealthCentre,
}

/// A point on earth, WGS84. Unit: millionths of a degree, so that equality and order are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    pub lat_e6: i32,
    pub lon_e6: i32,
}
