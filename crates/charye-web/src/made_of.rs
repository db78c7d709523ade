//! Room: web. What is made once of something that is shown whole and replaced whole (the directory, a campaign), and kept
//! as long as that is shown: texts, mostly. Called by handlers; never says anything that its source does not say.

use std::sync::{Arc, PoisonError, RwLock};

/// Things made of the latest few sources. Shared by all threads; a reader never waits for whoever makes the next.
pub(crate) struct MadeOf<S, T>(RwLock<Vec<(Arc<S>, Arc<T>)>>);

impl<S, T> Default for MadeOf<S, T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<S, T> MadeOf<S, T> {
    /// Sources remembered. A country runs a handful of campaigns at once, over one directory.
    const SOURCES_MAX: usize = 8;

    /// What was made of this very source, made now if it was not. Two threads may make it at once; one of both is kept.
    pub(crate) fn of(&self, source: &Arc<S>, make: impl FnOnce(&Arc<S>) -> T) -> Arc<T> {
        if let Some(made) = find(&self.0.read().unwrap_or_else(PoisonError::into_inner), source) {
            return made;
        }
        let made = Arc::new(make(source));
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = find(&kept, source) {
            return made;
        }
        if kept.len() == Self::SOURCES_MAX {
            kept.remove(0);
        }
        // A source that nobody else holds any more was replaced.
        kept.retain(|(known, _)| Arc::strong_count(known) > 1);
        kept.push((source.clone(), made.clone()));
        made
    }
}

fn find<S, T>(kept: &[(Arc<S>, Arc<T>)], source: &Arc<S>) -> Option<Arc<T>> {
    kept.iter().find(|(known, _)| Arc::ptr_eq(known, source)).map(|(_, made)| made.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_made_once_of_each_source_and_again_of_another_that_says_the_same() {
        let made_of = MadeOf::default();
        let (first, again) = (Arc::new(7), Arc::new(7));
        let times = std::cell::Cell::new(0);
        let make = |source: &Arc<i32>| {
            times.set(times.get() + 1);
            **source * 2
        };
        assert_eq!((*made_of.of(&first, make), *made_of.of(&first, make), times.get()), (14, 14, 1));
        assert_eq!((*made_of.of(&again, make), times.get()), (14, 2));
    }

    #[test]
    fn sources_that_are_gone_or_too_many_are_let_go() {
        let made_of = MadeOf::default();
        let gone = Arc::new(0);
        made_of.of(&gone, |source| **source);
        let weak = Arc::downgrade(&gone);
        drop(gone);
        let sources: Vec<_> = (1..20).map(Arc::new).collect();
        for source in &sources {
            assert_eq!(*made_of.of(source, |source| **source), **source);
        }
        assert!(weak.upgrade().is_none());
        assert!(made_of.0.read().unwrap().len() <= MadeOf::<i32, i32>::SOURCES_MAX);
    }
}
