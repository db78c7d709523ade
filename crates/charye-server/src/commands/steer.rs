//! Room: server/commands. `charye steer`: an operator looks at the lines of a running installation and changes them. A client
//! of the operators' listener; every change is recorded with who and why. Must never open the data folder.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::operators_client::{OperatorsClient, Telling, Where, text};
use crate::exit::Ending;
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Steer {
    #[command(flatten)]
    whom: Where,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every line, with the last automatic decision in words
    Status(Telling),
    /// Set the hard cap and the bounds of the rate
    Terms {
        #[command(flatten)]
        order: Order,
        /// People inside or called, at most
        #[arg(long, value_name = "PEOPLE")]
        hard_cap: u32,
        /// Visits started per minute, at least
        #[arg(long, value_name = "PER-MINUTE")]
        min: u32,
        /// Visits started per minute, at most
        #[arg(long, value_name = "PER-MINUTE")]
        max: u32,
    },
    /// Call nobody from now on; places are kept, and who has been called may come
    Pause(Order),
    /// Go on calling, in order
    Resume(Order),
    /// Begin the opening at another time, at least ten minutes from now unless in a rehearsal
    OpenAt {
        #[command(flatten)]
        order: Order,
        /// An instant, such as 2021-08-09T20:00:00+09:00
        #[arg(long, value_name = "TIME")]
        at: Timestamp,
    },
    /// Let nobody new into the line
    Close(Order),
    /// Let people into the line again
    Reopen(Order),
    /// Tell everybody who waits something; without a text, take it back
    Message {
        #[command(flatten)]
        order: Order,
        /// In Korean
        #[arg(long, requires = "en")]
        ko: Option<String>,
        /// In English
        #[arg(long, requires = "ko")]
        en: Option<String>,
    },
    /// Close the line and pause it: visits go on until they end
    Drain(Order),
    /// Say the public value that the campaign named for its draw
    PublicValue {
        #[command(flatten)]
        line: Which,
        /// As it was published
        value: String,
    },
}

#[derive(Debug, Args)]
struct Which {
    /// The campaign's code
    #[arg(value_parser = campaign_code)]
    campaign: String,
    /// The opening's number, as `charye steer status` shows it
    opening: u8,
}

#[derive(Debug, Args)]
struct Order {
    #[command(flatten)]
    line: Which,
    /// Why, for the record
    #[arg(long)]
    reason: String,
}

/// A campaign's code goes into an address as it is.
fn campaign_code(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || !text.bytes().all(fits) {
        return Err("a campaign's code has the characters a-z, 0-9 and -".to_owned());
    }
    Ok(text.to_owned())
}

pub(crate) fn run(wanted: &Steer) -> Result<(), Ending> {
    let client = wanted.whom.client()?;
    match &wanted.command {
        Command::Status(telling) => status(&client, telling),
        Command::Terms { order, hard_cap, min, max } => {
            let terms = json!({
                "action": "terms", "hard_cap": hard_cap, "rate_min_per_min": min, "rate_max_per_min": max,
            });
            steer(&client, order, &terms)
        }
        Command::Pause(order) => steer(&client, order, &json!({ "action": "pause" })),
        Command::Resume(order) => steer(&client, order, &json!({ "action": "resume" })),
        Command::OpenAt { order, at } => {
            steer(&client, order, &json!({ "action": "open_at", "at_ms": at.as_millisecond() }))
        }
        Command::Close(order) => steer(&client, order, &json!({ "action": "close_to_arrivals" })),
        Command::Reopen(order) => steer(&client, order, &json!({ "action": "reopen_to_arrivals" })),
        Command::Message { order, ko: Some(ko), en: Some(en) } => {
            steer(&client, order, &json!({ "action": "message", "ko": ko, "en": en }))
        }
        Command::Message { order, .. } => steer(&client, order, &json!({ "action": "clear_message" })),
        Command::Drain(order) => steer(&client, order, &json!({ "action": "drain" })),
        Command::PublicValue { line, value } => {
            let path = format!("/api/operator/v1/lines/{}/{}/public-value", line.campaign, line.opening);
            client.ask(&path, Some(&json!({ "public_value": value })))?;
            say("kept until the draw is revealed");
            Ok(())
        }
    }
}

fn steer(client: &OperatorsClient, order: &Order, steering: &Value) -> Result<(), Ending> {
    let path = format!("/api/operator/v1/lines/{}/{}/steer", order.line.campaign, order.line.opening);
    client.order(&path, &json!({ "reason": order.reason, "steering": steering }))
}

fn status(client: &OperatorsClient, telling: &Telling) -> Result<(), Ending> {
    let Some(told) = client.tell("/api/operator/v1/lines", telling)? else { return Ok(()) };
    let lines = told["lines"].as_array().context("the answer has no lines")?;
    if lines.is_empty() {
        say("no campaign has a line");
    }
    lines.iter().for_each(|line| say(words_of(line, &telling.lang).trim_end()));
    Ok(())
}

/// One line in some lines of text.
fn words_of(line: &Value, lang: &str) -> String {
    let mut words = format!(
        "{} {}  {}  {}\n",
        text(&line["campaign"]),
        line["opening"],
        text(&line["name"][lang]),
        text(&line["phase"])
    );
    let terms = &line["terms"];
    // Writing to a String cannot fail.
    let _ = writeln!(
        words,
        "  waiting {}, returners {}, enrolled {}; inside {}, called {} of at most {}",
        line["waiting"], line["returners_waiting"], line["enrolled"], line["inside"], line["called"], terms["hard_cap"]
    );
    let _ = writeln!(
        words,
        "  {} to {} visits a minute, grace {} s; {} places left",
        terms["rate_min_per_min"], terms["rate_max_per_min"], terms["grace_secs"], line["places_left"]
    );
    if let Some(percent) = line["promises"]["kept_percent"].as_u64() {
        let _ = writeln!(words, "  {percent} % of the promised waits were kept");
    }
    for (holds, said) in [
        (!line["paused"].is_null(), format!("paused ({})", text(&line["paused"]))),
        (line["closed_to_arrivals"] == true, "closed to new arrivals".to_owned()),
        (!line["message"].is_null(), format!("message: {}", text(&line["message"][lang]))),
        (line["draw"]["waits_for_public_value"] == true, "the draw waits for its public value".to_owned()),
        (!line["decision"].is_null(), text(&line["decision"]["words"][lang])),
    ] {
        if holds {
            let _ = writeln!(words, "  {said}");
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_with_what_matters_first() {
        let line = json!({
            "campaign": "sample", "opening": 0, "name": { "ko": "첫날", "en": "first" }, "phase": "open",
            "waiting": 12, "returners_waiting": 1, "enrolled": 40, "inside": 5, "called": 2,
            "terms": { "hard_cap": 50, "rate_min_per_min": 1, "rate_max_per_min": 60, "grace_secs": 180 },
            "places_left": 7, "promises": { "kept_percent": 93 }, "paused": "nothing_left",
            "closed_to_arrivals": false, "message": null, "draw": { "waits_for_public_value": false },
            "decision": { "words": { "ko": "아무도", "en": "Nobody was called." } },
        });
        let words = words_of(&line, "en");
        assert_eq!(words.lines().count(), 6, "{words}");
        for part in ["sample 0  first  open", "waiting 12", "93 %", "paused (nothing_left)", "Nobody was called."] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert!(words_of(&line, "ko").contains("첫날"));
    }
}
