//! Room: simulator/checkers. What people were told is so: every confirmed reservation is in a book made from the journal
//! alone, under its number and its person (law I3); every recorded answer settles to itself (laws I4, I5).

use charye_domain::book::{Book, Query, Reply};
use charye_domain::time::UnixMillis;

use crate::surge::{Confirmed, History};

pub(super) fn check(book: &Book, now: UnixMillis, history: &mut History) {
    for Confirmed { person, reservation, number } in history.confirmed.clone() {
        let found = book.reservation(reservation);
        if !found.is_some_and(|found| found.person == person && found.number == number) {
            history.breach("I3", || {
                format!("{reservation:?} of person {person} was confirmed; the journal says {found:?}")
            });
        }
    }
    for (operation, told) in history.answers.clone() {
        let settled = book.answer(&Query::Operation { key: operation.key }, now);
        if settled != Reply::Operation(Some(told)) {
            history.breach("I4", || format!("{:?} was told {told:?}; the journal says {settled:?}", operation.key));
        }
    }
}
