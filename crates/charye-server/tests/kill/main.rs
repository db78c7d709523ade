//! The kill test: the real program, under load over HTTP, killed with SIGKILL again and again, every other time at a named
//! point between writing a batch and answering it. Clients write down every answer outside the process; the audit then
//! holds the journal against what they heard. Nothing confirmed may be lost, nothing refused may have happened.
//!
//! This binary is two things: the test, and (with a crash point in its environment) the program itself, made of the same
//! library as `charye` but with a hook that ends it. So the released program has no crash points at all.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test outside of the test harness")]

mod citizens;
mod crash;
mod history;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

const NAME: &str = "killed_again_and_again_under_load_it_loses_nothing_and_takes_nothing_back";

fn main() -> ExitCode {
    if let Some(hook) = crash::hook_from_environment() {
        return charye_server::run(Some(hook));
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        if !arguments.iter().any(|argument| argument == "--ignored") {
            tell(&format!("{NAME}: test"));
        }
        return ExitCode::SUCCESS;
    }
    let mut filters = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
    if filters.peek().is_some() && !filters.any(|filter| NAME.contains(filter.as_str())) {
        tell("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out");
        return ExitCode::SUCCESS;
    }
    let passed = catch_unwind(AssertUnwindSafe(stage::play)).is_ok();
    let (word, passes, failures) = if passed { ("ok", 1, 0) } else { ("FAILED", 0, 1) };
    tell(&format!("test {NAME} ... {word}"));
    tell(&format!("test result: {word}. {passes} passed; {failures} failed; 0 ignored; 0 measured; 0 filtered out"));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A line on stdout, as the test harness would write it.
fn tell(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}
