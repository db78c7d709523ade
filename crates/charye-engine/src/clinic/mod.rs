//! Room: engine/clinic. Clinics and their sessions from the files an authority keeps, row by row, into staged chunks.
//!
//! Called by `charye import` and by the demo. It never decides whether an import counts; activating it does.

mod district;
pub use district::{District, DistrictTable};

mod import_error;
pub use import_error::{ImportCounts, ImportErrors, ImportFailure, ROW_ERRORS_MAX, RowError};

mod import_clinics;
pub use import_clinics::import_clinics;

mod import_sessions;
pub use import_sessions::import_sessions;

mod import_file;
pub use import_file::CHUNK_ROWS;

mod csv_source;
pub use csv_source::RECORD_BYTES_MAX;

mod csv_table;

#[cfg(test)]
mod tests;
