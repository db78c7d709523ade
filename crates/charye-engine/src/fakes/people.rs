//! Room: engine/fakes. A people store in memory, unsealed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use charye_domain::ids::Person;
use jiff::civil::Date;

use crate::fakes::locked;
use crate::identity::normal_form;
use crate::ports::{PeopleFailure, PeopleStore, PersonalDetails};

/// Everybody's details. Clones are the same store.
#[derive(Clone, Debug, Default)]
pub struct MemoryPeople {
    rows: Arc<Mutex<BTreeMap<Person, PersonalDetails>>>,
}

impl MemoryPeople {
    /// How many people are kept.
    pub fn count(&self) -> usize {
        locked(&self.rows).len()
    }
}

impl PeopleStore for MemoryPeople {
    fn put(&self, person: Person, details: &PersonalDetails) -> Result<(), PeopleFailure> {
        locked(&self.rows).insert(person, details.clone());
        Ok(())
    }

    fn get(&self, person: Person) -> Result<Option<PersonalDetails>, PeopleFailure> {
        Ok(locked(&self.rows).get(&person).cloned())
    }

    fn find(&self, phone: &str, name: &str, birth_date: Date) -> Result<Vec<Person>, PeopleFailure> {
        let wanted = (normal_form::phone(phone), normal_form::name_and_birth_date(name, birth_date));
        let matches = |kept: &PersonalDetails| {
            let kept = (normal_form::phone(&kept.phone), normal_form::name_and_birth_date(&kept.name, kept.birth_date));
            !wanted.0.is_empty() && kept == wanted
        };
        Ok(locked(&self.rows).iter().filter(|(_, kept)| matches(kept)).map(|(person, _)| *person).take(8).collect())
    }

    fn erase(&self, person: Person) -> Result<(), PeopleFailure> {
        locked(&self.rows).remove(&person);
        Ok(())
    }

    fn erase_again(&self, erased: &mut dyn Iterator<Item = Person>) -> Result<u64, PeopleFailure> {
        let mut rows = locked(&self.rows);
        Ok(erased.filter(|person| rows.remove(person).is_some()).count() as u64)
    }
}
