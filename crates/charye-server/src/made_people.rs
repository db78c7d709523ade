//! Room: server. The nation's people who are made on demand, as the rehearsal's sign-in asks for them: the crate that makes
//! them and the crate that proves them do not know each other.
//!
//! Made by `wiring`. Must never hold a person.

use charye_gateway::identity::rehearsal_provider::{MadeCitizen, PeopleOnDemand};
use charye_rehearsal::nation::MadePeople;

/// A nation's people behind the gateway's port.
pub(crate) struct NationsPeople(pub(crate) MadePeople);

impl PeopleOnDemand for NationsPeople {
    fn count(&self) -> u32 {
        self.0.count()
    }

    fn citizen(&self, place: u32) -> Option<MadeCitizen> {
        let person = self.0.person(place)?;
        let guardian = self.0.guardian_of(place).and_then(|guardian| self.0.person(guardian));
        Some(MadeCitizen {
            national_number: person.national_number,
            name_ko: person.name_ko,
            name_en: person.name_en,
            birth_date: person.birth_date,
            phone: person.phone,
            district: person.district,
            guardian_number: guardian.map(|guardian| guardian.national_number),
        })
    }

    fn place_of(&self, national_number: &str) -> Option<u32> {
        self.0.index_of(national_number)
    }
}
