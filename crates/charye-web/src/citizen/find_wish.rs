//! Room: web/citizen. What somebody who looks for a clinic asks for, as typed, and the search that it means. Called by `find`.
//! Never loses what was typed.

use charye_domain::campaign::Campaign;
use charye_domain::ids::{ProductId, ReservationNumber};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_engine::availability::{Area, Availability, Centre, Cursor, Order, SearchRequest};

use super::form::{Mistakes, iso_date, link};
use crate::asked::Fields;
use crate::locale::Language;

pub(super) const NOON: MinuteOfDay = MinuteOfDay(12 * 60);
const EVENING: MinuteOfDay = MinuteOfDay(18 * 60);
const MIDNIGHT: MinuteOfDay = MinuteOfDay(24 * 60);
/// Longest text of a field that is shown again. Unit: characters.
const TYPED_MAX: usize = 60;

/// What a citizen asks for, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Wish {
    pub(super) province: String,
    pub(super) district: String,
    pub(super) product: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) times: String,
    pub(super) name: String,
    pub(super) order: String,
    pub(super) cursor: String,
    /// The reservation that is being moved, or nothing.
    pub(super) change: String,
}

impl Wish {
    pub(super) fn of(query: &Fields) -> Self {
        let kept = |name| query.get(name).unwrap_or_default().chars().take(TYPED_MAX).collect::<String>();
        Self {
            province: kept("province"),
            district: kept("district"),
            product: kept("product"),
            from: kept("from"),
            to: kept("to"),
            times: kept("times"),
            name: kept("name"),
            order: kept("order"),
            cursor: kept("cursor"),
            change: query.get("change").and_then(ReservationNumber::parse).map_or(String::new(), |n| n.to_string()),
        }
    }

    /// The address of this search with another cursor.
    pub(super) fn link(&self, cursor: &str) -> String {
        let pairs = [
            ("province", self.province.as_str()),
            ("district", &self.district),
            ("product", &self.product),
            ("from", &self.from),
            ("to", &self.to),
            ("times", &self.times),
            ("name", &self.name),
            ("order", &self.order),
            ("change", &self.change),
            ("cursor", cursor),
        ];
        link("/find", &pairs)
    }

    /// Forgets a district that is not in the province chosen: the form works in two steps, without script.
    pub(super) fn settle(&mut self, availability: &Availability) {
        let district = self.district.parse().ok().and_then(|code| availability.directory().district(code));
        match district {
            None => self.district.clear(),
            Some(district) if self.province.is_empty() => self.province = (district.code / 1_000).to_string(),
            Some(district) if (district.code / 1_000).to_string() != self.province => self.district.clear(),
            Some(_) => {}
        }
    }

    /// The search it means.
    pub(super) fn request(&self, language: Language, campaign: &Campaign, mistakes: &mut Mistakes) -> SearchRequest {
        let mut request = SearchRequest::new(campaign.id);
        request.next_times = 3;
        request.product = product_by_code(campaign, &self.product);
        if !self.product.is_empty() && request.product.is_none() {
            mistakes.add(language, "product", "find-product-unknown");
        }
        let (province, district) = (self.province.parse().ok(), self.district.parse().ok());
        (request.area, request.order) = match (district, province, self.order()) {
            (Some(code), _, Order::Distance) => {
                (Area::Around { centre: Centre::District(code), radius_m: None }, Order::Distance)
            }
            (Some(code), _, order) => (Area::District(code), order),
            (None, Some(code), order) => (Area::Province(code), without_distance(order)),
            (None, None, order) => (Area::Everywhere, without_distance(order)),
        };
        let mut day = |control, text: &str| {
            if text.is_empty() {
                return None;
            }
            let day = iso_date(text).and_then(|date| campaign.day(date));
            if day.is_none() {
                mistakes.add(language, control, "find-day-wrong");
            }
            day
        };
        let (from, to) = (day("from", &self.from), day("to", &self.to));
        let last = DayIndex((campaign.days().clamp(1, DayIndex::MAX_DAYS) - 1) as u8);
        let (from, to) = (from.unwrap_or(DayIndex(0)), to.unwrap_or(last));
        if from > to {
            mistakes.add(language, "to", "find-days-reversed");
        } else {
            request.days = Some(from..=to);
        }
        request.times = match self.times.as_str() {
            "morning" => Some(MinuteOfDay(0)..NOON),
            "afternoon" => Some(NOON..EVENING),
            "evening" => Some(EVENING..MIDNIGHT),
            _ => None,
        };
        if request.times.is_some() && request.area == Area::Everywhere {
            mistakes.add(language, "province", "find-area-too-wide");
        }
        request.name = (!self.name.is_empty()).then(|| self.name.clone());
        request.cursor = Cursor::parse(&self.cursor);
        request
    }

    fn order(&self) -> Order {
        match self.order.as_str() {
            "early" => Order::Earliest,
            "name" => Order::District,
            // Nearest first, where a district says from where; else the earliest.
            _ => Order::Distance,
        }
    }
}

fn without_distance(order: Order) -> Order {
    if order == Order::Distance { Order::Earliest } else { order }
}

pub(super) fn product_by_code(campaign: &Campaign, code: &str) -> Option<ProductId> {
    campaign.products.iter().find(|product| product.code == code).map(|product| product.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_found_again_from_its_own_link() {
        let wish = Wish {
            province: "11".to_owned(),
            district: "11110".to_owned(),
            name: "종로 & co".to_owned(),
            times: "morning".to_owned(),
            cursor: "abc".to_owned(),
            ..Wish::default()
        };
        let link = wish.link("abc");
        let query = link.split_once('?').unwrap().1;
        assert_eq!(Wish::of(&Fields::parse(query.as_bytes()).unwrap()), wish);
    }

    #[test]
    fn a_change_that_is_no_reservation_number_is_not_carried_on() {
        let wish = Wish::of(&Fields::parse(b"change=1234&name=a").unwrap());
        assert_eq!((wish.change.as_str(), wish.name.as_str()), ("", "a"));
    }
}
