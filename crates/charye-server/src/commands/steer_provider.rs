//! Room: server/commands. `charye provider`: an operator looks at the identity providers of a running installation, and opens,
//! closes or caps one. A client of the operators' listener; every word is recorded with who and why. Must never open the data
//! folder.

use std::fmt::Write as _;

use anyhow::Context as _;
use charye_domain::identity::{IdentityProviderId, TrafficLight};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::operators_client::{Telling, Where, text};
use crate::exit::Ending;
use crate::output::say;

const PROVIDERS: &str = "/api/operator/v1/providers";

#[derive(Debug, Args)]
pub(crate) struct SteerProvider {
    #[command(flatten)]
    whom: Where,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every identity provider with its light, and what operators say of it
    Status(Telling),
    /// Let people sign in there as its configuration says
    Open(Order),
    /// Let nobody begin or end a sign-in there
    Close(Order),
    /// Ask it at most so many questions at once
    Cap {
        #[command(flatten)]
        order: Order,
        /// Questions at once, 1 to 10000
        #[arg(long, value_name = "QUESTIONS", value_parser = clap::value_parser!(u16).range(1..=10_000))]
        at_once_max: u16,
    },
}

#[derive(Debug, Args)]
struct Order {
    /// The provider's id, as `charye provider status` shows it
    provider: String,
    /// Why, for the record
    #[arg(long)]
    reason: String,
}

pub(crate) fn run(wanted: &SteerProvider) -> Result<(), Ending> {
    let (order, word) = match &wanted.command {
        Command::Status(telling) => return status(&wanted.whom, telling),
        Command::Open(order) => (order, json!({ "action": "open" })),
        Command::Close(order) => (order, json!({ "action": "close" })),
        Command::Cap { order, at_once_max } => (order, json!({ "action": "cap", "at_once_max": at_once_max })),
    };
    let unfit = || Ending::Unreadable { words: format!("charye: {:?} cannot be the id of a provider", order.provider) };
    let provider = IdentityProviderId::parse(&order.provider).ok_or_else(unfit)?;
    let path = format!("{PROVIDERS}/{provider}/steer");
    wanted.whom.client()?.order(&path, &json!({ "reason": order.reason, "word": word }))
}

fn status(whom: &Where, telling: &Telling) -> Result<(), Ending> {
    let Some(told) = whom.client()?.tell(PROVIDERS, telling)? else { return Ok(()) };
    let providers = told["providers"].as_array().context("the answer has no providers")?;
    if providers.is_empty() {
        say("no identity provider is configured");
    }
    providers.iter().for_each(|provider| say(words_of(provider, &telling.lang).trim_end()));
    for gone in told["unknown"].as_array().into_iter().flatten() {
        say(&format!("{}  {}, and not in the configuration", text(&gone["id"]), word_of(gone)));
    }
    Ok(())
}

/// One provider in a few lines of text.
fn words_of(provider: &Value, lang: &str) -> String {
    let mut words = format!(
        "{}  {}  {}\n",
        text(&provider["id"]),
        text(&provider["name"][lang]),
        light_in(lang, &text(&provider["light"]))
    );
    // Writing to a String cannot fail.
    let _ = writeln!(
        words,
        "  {}, {}; {} of {} questions under way, {} of {} in line",
        text(&provider["flow"]),
        text(&provider["assurance"]),
        provider["under_way"],
        provider["at_once_max"],
        provider["in_line"],
        provider["line_max"]
    );
    let times = [("answers_in_ms", "a question", "ms"), ("sign_in_secs", "a sign-in", "s")];
    let times = times
        .iter()
        .filter_map(|(name, what, unit)| provider[*name].as_u64().map(|time| format!("{what} takes {time} {unit}")));
    let times: Vec<String> = times.collect();
    let breaker = match provider["breaker"].as_str() {
        Some("open") => "left alone, until our probes are answered",
        Some("trial") => "on trial: a few are let through",
        _ => "",
    };
    let said = match provider["word"].as_str() {
        Some("open") | None => String::new(),
        Some(_) => format!("{} by an operator", word_of(provider)),
    };
    for part in [times.join(", ").as_str(), breaker, said.as_str()].into_iter().filter(|part| !part.is_empty()) {
        let _ = writeln!(words, "  {part}");
    }
    words
}

/// `closed`, or `capped at 7`.
fn word_of(told: &Value) -> String {
    match told["cap"].as_u64() {
        Some(cap) => format!("capped at {cap}"),
        None => text(&told["word"]),
    }
}

fn light_in(lang: &str, code: &str) -> String {
    let light = TrafficLight::ALL.into_iter().find(|light| light.code() == code);
    light.map_or_else(
        || code.to_owned(),
        |light| {
            let (korean, english) = light.words();
            format!("{} {}", light.shape(), if lang == "ko" { korean } else { english })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_told_with_its_light_and_who_stopped_it() {
        let mut provider = json!({
            "id": "naver", "name": { "ko": "네이버", "en": "Naver" }, "flow": "oidc", "light": "delayed",
            "word": "capped", "cap": 7, "breaker": "trial", "assurance": "ial2", "under_way": 3, "at_once_max": 64,
            "in_line": 12, "line_max": 512, "answers_in_ms": 140, "sign_in_secs": 21,
        });
        let words = words_of(&provider, "en");
        for part in [
            "naver  Naver  ▲ Delayed",
            "3 of 64",
            "12 of 512",
            "140 ms",
            "21 s",
            "on trial",
            "capped at 7 by an operator",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert!(words_of(&provider, "ko").contains("네이버  ▲ 지연"));
        for name in ["cap", "answers_in_ms", "sign_in_secs"] {
            provider[name] = Value::Null;
        }
        (provider["word"], provider["breaker"]) = (json!("open"), json!("closed"));
        assert_eq!(words_of(&provider, "en").lines().count(), 2);
    }
}
