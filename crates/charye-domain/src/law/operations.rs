//! Room: domain/law. Laws I4 and I5: one key, one answer, for 24 hours.

use std::collections::{BTreeMap, VecDeque};

use crate::book::{Entry, Event, OPERATION_KEPT_MS, Operation, Outcome};
use crate::law::{Findings, Law};
use crate::time::UnixMillis;

/// Answers recorded within the last 24 hours.
#[derive(Default)]
pub(super) struct Operations {
    answers: BTreeMap<u128, (UnixMillis, u64, Outcome)>,
    by_age: VecDeque<(UnixMillis, u128)>,
}

impl Operations {
    pub(super) fn check(&mut self, at: UnixMillis, entry: &Entry, findings: &mut Findings) {
        self.forget(at);
        let refused = matches!(entry.event, Event::Refused { .. });
        let Some(Operation { key, request_hash }) = entry.operation else {
            findings.unless(!refused, Law::I4, || "a refusal is recorded that nobody can ask for".to_owned());
            return;
        };
        let outcome = Outcome::of(&entry.event);
        if let Some((_, _, before)) = self.answers.get(&key.0) {
            let law = if matches!(before, Outcome::Refused(_)) { Law::I4 } else { Law::I5 };
            findings.add(law, format!("an operation answered {before:?} is answered again: {outcome:?}"));
        }
        self.answers.insert(key.0, (at, request_hash, outcome));
        self.by_age.push_back((at, key.0));
    }

    fn forget(&mut self, now: UnixMillis) {
        while let Some((at, key)) = self.by_age.front().copied() {
            if now.millis_since(at) < OPERATION_KEPT_MS {
                return;
            }
            self.by_age.pop_front();
            if self.answers.get(&key).is_some_and(|(recorded, ..)| *recorded == at) {
                self.answers.remove(&key);
            }
        }
    }
}

impl crate::law::Checker {
    /// Compares what an asker was told under a key with what the journal has: laws I4 and I5. Silent about keys that the
    /// journal does not have (any more): an answer that was never recorded promises nothing.
    pub fn compare_answer(&self, seq: u64, operation: Operation, told: Outcome) -> Option<crate::law::Violation> {
        let (_, request_hash, recorded) = self.operations.answers.get(&operation.key.0)?;
        let same = *request_hash == operation.request_hash;
        let fits = if same { *recorded == told } else { told == Outcome::Refused(crate::book::Rejection::KeyReused) };
        let law = if matches!(recorded, Outcome::Refused(_)) { Law::I4 } else { Law::I5 };
        let what = || format!("told {told:?}, recorded {recorded:?} (same request: {same})");
        (!fits).then(|| crate::law::Violation { law, seq, what: what(), bypass: None })
    }
}
