//! The page of commands says what the program says: every command, option and default, taken from its own help.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::fs;
use std::path::Path;

use support::charye;

const MARK: &str =
    "<!-- from here on: what `--help` says; the test command_reference writes the page anew into target/ -->\n";

#[test]
fn the_page_of_commands_is_what_the_program_says_of_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/reference/commands.md")).unwrap();
    let written = page.split(MARK).next().unwrap();
    let mut expected = format!("{written}{MARK}");
    tell(&[], &mut expected);
    if page != expected {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("commands.md");
        fs::write(&fresh, expected).unwrap();
        panic!("docs/reference/commands.md is behind the program; take {} instead", fresh.display());
    }
}

/// The help of a command and of the commands below it.
fn tell(path: &[&str], page: &mut String) {
    let (code, help, _) = charye(&[path, &["--help"]].concat());
    assert_eq!(code, 0, "{path:?}");
    let below: Vec<String> = help
        .split("Commands:\n")
        .nth(1)
        .map(|rest| rest.lines().take_while(|line| !line.is_empty()))
        .into_iter()
        .flatten()
        // A longer explanation goes on in the next line, further in.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect();
    let name = [&["charye"], path].concat().join(" ");
    let trimmed: Vec<&str> = help.lines().map(str::trim_end).collect();
    page.push_str(&format!("\n## `{name}`\n\n```text\n{}\n```\n", trimmed.join("\n").trim_end()));
    for command in &below {
        tell(&[path, &[command]].concat(), page);
    }
}
