//! Room: simulator/checkers. Every row of the evening written by the ledger's codec and read back: the same entries; and a
//! row that was torn while it was written is never taken for a whole one.

use std::sync::Arc;

use charye_engine::campaign::read_published;
use charye_engine::ports::RecordedBatch;
use charye_ledger::journal::codec::{self, CampaignReader};

use crate::surge::History;

pub(super) fn check(rows: &[RecordedBatch], history: &mut History) {
    let campaigns: CampaignReader =
        Arc::new(|text, id, version| read_published(text, id, version).map_err(|errors| errors.to_string()));
    let mut bytes = Vec::new();
    for row in rows {
        bytes.clear();
        codec::encode(row.at, &row.entries, &mut bytes);
        let count = row.entries.len() as u64;
        match codec::decode(&bytes, row.at, count, &campaigns) {
            Ok(entries) if entries[..] == row.entries[..] => {}
            Ok(_) => history.breach("codec", || format!("row {} is read back as something else", row.first_seq)),
            Err(failure) => history.breach("codec", || format!("row {} is not read back: {failure}", row.first_seq)),
        }
        // Where it tore is as arbitrary as the row's number.
        let torn_at = row.first_seq as usize % bytes.len();
        if codec::decode(&bytes[..torn_at], row.at, count, &campaigns).is_ok() {
            history.breach("codec", || format!("row {} is taken for whole when torn at byte {torn_at}", row.first_seq));
        }
    }
}
