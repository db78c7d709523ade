//! Room: engine/availability. What the answer to a search rests on: the rows it was read from, and how often they had
//! changed before. As long as they have not changed again, the answer is what the same search would say now.
//!
//! Taken by `web` before a search whose answer it wants to keep. Never says that an answer stands which does not: a change
//! next to the rows may end it too.

use std::ops::Range;

use super::request::Scope;
use super::{SearchError, SearchRequest};
use crate::availability::Availability;

/// What an answer rests on, besides the campaign, the directory and the time of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footing {
    planes: Box<[u16]>,
    ranks: Range<u32>,
    changes: u64,
}

impl Availability {
    /// What the answer to a search that begins now will rest on.
    ///
    /// # Errors
    /// The area or the product is not known, as for [`Availability::search`].
    pub fn footing(&self, request: &SearchRequest) -> Result<Footing, SearchError> {
        let (scope, _) = self.scope(request)?;
        let ranks = match scope {
            Scope::Ranks(ranks) => ranks,
            // Around a point any clinic may turn out to be the nearest.
            Scope::Within(_) | Scope::Nearest => 0..self.directory.len(),
        };
        let products = self.campaign(request.campaign)?.products(request.dose, request.product)?;
        let planes: Box<[u16]> = products.iter().map(|product| product.plane).collect();
        let changes = self.changes(&planes, &ranks);
        Ok(Footing { planes, ranks, changes })
    }

    /// Whether nothing has changed under an answer. Only for a footing taken on this thread from this very availability.
    pub fn still_stands(&self, footing: &Footing) -> bool {
        self.changes(&footing.planes, &footing.ranks) == footing.changes
    }

    fn changes(&self, planes: &[u16], ranks: &Range<u32>) -> u64 {
        let changes = planes.iter().map(|plane| self.board.changes(*plane, ranks.clone()));
        changes.fold(0, u64::wrapping_add)
    }
}
