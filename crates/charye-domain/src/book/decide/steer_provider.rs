//! Room: domain/book/decide. An operator's word about an identity provider: that it may be recorded at all. Whether there is
//! such a provider is the configuration's, which the book does not know.

use crate::book::{Book, Event, Events, Rejection};
use crate::identity::ProviderOrder;

impl Book {
    pub(super) fn steer_provider(&self, order: &ProviderOrder) -> Result<Events, Rejection> {
        if !order.is_sound() {
            return Err(Rejection::TermsUnsound);
        }
        if !self.operator_words.has_room_for(&order.provider) {
            return Err(Rejection::LimitReached);
        }
        Ok(Events::outside().and(Event::ProviderSteered { order: Box::new(order.clone()) }))
    }
}
