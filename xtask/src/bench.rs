//! Room: xtask. `cargo xtask bench`: runs the registered figures, gathers what they print, and shows it with its goals.
//!
//! A bench is a program that prints, among anything else, one JSON object a line for each figure:
//! `{"id", "value", "unit", "baseline", "ratio", "goal", "met"}`. It measures its own baseline in the same run; nothing
//! here computes or rounds a figure. Called by people, and by `ci` never: a busy machine proves nothing about speed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::run::must;
use crate::screen::{say, table};

/// A program that measures, and where it is: an example of a crate.
pub(crate) struct Bench {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) package: &'static str,
    pub(crate) example: &'static str,
    /// After `cargo run`.
    pub(crate) features: &'static [&'static str],
    /// After the program's name.
    pub(crate) arguments: &'static [&'static str],
    /// Its first lines name options.
    pub(crate) takes_options: bool,
}

/// Every bench. What they measure and what was measured: docs/performance.md.
pub(crate) const BENCHES: &[Bench] = &[
    Bench {
        name: "decide",
        what: "decide and apply, in the domain alone",
        package: "charye-domain",
        example: "decide_bench",
        features: &[],
        arguments: &[],
        takes_options: false,
    },
    Bench {
        name: "board",
        what: "look-ups over the board",
        package: "charye-engine",
        example: "board_bench",
        features: &[],
        arguments: &[],
        takes_options: false,
    },
    Bench {
        name: "journal",
        what: "rows of the SQLite journal, beside the disk's own syncs",
        package: "charye-ledger",
        example: "journal_bench",
        features: &["--features", "suite"],
        arguments: &[],
        takes_options: false,
    },
    Bench {
        name: "people",
        what: "sealed people, put where they are durable",
        package: "charye-ledger",
        example: "people_bench",
        features: &["--features", "suite"],
        arguments: &[],
        takes_options: false,
    },
    Bench {
        name: "projection",
        what: "reservations into SQL tables",
        package: "charye-ledger",
        example: "projection_bench",
        features: &["--features", "suite"],
        arguments: &[],
        takes_options: false,
    },
    Bench {
        name: "spine",
        what: "reservations through the sequencer, beside pgbench; minutes at half load; a naive schema",
        package: "charye-ledger",
        example: "spine",
        features: &[],
        arguments: &[],
        takes_options: true,
    },
    Bench {
        name: "restart",
        what: "from snapshot and from journal to the first reservation",
        package: "charye-ledger",
        example: "spine",
        features: &[],
        arguments: &["restart"],
        takes_options: true,
    },
    Bench {
        name: "identity",
        what: "callbacks of sign-ins, beside the check of their signatures alone",
        package: "charye-gateway",
        example: "identity_bench",
        features: &[],
        arguments: &[],
        takes_options: false,
    },
    Bench {
        name: "identity-isolation",
        what: "one of five identity providers hung, slow, failing or lying, beside the others; then forged callbacks",
        package: "charye-gateway",
        example: "identity_isolation",
        features: &[],
        arguments: &[],
        takes_options: false,
    },
    Bench {
        name: "surges",
        what: "the line in simulated time: a thousand random surges, no-shows, long waits, overload",
        package: "charye-simulator",
        example: "surges",
        features: &[],
        arguments: &[],
        takes_options: false,
    },
    Bench {
        name: "http",
        what: "the demo over HTTP, as multiples of a bare echo",
        package: "charye-rehearsal",
        example: "http_bench",
        features: &[],
        arguments: &[],
        takes_options: true,
    },
    Bench {
        name: "poll",
        what: "somebody who waits is told so, as JSON and as a page, as multiples of a bare echo",
        package: "charye-rehearsal",
        example: "poll_bench",
        features: &[],
        arguments: &[],
        takes_options: false,
    },
    Bench {
        name: "waiting",
        what: "many who wait and ask when told to, on some thousands of connections, while others confirm",
        package: "charye-rehearsal",
        example: "waiting_bench",
        features: &[],
        arguments: &[],
        takes_options: true,
    },
    Bench {
        name: "goodput",
        what: "confirmations of those inside while twenty times as much is offered, beside their peak",
        package: "charye-rehearsal",
        example: "goodput_bench",
        features: &[],
        arguments: &[],
        takes_options: true,
    },
    Bench {
        name: "journeys",
        what: "citizens who get a reservation in a minute, generator included, and what each costs",
        package: "charye-rehearsal",
        example: "journeys_bench",
        features: &[],
        arguments: &[],
        takes_options: true,
    },
];

impl Bench {
    fn command<'a>(&self, options: &[&'a str]) -> Vec<&'a str> {
        let run = ["cargo", "run", "--release", "--quiet", "-p", self.package, "--example", self.example];
        let options = if self.takes_options { options } else { &[] };
        [&run, self.features, &["--"], self.arguments, options].concat()
    }
}

const LIMIT: Duration = Duration::from_secs(3_600);
const KEYS: [&str; 7] = ["id", "value", "unit", "baseline", "ratio", "goal", "met"];

/// What `bench` was asked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Wanted<'a> {
    names: &'a [&'a str],
    /// Where the figures are written, too.
    json: Option<&'a Path>,
    /// For the programs that take some.
    options: &'a [&'a str],
}

impl<'a> Wanted<'a> {
    /// `[NAME..] [--json FILE] [-- OPTION..]`, or the file first.
    pub(crate) fn read(arguments: &'a [&'a str]) -> Self {
        let at = arguments.iter().position(|argument| *argument == "--").unwrap_or(arguments.len());
        let (ours, options) = (&arguments[..at], arguments.get(at + 1..).unwrap_or_default());
        match ours {
            [names @ .., "--json", file] | ["--json", file, names @ ..] => {
                Self { names, json: Some(Path::new(*file)), options }
            }
            names => Self { names, json: None, options },
        }
    }
}

/// Runs the benches of these names, or all of them.
///
/// # Errors
/// When a name is unknown, or a bench fails or prints a line that is no figure.
pub(crate) fn run(root: &Path, wanted: &Wanted<'_>) -> Result<()> {
    let Wanted { names, json, options } = *wanted;
    if let Some(unknown) = names.iter().find(|name| !BENCHES.iter().any(|bench| bench.name == **name)) {
        let known: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!(
            "no bench is called {unknown}; there are: {}",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        );
    }
    let mut figures = Vec::new();
    for bench in BENCHES.iter().filter(|bench| names.is_empty() || names.contains(&bench.name)) {
        say(&format!("== {}: {}", bench.name, bench.what));
        let ended = must(root, &bench.command(options), &[], LIMIT)?;
        figures.extend(
            figures_in(&ended.answered).with_context(|| format!("could not read what {} printed", bench.name))?,
        );
    }
    say(&shown(&figures));
    if let Some(file) = json {
        fs::write(file, written(&figures)).with_context(|| format!("could not write {}", file.display()))?;
    }
    Ok(())
}

/// Two files of figures, side by side.
///
/// # Errors
/// When a file is not there or holds no figures.
pub(crate) fn compare(a: &Path, b: &Path) -> Result<()> {
    say(&compared(&read(a)?, &read(b)?));
    Ok(())
}

fn read(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))?;
    let figures: Vec<Value> =
        serde_json::from_str(&text).with_context(|| format!("{} is no list of figures", file.display()))?;
    for figure in &figures {
        check(figure).with_context(|| format!("in {}", file.display()))?;
    }
    Ok(figures)
}

/// The figures among the lines that a bench printed: those that are JSON objects.
fn figures_in(answered: &str) -> Result<Vec<Value>> {
    let objects = answered.lines().filter(|line| line.starts_with('{'));
    let figures = objects.map(|line| {
        let figure: Value = serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?;
        check(&figure)?;
        Ok(figure)
    });
    let figures: Vec<Value> = figures.collect::<Result<_>>()?;
    ensure!(!figures.is_empty(), "it printed no figure");
    Ok(figures)
}

/// Whether every key of a figure is there. What was not measured is `null`, never absent.
fn check(figure: &Value) -> Result<()> {
    for key in KEYS {
        ensure!(figure.get(key).is_some(), "a figure without `{key}`: {figure}");
    }
    ensure!(figure["id"].is_string() && figure["unit"].is_string(), "id and unit are text: {figure}");
    ensure!(figure["met"].is_boolean() || figure["met"].is_null(), "met is true, false or null: {figure}");
    Ok(())
}

/// A list of figures as JSON, a figure a line.
fn written(figures: &[Value]) -> String {
    let lines: Vec<String> = figures.iter().map(ToString::to_string).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn shown(figures: &[Value]) -> String {
    if figures.is_empty() {
        return "no figure: no bench is registered in xtask/src/bench.rs".to_owned();
    }
    let mut rows = vec![["figure", "value", "unit", "baseline", "ratio", "goal", "met"].map(str::to_owned).to_vec()];
    rows.extend(figures.iter().map(|figure| KEYS.map(|key| cell(&figure[key])).to_vec()));
    table(&rows)
}

fn compared(a: &[Value], b: &[Value]) -> String {
    let mut rows = vec![["figure", "A", "B", "B / A", "unit", "goal", "met in B"].map(str::to_owned).to_vec()];
    let only_b = b.iter().filter(|in_b| !a.iter().any(|in_a| in_a["id"] == in_b["id"]));
    for figure in a.iter().chain(only_b) {
        let find =
            |list: &[Value]| list.iter().find(|other| other["id"] == figure["id"]).cloned().unwrap_or(Value::Null);
        let (in_a, in_b) = (find(a), find(b));
        let ratio = match (in_a["value"].as_f64(), in_b["value"].as_f64()) {
            (Some(a), Some(b)) if a != 0.0 => format!("{:.3}", b / a),
            _ => "-".to_owned(),
        };
        let cells = [&figure["id"], &in_a["value"], &in_b["value"]].map(cell);
        rows.push([&cells[..], &[ratio], &[&figure["unit"], &figure["goal"], &in_b["met"]].map(cell)].concat());
    }
    table(&rows)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "NO".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(value) if value.fract() != 0.0 => format!("{value:.3}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        r#"{"id":"book.decide","value":1.25,"unit":"us","baseline":null,"ratio":null,"goal":"<= 2","met":true}"#;

    #[test]
    fn a_file_and_options_may_be_asked_for_together() {
        let file = Some(Path::new("f.json"));
        let said: [(&[&str], Wanted<'_>); 4] = [
            (
                &["spine", "--json", "f.json", "--", "--rounds", "3"],
                Wanted { names: &["spine"], json: file, options: &["--rounds", "3"] },
            ),
            (&["--json", "f.json", "http"], Wanted { names: &["http"], json: file, options: &[] }),
            (&["http", "poll"], Wanted { names: &["http", "poll"], json: None, options: &[] }),
            (&["http", "--", "--json", "x"], Wanted { names: &["http"], json: None, options: &["--json", "x"] }),
        ];
        for (arguments, wanted) in said {
            assert_eq!(Wanted::read(arguments), wanted, "{arguments:?}");
        }
    }

    #[test]
    fn figures_are_picked_out_of_what_a_bench_says() {
        let figures = figures_in(&format!("warming up\n{LINE}\ndone\n")).unwrap();
        assert_eq!(figures.len(), 1);
        assert!(
            shown(&figures).contains("book.decide  1.250    us         -      -  <= 2  yes"),
            "{}",
            shown(&figures)
        );
    }

    #[test]
    fn a_bench_that_prints_no_figure_or_half_of_one_is_refused() {
        assert!(figures_in("warming up\n").is_err());
        assert!(figures_in("{\"id\": \"a\"\n").is_err());
        let without_goal = LINE.replace("\"goal\":\"<= 2\",", "");
        assert!(figures_in(&without_goal).unwrap_err().to_string().contains("`goal`"));
    }

    #[test]
    fn a_written_file_is_read_again_and_compared() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        fs::write(&file, written(&figures_in(LINE).unwrap())).unwrap();
        let a = read(&file).unwrap();
        let b = figures_in(&LINE.replace("1.25", "2.5").replace("true", "false")).unwrap();
        let shown = compared(&a, &b);
        assert!(shown.contains("1.250  2.500  2.000") && shown.ends_with("NO"), "{shown}");
        assert!(compared(&a, &[]).contains("1.250  -      -"), "{}", compared(&a, &[]));
    }

    #[test]
    fn no_two_benches_have_one_name() {
        let names: std::collections::BTreeSet<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        assert_eq!(names.len(), BENCHES.len());
    }

    #[test]
    fn every_bench_is_an_example_that_is_there() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
        for bench in BENCHES {
            let examples = crates.join(bench.package).join("examples");
            let is_there = examples.join(format!("{}.rs", bench.example)).exists()
                || examples.join(bench.example).join("main.rs").exists();
            assert!(is_there, "{}: no example {} in {}", bench.name, bench.example, bench.package);
        }
    }
}
