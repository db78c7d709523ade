//! Room: engine/campaign. The one text a checked campaign has: what is journaled when it is published. Everything is
//! spelled out (each opening, each closed day), so that nothing but this text decides what the rules are.

use std::fmt::Write as _;

use charye_domain::campaign::Bilingual;
use charye_domain::identity::Assurance;
use charye_domain::vaccine::DoseTwoPolicy;

use super::file::{CampaignFile, DOSE_TWO_POLICIES, UNIQUENESS_SCHEMES};

/// The canonical text: the same for every file that means the same, and read back as an equal campaign.
pub fn canonical_text(file: &CampaignFile) -> String {
    let campaign = &file.campaign;
    let mut text = String::from("# Charye campaign, canonical text, format 1\n");
    let mut line = |args: std::fmt::Arguments<'_>| {
        text.write_fmt(args).and_then(|()| text.write_char('\n')).expect("a string takes every text written to it");
    };
    let uniqueness = UNIQUENESS_SCHEMES.iter().find(|(_, scheme)| *scheme == campaign.uniqueness);
    let closed_days: Vec<String> = campaign.closed_days.iter().map(ToString::to_string).collect();

    line(format_args!("[campaign]"));
    line(format_args!("code = {}", quoted(&campaign.code)));
    line(format_args!("name = {}", both(&campaign.name)));
    line(format_args!("time_zone = {}", quoted(&file.time_zone)));
    line(format_args!("uniqueness = {}", quoted(uniqueness.map_or("", |(word, _)| word))));
    if campaign.least_assurance > Assurance::Rehearsed {
        line(format_args!("least_assurance = {}", quoted(campaign.least_assurance.code())));
    }
    line(format_args!("first_day = {}", campaign.first_day));
    line(format_args!("last_day = {}", campaign.last_day));
    line(format_args!("closed_days = [{}]", closed_days.join(", ")));
    if campaign.products.iter().any(|product| product.doses == 2) {
        line(format_args!("dose_two = {}", quoted(dose_two_word(campaign.dose_two))));
    }
    line(format_args!("expected_people = {}", campaign.expected_people));
    line(format_args!("change_notice_secs = {}", campaign.change_notice_secs));

    line(format_args!("\n[hold]"));
    line(format_args!("ttl_secs = {}", campaign.hold.ttl_secs));
    line(format_args!("extension_secs = {}", campaign.hold.extension_secs));
    line(format_args!("extensions_max = {}", campaign.hold.extensions_max));
    line(format_args!("\n[visit]"));
    line(format_args!("max_secs = {}", campaign.visit.max_secs));
    line(format_args!("pass_secs = {}", campaign.visit.pass_secs));
    if let Some(plan) = &campaign.line {
        let (lowest, highest) = plan.terms.rates_per_min();
        line(format_args!("\n[line]"));
        line(format_args!("hard_cap = {}", plan.terms.hard_cap()));
        line(format_args!("agents_share = {}", plan.terms.agents_share()));
        line(format_args!("rate_min_per_min = {lowest}"));
        line(format_args!("rate_max_per_min = {highest}"));
        line(format_args!("grace_secs = {}", plan.terms.grace_secs()));
        line(format_args!("enrol_secs = {}", plan.enrol_secs));
        if let Some(note) = &plan.public_value_note {
            line(format_args!("public_value_note = {}", both(note)));
        }
    }

    if let Some(look) = &campaign.look {
        line(format_args!("\n[look]"));
        let mut text = |key: &str, value: &Option<Bilingual>| {
            if let Some(value) = value {
                line(format_args!("{key} = {}", both(value)));
            }
        };
        text("service", &look.service);
        text("welcome", &look.welcome);
        text("bring", &look.bring);
        text("contact", &look.contact);
        text("logo_words", &look.logo.as_ref().map(|logo| logo.words.clone()));
        if let Some(logo) = &look.logo {
            line(format_args!("logo = {}", quoted(&logo.svg)));
        }
        for (key, colours) in [("accent", look.accent), ("stripe", look.stripe)] {
            if let Some(colours) = colours {
                line(format_args!("{key} = {{ light = \"{}\", dark = \"{}\" }}", colours.light, colours.dark));
            }
        }
    }

    for product in &campaign.products {
        line(format_args!("\n[[product]]"));
        line(format_args!("code = {}", quoted(&product.code)));
        line(format_args!("name = {}", both(&product.name)));
        if let Some(cvx) = product.cvx {
            line(format_args!("cvx = {cvx}"));
        }
        line(format_args!("doses = {}", product.doses));
        if let Some(interval) = &product.interval {
            let (from, to) = (interval.allowed_days.start(), interval.allowed_days.end());
            line(format_args!("interval_days = [{from}, {to}]"));
            line(format_args!("standard_days = {}", interval.standard_days));
        }
    }
    for cohort in &campaign.cohorts {
        line(format_args!("\n[[cohort]]"));
        line(format_args!("code = {}", quoted(&cohort.code)));
        line(format_args!("name = {}", both(&cohort.name)));
        line(format_args!("born_from = {}", cohort.born_from));
        line(format_args!("born_to = {}", cohort.born_to));
    }
    for opening in &campaign.openings {
        let codes = opening.cohorts.iter().filter_map(|id| campaign.cohorts.get(usize::from(id.0)));
        let codes: Vec<String> = codes.map(|cohort| quoted(&cohort.code)).collect();
        let digits: Vec<String> = opening.birth_day_digits.iter().map(|digit| digit.value().to_string()).collect();
        line(format_args!("\n[[opening]]"));
        line(format_args!("name = {}", both(&opening.name)));
        line(format_args!("cohorts = [{}]", codes.join(", ")));
        line(format_args!("digits = [{}]", digits.join(", ")));
        line(format_args!("opens = {}", opening.window.opens_civil));
        line(format_args!("closes = {}", opening.window.closes_civil));
        line(format_args!("cumulative_share = {}", opening.cumulative_share));
    }
    text
}

fn dose_two_word(policy: DoseTwoPolicy) -> &'static str {
    DOSE_TWO_POLICIES.iter().find(|(_, known)| *known == policy).map_or("", |(word, _)| word)
}

fn both(text: &Bilingual) -> String {
    format!("{{ ko = {}, en = {} }}", quoted(&text.ko), quoted(&text.en))
}

/// A TOML basic string. Texts have no control characters: the reader refuses them.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
