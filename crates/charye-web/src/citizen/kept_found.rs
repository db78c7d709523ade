//! Room: web/citizen. What the page of clinics says to everybody who asks the same, kept by one thread as long as it is what
//! would be said now: on the evening of an opening a whole district asks the same. Called by `find`.
//!
//! What is asked once would only push out what is asked often: a page is kept when it is asked for again.
//! Never holds anything of a citizen: neither token nor reservation number. Never asks a clock how old a text is: it is given
//! again only while campaign, directory, minute and the board's rows are those it was written from.

use std::cell::RefCell;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Weak};

use charye_domain::campaign::Campaign;
use charye_engine::availability::{Availability, Footing, Moment};
use rustc_hash::FxBuildHasher;

use super::find_wish::Wish;
use crate::locale::Language;

/// Texts kept by a thread: a place for each remainder of a hash, so that nobody can make them more.
const PLACES: usize = 128;
/// Longer ones are not kept: all of these are 6 MiB a thread.
const TEXT_BYTES_MAX: usize = 48 * 1024;

thread_local! {
    static KEPT: RefCell<Vec<Option<Kept>>> = RefCell::new((0..PLACES).map(|_| None).collect());
    /// A part of the hash of what was asked for last, for each remainder of the hash. 4 KiB.
    static ASKED_LATELY: RefCell<[u32; 1_024]> = const { RefCell::new([0; 1_024]) };
}

/// The two parts of the page that are the same for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FindShown {
    pub(super) asked: String,
    pub(super) found: String,
}

/// What they answer.
#[derive(Clone)]
pub(super) struct AskedFor {
    pub(super) language: Language,
    pub(super) campaign: Arc<Campaign>,
    pub(super) availability: Arc<Availability>,
    pub(super) moment: Moment,
    pub(super) wish: Wish,
}

struct Kept {
    language: Language,
    moment: Moment,
    wish: Wish,
    /// Not kept alive: a directory that was replaced is large.
    campaign: Weak<Campaign>,
    availability: Weak<Availability>,
    footing: Footing,
    shown: Arc<FindShown>,
}

impl Kept {
    fn answers(&self, asked_for: &AskedFor) -> bool {
        self.language == asked_for.language
            && self.moment == asked_for.moment
            && std::ptr::eq(self.campaign.as_ptr(), Arc::as_ptr(&asked_for.campaign))
            && std::ptr::eq(self.availability.as_ptr(), Arc::as_ptr(&asked_for.availability))
            && self.wish == asked_for.wish
            && asked_for.availability.still_stands(&self.footing)
    }
}

impl AskedFor {
    fn hash(&self) -> u64 {
        FxBuildHasher.hash_one((self.language as u8, self.campaign.id.0, &self.wish))
    }

    fn place(&self) -> usize {
        (self.hash() >> 32) as usize % PLACES
    }

    /// Whether this was asked for lately on this thread, as far as is remembered, and notes that it was now.
    pub(super) fn is_asked_again(&self) -> bool {
        let hash = self.hash();
        let mark = (hash >> 32) as u32 | 1;
        ASKED_LATELY.with_borrow_mut(|asked| {
            let place = (hash >> 20) as usize % asked.len();
            std::mem::replace(&mut asked[place], mark) == mark
        })
    }
}

/// What was said to the same question, if nothing has changed under it.
pub(super) fn find(asked_for: &AskedFor) -> Option<Arc<FindShown>> {
    KEPT.with_borrow(|kept| {
        let kept = kept.get(asked_for.place())?.as_ref()?;
        kept.answers(asked_for).then(|| kept.shown.clone())
    })
}

/// Keeps what is said, in the place of whichever was there, unless it is about somebody's own reservation. `footing` was
/// taken on this thread before the search.
pub(super) fn keep(asked_for: AskedFor, footing: Footing, shown: &Arc<FindShown>) {
    if !asked_for.wish.change.is_empty() || shown.asked.len() + shown.found.len() > TEXT_BYTES_MAX {
        return;
    }
    let mut tight = FindShown::clone(shown);
    tight.asked.shrink_to_fit();
    tight.found.shrink_to_fit();
    KEPT.with_borrow_mut(|kept| {
        if let Some(place) = kept.get_mut(asked_for.place()) {
            let (campaign, availability) =
                (Arc::downgrade(&asked_for.campaign), Arc::downgrade(&asked_for.availability));
            let AskedFor { language, moment, wish, .. } = asked_for;
            *place = Some(Kept { language, moment, wish, campaign, availability, footing, shown: Arc::new(tight) });
        }
    });
}
