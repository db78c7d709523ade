//! Room: ledger/people. The people store on SQLite: `people.db`, and `people-keys.db` with the wrapped data keys.
//!
//! Called through the port, by the engine's people desk, which gathers the writes that wait together. A write makes the
//! data key durable first, then the row that names it, then removes the key the row had before: at any crash the row that
//! is there opens. Erasing destroys the key first. Pages are zeroed when content leaves them (`secure_delete`), and the
//! logs are emptied after an erasure, so that nothing is left in the files. What the disk or a backup kept elsewhere is
//! worthless without the key file, and is erased again after a restore ([`PeopleStore::erase_again`]).

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use charye_domain::ids::{KeyId, Person};
use charye_engine::ports::{Keys, PeopleFailure, PeopleStore, PersonalDetails};
use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};

use super::sealed_row::{KeyMark, LookupColumn, RowMac, RowSealer, SealedRow, mark_of};
use crate::data_folder::create_private_file;
use crate::sqlite_file::{refuse_old_sqlite, set_pragma};

/// "CHPE" and "CHPK": mark the two files as ours.
const PEOPLE_APPLICATION_ID: i64 = 0x4348_5045;
const KEYS_APPLICATION_ID: i64 = 0x4348_504b;
const LAYOUT_VERSION: i64 = 1;
/// Longest wait for another connection's lock, such as a reader's during a checkpoint.
const BUSY_TIMEOUT_MS: &str = "2000";
/// Pages of the log from which on a commit copies it into the file. Unit: 4 KB. The index of identifiers is touched at random,
/// so that most of its pages are written again before they are copied.
const CHECKPOINT_PAGES: &str = "4000";
/// Most people one search answers with.
const FOUND_MAX: usize = 8;
/// Reading connections; a further reader waits for one.
const READERS: usize = 2;
/// The highest number a person can have, as SQLite has it.
const PERSON_MAX: i64 = u32::MAX as i64;
/// A row read twice and replaced in between each time is one that somebody keeps replacing.
const READ_TRIES: usize = 4;

const ROW_COLUMNS: &str = "person, key_mark, name, birth_date, phone, phone_hash, name_birth_hash, mac_key, mac";

/// The people store of one data folder.
pub struct SqlitePeople {
    sealer: RowSealer,
    writer: Mutex<Files>,
    readers: [Mutex<Files>; READERS],
}

/// Connections to the two files.
struct Files {
    people: Connection,
    keys: Connection,
}

/// What a sweep of some rows found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    pub rows_checked: u32,
    /// Rows that are not as Charye wrote them, and why. Somebody who is being written or erased right now may look so:
    /// who still does a moment later is ([`SqlitePeople::look_again`]).
    pub unfit: Vec<(Person, Unfit)>,
    /// Rows of numbers that no person has, told at the end only.
    pub strays: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<Person>,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Changed by hand: the MAC does not fit.
    Changed,
    /// Its data key is gone or was replaced.
    KeyGone,
    /// A data key without a row: the row was deleted by hand, or a crash left the key over.
    RowGone,
}

impl SqlitePeople {
    /// Opens the two files, creating them (mode 0600) if need be.
    ///
    /// # Errors
    /// `Storage`.
    pub fn open(people: &Path, people_keys: &Path, keys: Arc<dyn Keys>) -> Result<Self, PeopleFailure> {
        refuse_old_sqlite().map_err(storage("open"))?;
        prepare(people, PEOPLE_APPLICATION_ID, include_str!("people.sql"))?;
        prepare(people_keys, KEYS_APPLICATION_ID, include_str!("people_keys.sql"))?;
        let files = |flags| -> Result<Mutex<Files>, PeopleFailure> {
            Ok(Mutex::new(Files { people: connect(people, flags)?, keys: connect(people_keys, flags)? }))
        };
        Ok(Self {
            sealer: RowSealer::new(keys),
            writer: files(OpenFlags::SQLITE_OPEN_READ_WRITE)?,
            readers: [files(OpenFlags::SQLITE_OPEN_READ_ONLY)?, files(OpenFlags::SQLITE_OPEN_READ_ONLY)?],
        })
    }

    /// Checks the next `limit` rows after `after`, in order of person: for a look at everything, a piece at a time.
    ///
    /// # Errors
    /// `Storage`.
    pub fn sweep(&self, after: Option<Person>, limit: u32) -> Result<Sweep, PeopleFailure> {
        let files = self.reader();
        let from = after.map_or(0, |person| i64::from(person.0) + 1);
        let rows = files.rows_from(from, limit)?;
        let is_last = rows.len() < limit as usize;
        let to = if is_last { PERSON_MAX } else { rows.last().map_or(from, |row| i64::from(row.0.0)) };
        let keys = files.marks_between(from, to)?;
        let mut unfit = Vec::new();
        for (person, row) in &rows {
            let row = row.as_ref().filter(|row| self.sealer.check(row).is_ok());
            let has_key = |row: &SealedRow| keys.binary_search(&(*person, row.key_mark)).is_ok();
            match row {
                None => unfit.push((*person, Unfit::Changed)),
                Some(row) if !has_key(row) && files.row_with_key(*person).is_err() => {
                    unfit.push((*person, Unfit::KeyGone));
                }
                Some(_) => {}
            }
        }
        for (person, _) in &keys {
            let has_row = rows.binary_search_by_key(person, |row| row.0).is_ok();
            // A row that was written since the rows above were read is none of our business.
            if !has_row && !files.has_row(*person)? && unfit.last() != Some(&(*person, Unfit::RowGone)) {
                unfit.push((*person, Unfit::RowGone));
            }
        }
        let next = if is_last { None } else { rows.last().map(|row| row.0) };
        let strays = if is_last { files.strays()? } else { 0 };
        Ok(Sweep { rows_checked: rows.len() as u32, unfit, strays, next })
    }

    /// What is wrong with one person's row now, if anything.
    ///
    /// # Errors
    /// `Storage`.
    pub fn look_again(&self, person: Person) -> Result<Option<Unfit>, PeopleFailure> {
        let after = person.0.checked_sub(1).map(Person);
        Ok(self.sweep(after, 1)?.unfit.into_iter().find(|(of, _)| *of == person).map(|(_, unfit)| unfit))
    }

    fn writer(&self) -> MutexGuard<'_, Files> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Files> {
        let [first, rest @ ..] = &self.readers;
        rest.iter()
            .find_map(|reader| reader.try_lock().ok())
            .unwrap_or_else(|| first.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether exactly these details are here already, under the current key: most sign-ins are somebody's second.
    fn is_kept(&self, files: &Files, person: Person, details: &PersonalDetails) -> Result<bool, PeopleFailure> {
        let Some((row, wrapped)) = files.row_with_key(person)? else { return Ok(false) };
        let is_sound = self.sealer.is_current(&row) && self.sealer.check(&row).is_ok();
        Ok(is_sound && self.sealer.open(&row, &wrapped).is_ok_and(|kept| kept == *details))
    }
}

impl PeopleStore for SqlitePeople {
    fn put(&self, person: Person, details: &PersonalDetails) -> Result<(), PeopleFailure> {
        self.put_all(&[(person, details.clone())])
    }

    fn put_all(&self, people: &[(Person, PersonalDetails)]) -> Result<(), PeopleFailure> {
        let mut sealed = Vec::with_capacity(people.len());
        let files = self.reader();
        let known = files.who_has_a_row(people.iter().map(|(person, _)| *person))?;
        for ((person, details), is_known) in people.iter().zip(known) {
            if !(is_known && self.is_kept(&files, *person, details)?) {
                sealed.push(self.sealer.seal(*person, details));
            }
        }
        drop(files);
        if sealed.is_empty() { Ok(()) } else { self.writer().write(&sealed) }
    }

    fn get(&self, person: Person) -> Result<Option<PersonalDetails>, PeopleFailure> {
        let found = self.reader().row_with_key(person)?;
        let Some((row, wrapped)) = found else { return Ok(None) };
        self.sealer.check(&row)?;
        self.sealer.open(&row, &wrapped).map(Some)
    }

    fn find(&self, phone: &str, name: &str, birth_date: Date) -> Result<Vec<Person>, PeopleFailure> {
        let mut found: Vec<Person> = Vec::new();
        let files = self.reader();
        for wanted in self.sealer.wanted(phone, name, birth_date) {
            for row in files.rows_with(&wanted.phone_hash, &wanted.name_birth_hash)? {
                self.sealer.check(&row)?;
                found.push(row.person);
            }
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(FOUND_MAX);
        Ok(found)
    }

    fn erase(&self, person: Person) -> Result<(), PeopleFailure> {
        let files = self.writer();
        files.erase(person)?;
        // Also when nothing was here: an earlier erasure may have ended before its logs were emptied.
        files.empty_logs()
    }

    fn erase_again(&self, erased: &mut dyn Iterator<Item = Person>) -> Result<u64, PeopleFailure> {
        let files = self.writer();
        let mut found = 0;
        for person in erased {
            found += u64::from(files.erase(person)?);
        }
        if found > 0 {
            files.empty_logs()?;
        }
        Ok(found)
    }
}

impl Files {
    fn write(&self, sealed: &[(SealedRow, Vec<u8>)]) -> Result<(), PeopleFailure> {
        let at = || storage("write");
        let mut replaced = Vec::new();

        let keys = self.keys.unchecked_transaction().map_err(at())?;
        let mut insert = keys
            .prepare_cached("INSERT OR IGNORE INTO data_keys (person, key_mark, wrapped) VALUES (?1, ?2, ?3)")
            .map_err(at())?;
        let mut count_others =
            keys.prepare_cached("SELECT count(*) FROM data_keys WHERE person = ?1 AND key_mark <> ?2").map_err(at())?;
        for (row, wrapped) in sealed {
            insert.execute(params![row.person.0, row.key_mark, wrapped]).map_err(at())?;
            let others: i64 =
                count_others.query_row(params![row.person.0, row.key_mark], |row| row.get(0)).map_err(at())?;
            if others > 0 {
                replaced.push(row.person);
            }
        }
        drop((insert, count_others));
        keys.commit().map_err(at())?;

        let people = self.people.unchecked_transaction().map_err(at())?;
        let mut insert = people
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO people ({ROW_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
            ))
            .map_err(at())?;
        for (row, _) in sealed {
            insert
                .execute(params![
                    row.person.0,
                    row.key_mark,
                    row.name,
                    row.birth_date,
                    row.phone,
                    row.phone_hash,
                    row.name_birth_hash,
                    row.mac_key.0,
                    row.mac,
                ])
                .map_err(at())?;
        }
        drop(insert);
        people.commit().map_err(at())?;
        self.remove_replaced_keys(&replaced)
    }

    fn remove_replaced_keys(&self, people: &[Person]) -> Result<(), PeopleFailure> {
        if people.is_empty() {
            return Ok(());
        }
        let at = || storage("write");
        let keys = self.keys.unchecked_transaction().map_err(at())?;
        for person in people {
            let Some(row) = self.row(*person)? else { continue };
            keys.prepare_cached("DELETE FROM data_keys WHERE person = ?1 AND key_mark <> ?2")
                .and_then(|mut delete| delete.execute(params![person.0, row.key_mark]))
                .map_err(at())?;
        }
        keys.commit().map_err(at())
    }

    /// Whether anything was there.
    fn erase(&self, person: Person) -> Result<bool, PeopleFailure> {
        let keys = self
            .keys
            .execute("DELETE FROM data_keys WHERE person = ?1", params![person.0])
            .map_err(storage("erase in"))?;
        let rows = self
            .people
            .execute("DELETE FROM people WHERE person = ?1", params![person.0])
            .map_err(storage("erase in"))?;
        Ok(keys + rows > 0)
    }

    /// Copies both logs into their files and empties them.
    fn empty_logs(&self) -> Result<(), PeopleFailure> {
        for connection in [&self.keys, &self.people] {
            let busy: i64 = connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
                .map_err(storage("empty the log of"))?;
            if busy != 0 {
                return Err(PeopleFailure::Busy);
            }
        }
        Ok(())
    }

    /// A row and its key, read so that a replacement in between is seen whole or not at all.
    fn row_with_key(&self, person: Person) -> Result<Option<(SealedRow, Vec<u8>)>, PeopleFailure> {
        for _ in 0..READ_TRIES {
            let Some(row) = self.row(person)? else { return Ok(None) };
            if let Some(wrapped) = self.wrapped_key(person, row.key_mark)? {
                return Ok(Some((row, wrapped)));
            }
        }
        Err(PeopleFailure::Sealed(person))
    }

    fn row(&self, person: Person) -> Result<Option<SealedRow>, PeopleFailure> {
        self.people
            .prepare_cached(&format!("SELECT {ROW_COLUMNS} FROM people WHERE person = ?1"))
            .and_then(|mut select| select.query_row(params![person.0], read_row).optional())
            .map_err(storage("read"))?
            .map_or(Ok(None), |stored| stored.map(Some))
    }

    fn rows_with(&self, phone: &LookupColumn, name_birth: &LookupColumn) -> Result<Vec<SealedRow>, PeopleFailure> {
        let sql = format!(
            "SELECT {ROW_COLUMNS} FROM people WHERE phone_hash = ?1 AND name_birth_hash = ?2 LIMIT {FOUND_MAX}"
        );
        self.rows(&sql, params![phone, name_birth])
    }

    /// Rows in order of person; `None` for one whose columns have another shape than ours.
    fn rows_from(&self, from: i64, limit: u32) -> Result<Vec<(Person, Option<SealedRow>)>, PeopleFailure> {
        let sql = format!("SELECT {ROW_COLUMNS} FROM people WHERE person BETWEEN ?1 AND ?2 ORDER BY person LIMIT ?3");
        let mut select = self.people.prepare_cached(&sql).map_err(storage("read"))?;
        let rows = select
            .query_map(params![from, PERSON_MAX, limit], |row| Ok((Person(row.get(0)?), read_row(row)?.ok())))
            .map_err(storage("read"))?;
        rows.collect::<rusqlite::Result<_>>().map_err(storage("read"))
    }

    /// Who of these people is here, in their order: in one transaction, because for most of them this is all that is asked,
    /// and a lock costs more than the answer.
    fn who_has_a_row(&self, people: impl Iterator<Item = Person>) -> Result<Vec<bool>, PeopleFailure> {
        let _together = self.people.unchecked_transaction().map_err(storage("read"))?;
        people.map(|person| self.has_row(person)).collect()
    }

    fn has_row(&self, person: Person) -> Result<bool, PeopleFailure> {
        self.people
            .prepare_cached("SELECT 1 FROM people WHERE person = ?1")
            .and_then(|mut select| select.exists(params![person.0]))
            .map_err(storage("read"))
    }

    /// Rows and keys of numbers that no person has.
    fn strays(&self) -> Result<u64, PeopleFailure> {
        let count = |files: &Connection, table: &str| -> rusqlite::Result<i64> {
            let sql = format!("SELECT count(*) FROM {table} WHERE person < 0 OR person > ?1");
            files.prepare_cached(&sql)?.query_row([PERSON_MAX], |row| row.get(0))
        };
        let counted = count(&self.people, "people").and_then(|rows| Ok(rows + count(&self.keys, "data_keys")?));
        counted.map(i64::unsigned_abs).map_err(storage("read"))
    }

    fn rows(&self, sql: &str, wanted: impl rusqlite::Params) -> Result<Vec<SealedRow>, PeopleFailure> {
        let mut select = self.people.prepare_cached(sql).map_err(storage("read"))?;
        let rows = select.query_map(wanted, read_row).map_err(storage("read"))?;
        rows.map(|row| row.map_err(storage("read"))?).collect()
    }

    fn wrapped_key(&self, person: Person, mark: KeyMark) -> Result<Option<Vec<u8>>, PeopleFailure> {
        let wrapped: Option<Vec<u8>> = self
            .keys
            .prepare_cached("SELECT wrapped FROM data_keys WHERE person = ?1 AND key_mark = ?2")
            .and_then(|mut select| select.query_row(params![person.0, mark], |row| row.get(0)).optional())
            .map_err(storage("read"))?;
        // A wrapped key changed by hand is as good as gone.
        Ok(wrapped.filter(|wrapped| mark_of(wrapped) == mark))
    }

    /// Whose keys are there, and what marks they really have; in order.
    fn marks_between(&self, from: i64, to: i64) -> Result<Vec<(Person, KeyMark)>, PeopleFailure> {
        let mut select = self
            .keys
            .prepare_cached("SELECT person, wrapped FROM data_keys WHERE person BETWEEN ?1 AND ?2 ORDER BY person")
            .map_err(storage("read"))?;
        let marks = select
            .query_map(params![from, to], |row| Ok((Person(row.get(0)?), mark_of(&row.get::<_, Vec<u8>>(1)?))))
            .map_err(storage("read"))?;
        let mut marks = marks.collect::<rusqlite::Result<Vec<_>>>().map_err(storage("read"))?;
        marks.sort_unstable();
        Ok(marks)
    }
}

/// A row whose columns have another shape than ours was changed by hand; only then is the inner result an error.
fn read_row(row: &Row<'_>) -> rusqlite::Result<Result<SealedRow, PeopleFailure>> {
    let person = Person(row.get(0)?);
    let read = || -> rusqlite::Result<SealedRow> {
        Ok(SealedRow {
            person,
            key_mark: row.get::<_, KeyMark>(1)?,
            name: row.get(2)?,
            birth_date: row.get(3)?,
            phone: row.get(4)?,
            phone_hash: row.get::<_, Option<LookupColumn>>(5)?,
            name_birth_hash: row.get::<_, LookupColumn>(6)?,
            mac_key: KeyId(row.get(7)?),
            mac: row.get::<_, RowMac>(8)?,
        })
    };
    Ok(read().map_err(|_| PeopleFailure::Tampered(person)))
}

/// How many rows of a people store would never open again without this installation key: those of people who have not
/// signed in since it was replaced. For `charye keys retire`; needs no key.
///
/// # Errors
/// `Storage`: the file is not there, or is none of ours.
pub fn rows_sealed_with(people: &Path, key: KeyId) -> Result<u64, PeopleFailure> {
    let connection = connect(people, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection
        .query_row("SELECT count(*) FROM people WHERE mac_key = ?1", [key.0], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
        .map_err(storage("read"))
}

fn prepare(path: &Path, application_id: i64, schema: &str) -> Result<(), PeopleFailure> {
    create_private_file(path).map_err(storage("create"))?;
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let found = (pragma("application_id").map_err(storage("open"))?, pragma("user_version").map_err(storage("open"))?);
    match found {
        (0, 0) => connection
            .execute_batch(&format!(
                "BEGIN IMMEDIATE; {schema} PRAGMA application_id = {application_id}; PRAGMA user_version = {LAYOUT_VERSION}; COMMIT;"
            ))
            .map_err(storage("create")),
        (id, LAYOUT_VERSION) if id == application_id => Ok(()),
        (id, version) => Err(storage("open")(UnknownFile { id, version })),
    }
}

/// The file is none of ours, or of a version that is not known.
#[derive(Debug, thiserror::Error)]
#[error("file has application id {id:#x} and layout {version}, which are not known")]
struct UnknownFile {
    id: i64,
    version: i64,
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, PeopleFailure> {
    let connection =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(storage("open"))?;
    let set =
        |pragma, value: &str, reads_as: &str| set_pragma(&connection, pragma, value, reads_as).map_err(storage("open"));
    set("busy_timeout", BUSY_TIMEOUT_MS, BUSY_TIMEOUT_MS)?;
    if flags.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
        set("journal_mode", "WAL", "wal")?;
        set("synchronous", "FULL", "2")?;
        set("secure_delete", "ON", "1")?;
        set("wal_autocheckpoint", CHECKPOINT_PAGES, CHECKPOINT_PAGES)?;
    }
    set("temp_store", "MEMORY", "2")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn storage<E: Into<Box<dyn std::error::Error + Send + Sync>>>(doing: &'static str) -> impl FnOnce(E) -> PeopleFailure {
    move |source| PeopleFailure::Storage { doing, source: source.into() }
}

#[cfg(test)]
mod tests;
