//! Room: engine/availability. Which clinics have places: by area, name, days, time of day, product; ranked, counted, in
//! pages. Called by `web` for every look-up. Never waits, never changes anything, never holds a clock.
//!
//! Work is bounded: a search looks at each clinic of its area once, at most, whatever page is asked; per clinic at one
//! mask a product, and with a time of day at the free days' blocks until the first that suits. An area is at most the
//! country, or with a time of day a province or a circle of 100 km. Only the clinics of the page, 50 at most, are looked
//! at in detail.

mod footing;
mod page;
mod request;
mod sieve;

use std::cell::RefCell;

pub use footing::Footing;
pub use page::{ClinicFound, Count, NextTime, NextTimes, SearchPage};
pub use request::{Area, Centre, Order, SearchError, SearchRequest, Show, Totals};
pub(super) use sieve::Sieve;

use super::cells::Origin;
use super::{Availability, Cursor, Moment};
use request::{Asked, Scope};

impl Availability {
    /// Finds clinics. `moment` is the campaign's civil time now: nothing that has begun by then is shown.
    ///
    /// # Errors
    /// The request makes no sense or asks too much; nothing was searched.
    pub fn search(&self, request: &SearchRequest, moment: Moment) -> Result<SearchPage, SearchError> {
        let Asked { sieve, scope, origin, names, after } = self.check(request, moment)?;
        let mut found = Found::new(after, usize::from(request.page_size) + 1);
        let (order, with_places) = (request.order, request.totals == Totals::ClinicsAndPlaces);
        let consider = |found: &mut Found, rank: u32, distance_m: u32| {
            let Some(day) = sieve.first_day_or_sold_out(rank) else { return };
            let primary = match order {
                Order::District => 0,
                Order::Distance => distance_m,
                Order::Earliest => day << DAY_SHIFT | distance_m,
            };
            found.offer(key(primary, rank));
            if with_places {
                found.places += u64::from(sieve.places_on_days(rank));
            }
        };
        let is_named = |rank: u32| names.as_ref().is_none_or(|names| names.contains(rank));
        let cells = &self.directory.cells;
        match (scope, &origin) {
            (Scope::Ranks(ranks), _) => match &names {
                Some(names) => names.iter_in(ranks).for_each(|rank| consider(&mut found, rank, 0)),
                None => ranks.for_each(|rank| consider(&mut found, rank, 0)),
            },
            (Scope::Within(radius_m), Some(origin)) => cells.visit_within(origin, radius_m, |entry| {
                let distance_m = origin.distance_m(entry.point);
                if distance_m <= radius_m && is_named(entry.rank) {
                    consider(&mut found, entry.rank, distance_m);
                }
            }),
            (Scope::Nearest, Some(origin)) => {
                let nearest = RefCell::new(&mut found);
                let go_on = |bound_m| nearest.borrow_mut().goes_on_at(key(bound_m, 0));
                cells.visit_rings(origin, SearchRequest::RADIUS_M_MAX, go_on, |entry| {
                    let distance_m = origin.distance_m(entry.point);
                    if distance_m <= SearchRequest::RADIUS_M_MAX && is_named(entry.rank) {
                        consider(&mut nearest.borrow_mut(), entry.rank, distance_m);
                    }
                });
            }
            (Scope::Within(_) | Scope::Nearest, None) => {}
        }
        Ok(self.page(request, &sieve, origin.as_ref(), found))
    }

    fn page(&self, request: &SearchRequest, sieve: &Sieve<'_>, origin: Option<&Origin>, found: Found) -> SearchPage {
        let matching = if found.stopped { Count::AtLeast(found.seen) } else { Count::Exactly(found.seen) };
        let places = (request.totals == Totals::ClinicsAndPlaces).then_some(found.places);
        let mut keys = found.into_sorted();
        let more = keys.len() > usize::from(request.page_size);
        keys.truncate(request.page_size.into());
        let shown_before = request.cursor.map_or(0, |cursor| cursor.shown);
        let next = keys.last().filter(|_| more).map(|last| Cursor {
            request: request.bound_by(),
            shown: shown_before.saturating_add(u16::from(request.page_size)),
            primary: (last >> 32) as u32,
            clinic: self.directory.id_at(*last as u32).0,
        });
        let clinics = keys.into_iter().map(|key| {
            let rank = key as u32;
            let distance_m = origin.and_then(|origin| Some(origin.distance_m(self.directory.point_at(rank)?)));
            sieve.detail(self.directory.id_at(rank), rank, distance_m, request.next_times)
        });
        SearchPage { clinics: clinics.collect(), matching, places, next }
    }
}

/// Room for a distance below the day in a sort key: 24 bits hold 16,777 km.
const DAY_SHIFT: u32 = 24;

/// What clinics are sorted by: distance or day, then rank.
fn key(primary: u32, rank: u32) -> u64 {
    u64::from(primary) << 32 | u64::from(rank)
}

/// Keeps the lowest keys after some key, and counts all.
struct Found {
    /// Keys up to this one were on earlier pages; one more, so that 0 says none.
    from: u64,
    /// Keys from this one on are too many.
    below: u64,
    keep: usize,
    /// Cut down to the lowest `keep` when there are twice as many.
    kept: Vec<u64>,
    /// Keys came in order so far, as a district's clinics do: then none after the first `keep` is wanted.
    in_order: bool,
    seen: u32,
    places: u64,
    /// There may be more that match: a search for the nearest had its page.
    stopped: bool,
}

impl Found {
    fn new(after: Option<u64>, keep: usize) -> Self {
        let from = after.map_or(0, |after| after.saturating_add(1));
        let kept = Vec::with_capacity(keep * 2);
        Self { from, below: u64::MAX, keep, kept, in_order: true, seen: 0, places: 0, stopped: false }
    }

    fn offer(&mut self, key: u64) {
        self.seen += 1;
        if key < self.from || key >= self.below {
            return;
        }
        self.in_order &= self.kept.last().is_none_or(|last| *last < key);
        self.kept.push(key);
        if self.in_order && self.kept.len() == self.keep {
            self.below = key.saturating_add(1);
        } else if self.kept.len() == self.keep * 2 {
            self.cut();
        }
    }

    /// Whether a key of `lowest` or more might still be kept; if not, notes that the search stopped.
    fn goes_on_at(&mut self, lowest: u64) -> bool {
        if self.kept.len() >= self.keep {
            self.cut();
        }
        self.stopped = lowest >= self.below;
        !self.stopped
    }

    fn into_sorted(mut self) -> Vec<u64> {
        if !self.in_order {
            self.kept.sort_unstable();
        }
        self.kept
    }

    /// Drops all but the lowest `keep`, of which there are as many at least.
    fn cut(&mut self) {
        if self.in_order && self.kept.len() == self.keep {
            return;
        }
        self.in_order = false;
        let (_, highest, _) = self.kept.select_nth_unstable(self.keep - 1);
        self.below = highest.saturating_add(1);
        self.kept.truncate(self.keep);
    }
}
