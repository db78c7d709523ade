//! Room: domain/book. Clinics by id and by code. Called by `imports` and by whoever builds the board.
//! Never removes one: a clinic that closes keeps its id.

use rustc_hash::FxHashMap;

use crate::clinic::Clinic;
use crate::ids::ClinicId;

/// Clinics a journal can hold.
pub(super) const CLINICS_MAX: usize = 1_000_000;

/// The clinics, in the order in which they were first activated.
#[derive(Default)]
pub(super) struct Clinics {
    rows: Vec<Clinic>,
    by_code: FxHashMap<String, ClinicId>,
}

impl Clinics {
    pub(super) fn rows(&self) -> &[Clinic] {
        &self.rows
    }

    pub(super) fn find(&self, code: &str) -> Option<ClinicId> {
        self.by_code.get(code).copied()
    }

    /// Adds a clinic, or replaces what is known of the one with this code.
    pub(super) fn put(&mut self, clinic: Clinic) {
        match self.find(&clinic.code) {
            Some(id) => {
                if let Some(row) = self.rows.get_mut(id.0 as usize) {
                    *row = clinic;
                }
            }
            None => {
                self.by_code.insert(clinic.code.clone(), ClinicId(self.rows.len() as u32));
                self.rows.push(clinic);
            }
        }
    }
}
