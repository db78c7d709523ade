//! Room: domain. One rule a file, asked in this order by `eligibility::decide`. A new rule is a new file here.

pub mod cohort;

pub mod birth_day_digit;

pub mod window;
