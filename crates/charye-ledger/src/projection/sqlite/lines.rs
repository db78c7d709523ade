//! Room: ledger/projection. What reports want of the lines: who steered them, or an identity provider, and why, the steps of
//! draws, people called by the minute. Called by `transaction`. Who waits is not written: that is the book's, and would be a row a person.

use charye_domain::book::{Actor, Entry, Event};
use charye_domain::identity::ProviderOrder;
use charye_domain::ids::{CampaignId, OpeningId};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::Calls;
use rusqlite::{Connection, OptionalExtension as _};

use super::row_sums::{Cell, RowSums, Table, row_hash, write_row};
use crate::order_words::{cap_of, detail_of};

/// Writes what an entry says of a line, if it does.
pub(super) fn take_in(
    sql: &Connection,
    sums: &mut RowSums,
    seq: u64,
    entry: &Entry,
    at: UnixMillis,
) -> rusqlite::Result<()> {
    if let Event::ProviderSteered { order } = &entry.event {
        return add_provider_order(sql, sums, (seq, at), entry.by.actor, order);
    }
    let Some((campaign, _)) = entry.under else { return Ok(()) };
    let mut step = |opening: OpeningId, step: &str, count: u64| {
        const INSERT: &str = "INSERT INTO draw_steps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let seq = seq.cast_signed();
        let cells =
            [seq.into(), at.0.into(), campaign.0.into(), opening.0.into(), Cell::Text(step), Cell::Number(count)];
        let hash = write_row(sql, Table::DrawSteps, INSERT, &cells)?;
        sums.replace(Table::DrawSteps, seq, None, Some(hash));
        Ok(())
    };
    match &entry.event {
        Event::DrawCommitted { opening, .. } => step(*opening, "committed", 0),
        Event::DrawClosed { opening, closing } => step(*opening, "closed", closing.count),
        Event::DrawRevealed { opening, .. } => step(*opening, "revealed", 0),
        Event::PlacesDrawn { opening, places, .. } => step(*opening, "placed", places.len() as u64),
        Event::Called { opening, calls } => add_calls(sql, sums, (campaign, *opening), *calls, at),
        Event::Steered { opening, steering, note } => {
            const INSERT: &str = "INSERT INTO steerings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let (actor, detail) = (actor_in_words(entry.by.actor), detail_of(steering));
            let seq = seq.cast_signed();
            let cells = [
                seq.into(),
                at.0.into(),
                campaign.0.into(),
                opening.0.into(),
                Cell::Text(&actor),
                Cell::Text(steering.code()),
                Cell::Text(&detail),
                Cell::Text(note),
            ];
            let hash = write_row(sql, Table::Steerings, INSERT, &cells)?;
            sums.replace(Table::Steerings, seq, None, Some(hash));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An operator's word about an identity provider: in no campaign.
fn add_provider_order(
    sql: &Connection,
    sums: &mut RowSums,
    (seq, at): (u64, UnixMillis),
    actor: Actor,
    order: &ProviderOrder,
) -> rusqlite::Result<()> {
    const INSERT: &str = "INSERT INTO provider_orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (actor, seq) = (actor_in_words(actor), seq.cast_signed());
    let provider = order.provider.to_string();
    let cells = [
        seq.into(),
        at.0.into(),
        Cell::Text(&provider),
        Cell::Text(&actor),
        Cell::Text(order.word.code()),
        cap_of(order.word).map_or(Cell::Null, Cell::from),
        Cell::Text(&order.note),
    ];
    let hash = write_row(sql, Table::ProviderOrders, INSERT, &cells)?;
    sums.replace(Table::ProviderOrders, seq, None, Some(hash));
    Ok(())
}

/// Adds to the row of the minute.
fn add_calls(
    sql: &Connection,
    sums: &mut RowSums,
    (campaign, opening): (CampaignId, OpeningId),
    calls: Calls,
    at: UnixMillis,
) -> rusqlite::Result<()> {
    const SELECT: &str = "SELECT overtaken, returners, line FROM calls WHERE id = ?1";
    const PUT: &str = "INSERT OR REPLACE INTO calls VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let minute = at.0.div_euclid(60_000);
    let id = i64::from(campaign.0) << 40 | i64::from(opening.0) << 32 | (minute & 0xffff_ffff);
    let cells = |counts: [i64; 3]| {
        let [overtaken, returners, line] = counts.map(Cell::Number);
        let minute_ms = Cell::Number(minute.saturating_mul(60_000));
        [id.into(), campaign.0.into(), opening.0.into(), minute_ms, overtaken, returners, line]
    };
    let before: Option<[i64; 3]> =
        sql.prepare_cached(SELECT)?.query_row([id], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).optional()?;
    let [overtaken, returners, line] = before.unwrap_or_default();
    let after = [
        overtaken.saturating_add(calls.overtaken.into()),
        returners.saturating_add(calls.returners.into()),
        line.saturating_add(calls.line.into()),
    ];
    let hash = write_row(sql, Table::Calls, PUT, &cells(after))?;
    sums.replace(Table::Calls, id, before.map(|before| row_hash(Table::Calls, &cells(before))), Some(hash));
    Ok(())
}

/// Who steered: staff by number, never by name.
fn actor_in_words(actor: Actor) -> String {
    match actor {
        Actor::Operator(staff) => format!("operator {}", staff.0),
        Actor::ClinicStaff(staff) => format!("clinic staff {}", staff.0),
        Actor::Agent(staff) => format!("agent {}", staff.0),
        Actor::Citizen(person) | Actor::Proxy(person) => format!("person {person}"),
        Actor::System => "charye".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use charye_domain::book::Action;
    use charye_domain::book::samples::{CAMPAIGN, OPERATOR, Sample, opens_at};
    use charye_domain::identity::{IdentityProviderId, OperatorWord};
    use charye_domain::vaccine::DoseTwoPolicy;
    use charye_domain::waiting_room::steering::Steering;
    use charye_engine::ports::{JournalReader as _, Projection as _};

    use super::*;
    use crate::data_folder::DataFolder;
    use crate::journal::{SqliteJournal, SqliteJournalReader};
    use crate::projection::SqliteProjection;
    use crate::suite::story::{append_story, story_campaign_reader, story_options};

    #[test]
    fn orders_and_calls_by_the_minute_stand_in_tables_that_add_up() {
        let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
        let people: Vec<_> = (1..=5).map(|key| sample.citizen(key)).collect();
        sample.now = opens_at();
        sample.pass_time(0);
        people.iter().for_each(|person| {
            sample.arrive(*person, sample.now);
        });
        let (campaign, opening) = (CAMPAIGN, OpeningId(0));
        let terms = Steering::Terms { hard_cap: 9, rate_min_per_min: 1, rate_max_per_min: 2 };
        let (steering, note) = (Box::new(terms), "drill".into());
        sample.ask(OPERATOR, Action::Steer { campaign, opening, steering, note, rehearsal: false });
        for word in [OperatorWord::Capped(40), OperatorWord::Closed] {
            let provider = IdentityProviderId::parse("pass").unwrap();
            let order = Box::new(ProviderOrder { provider, word, note: "maintenance".into() });
            sample.ask(OPERATOR, Action::SteerProvider { order });
        }
        for secs in [1, 1, 60] {
            sample.pass_time(secs);
            let calls = Calls { line: 2, ..Calls::default() };
            sample.ask(Actor::System, Action::Call { campaign, opening, calls });
        }

        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        append_story(&mut SqliteJournal::open(&folder, story_options()).unwrap(), &sample.journal);
        let reader = || Box::new(SqliteJournalReader::new(folder.journal(), story_campaign_reader()));
        let mut tables = SqliteProjection::open(&folder.projection(), reader()).unwrap();
        let mut batches = Vec::new();
        let read = reader().read(1, &mut |batch| {
            batches.push(batch);
            ControlFlow::Continue(())
        });
        read.unwrap();
        tables.apply(&batches).unwrap();
        assert_eq!(tables.check().unwrap(), []);
        drop(tables);
        let sql = Connection::open(folder.projection()).unwrap();
        let told: (String, String, String, String) = sql
            .query_row("SELECT actor, what, detail, note FROM steerings", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .unwrap();
        let expected = ("operator 1", "terms", "cap 9, 1 to 2 a minute", "drill");
        assert_eq!((told.0.as_str(), told.1.as_str(), told.2.as_str(), told.3.as_str()), expected);
        let mut select = sql.prepare("SELECT actor, provider, word, at_once_max, note FROM provider_orders").unwrap();
        let ordered: Vec<[Option<String>; 5]> = select
            .query_map([], |row| {
                let cap: Option<i64> = row.get(3)?;
                Ok([row.get(0)?, row.get(1)?, row.get(2)?, cap.map(|cap| cap.to_string()), row.get(4)?])
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let row = |word, cap| {
            ["operator 1", "pass", word, cap, "maintenance"].map(|cell| (!cell.is_empty()).then(|| cell.to_owned()))
        };
        assert_eq!(ordered, [row("capped", "40"), row("closed", "")]);
        let mut select = sql.prepare("SELECT line FROM calls ORDER BY minute_ms").unwrap();
        let called: Vec<i64> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(called, [4, 1]);
    }
}
