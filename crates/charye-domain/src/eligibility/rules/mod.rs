//! Room: domain. One rule a file, asked in order by `eligibility`.
