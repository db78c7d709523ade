//! Room: engine/campaign. The `[[product]]` tables of a campaign file: what is given, in how many doses, how far apart.
//! Called by `file`.

use std::ops::Range;

use charye_domain::ids::ProductId;
use charye_domain::vaccine::{DoseInterval, VaccineProduct};

use super::file_error::Findings;
use super::toml_walk::{Section, bilingual, code, list, small_number};

const PRODUCTS_MAX: usize = 32;

/// Reads every product of the file that can be read; what cannot is noted.
pub(super) fn read(findings: &mut Findings<'_>, top: &Section<'_, '_>) -> Vec<(Range<usize>, VaccineProduct)> {
    const KNOWN: [&str; 6] = ["code", "name", "cvx", "doses", "interval_days", "standard_days"];
    let mut products: Vec<(Range<usize>, VaccineProduct)> = Vec::new();
    for (at, table) in top.tables(findings, "product") {
        let section = Section::new(findings, "[[product]]", at, table, &KNOWN);
        let product_code = section.required(findings, "code", code);
        let name = section.required(findings, "name", bilingual);
        let cvx = section.optional(findings, "cvx", |value| small_number(value, 1, 999));
        let doses = section.required(findings, "doses", |value| small_number(value, 1, 2));
        let interval = read_interval(findings, &section, doses);
        let (Some(code), Some(name), Some(doses), Some(interval)) = (product_code, name, doses, interval) else {
            continue;
        };
        if products.iter().any(|(_, other)| other.code == code) {
            let remedy = "give each product a code of its own";
            findings.note(&section.place("code"), format!("the product \"{code}\" stands twice"), remedy);
        }
        let id = ProductId(u8::try_from(products.len()).unwrap_or(u8::MAX));
        let doses = u8::try_from(doses).unwrap_or(u8::MAX);
        products.push((section.at.clone(), VaccineProduct { id, code, name, cvx, doses, interval }));
    }
    let remedy = format!("write 1 to {PRODUCTS_MAX} tables [[product]]");
    if products.len() > PRODUCTS_MAX || top.value("product").is_none() {
        findings.note(&top.place("product"), format!("the campaign has {} products", products.len()), remedy);
    }
    products
}

/// The interval of a product: `Some(None)` if it has one dose, `None` if what stands there is wrong, which is noted.
#[expect(clippy::option_option, reason = "the outer one is whether it could be read, the inner one is the answer")]
fn read_interval(
    findings: &mut Findings<'_>,
    section: &Section<'_, '_>,
    doses: Option<u16>,
) -> Option<Option<DoseInterval>> {
    if doses? == 1 {
        for key in ["interval_days", "standard_days"].into_iter().filter(|key| section.value(key).is_some()) {
            findings.note(
                &section.place(key),
                format!("`{key}` of a product with one dose"),
                "remove it, or write doses = 2",
            );
        }
        return Some(None);
    }
    let days = section.required(findings, "interval_days", |value| {
        let days = list(value, 2, |value| small_number(value, 1, 127))?;
        let wrong =
            || ("the interval needs its first and last day".to_owned(), "write [35, 42] or the like".to_owned());
        let [from, to] = <[u16; 2]>::try_from(days).map_err(|_| wrong())?;
        if from > to {
            return Err((
                format!("the interval ends before it begins: {from} to {to}"),
                format!("write [{to}, {from}]"),
            ));
        }
        Ok(from..=to)
    });
    let standard_days = section.required(findings, "standard_days", |value| small_number(value, 1, 127));
    let (allowed_days, standard_days) = (days?, standard_days?);
    if !allowed_days.contains(&standard_days) {
        let (from, to) = (allowed_days.start(), allowed_days.end());
        let message = format!("the standard interval of {standard_days} days is not allowed");
        findings.note(&section.place("standard_days"), message, format!("write a number of days from {from} to {to}"));
        return None;
    }
    Some(Some(DoseInterval { allowed_days, standard_days }))
}
