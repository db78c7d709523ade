//! Room: engine/clinic. Its tests: good files in both encodings, bad files, hostile files, and a file of a million rows.

mod bad_files;
mod good_files;
mod large_files;

use std::convert::Infallible;

use charye_domain::campaign::Campaign;
use charye_domain::clinic::Clinic;
use charye_domain::slot::ClinicSession;

use super::{DistrictTable, ImportCounts, ImportErrors, ImportFailure, import_clinics, import_sessions};
use crate::campaign::{bundled, read_campaign};

fn campaign() -> Campaign {
    let bundled = bundled("kr-2021-18-49").unwrap();
    read_campaign(bundled.file, bundled.text.as_bytes()).unwrap().campaign
}

/// All clinics of a file, or its errors.
fn clinics(bytes: &[u8]) -> Result<(Vec<Clinic>, ImportCounts), ImportErrors> {
    let mut all = Vec::new();
    let sink = |chunk: Vec<Clinic>| -> Result<(), Infallible> {
        all.extend(chunk);
        Ok(())
    };
    let counts = file_errors(import_clinics("clinics.csv", bytes, &DistrictTable::korea(), sink))?;
    Ok((all, counts))
}

/// All sessions of a file, or its errors; the clinics `C1` to `C9` are known.
fn sessions(bytes: &[u8]) -> Result<(Vec<ClinicSession>, ImportCounts), ImportErrors> {
    let mut all = Vec::new();
    let sink = |chunk: Vec<ClinicSession>| -> Result<(), Infallible> {
        all.extend(chunk);
        Ok(())
    };
    let known = |code: &str| matches!(code.as_bytes(), [b'C', b'1'..=b'9']) || code.starts_with("hira-");
    let counts = file_errors(import_sessions("sessions.csv", bytes, &campaign(), known, sink))?;
    Ok((all, counts))
}

fn file_errors<T>(result: Result<T, ImportFailure<Infallible>>) -> Result<T, ImportErrors> {
    result.map_err(|failure| match failure {
        ImportFailure::File(errors) => errors,
        ImportFailure::Sink(never) => match never {},
    })
}
