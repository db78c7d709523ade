//! Room: rehearsal, benches. Figures as `xtask bench` reads them, one JSON object a line.

use std::io::Write as _;

use serde_json::{Value, json};

use super::Failure;

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// Shown beside the others; nothing is promised.
    None,
    /// The value, at most.
    AtMost(f64),
    /// The ratio to the baseline, at most.
    TimesAtMost(f64),
    /// The ratio to the baseline, at least.
    TimesAtLeast(f64),
}

/// Prints a figure.
pub(crate) fn figure(id: &str, value: f64, unit: &str, baseline: Option<f64>, goal: Goal) -> Result<(), Failure> {
    let ratio = baseline.filter(|baseline| *baseline > 0.0).map(|baseline| value / baseline);
    ratio_figure(id, value, unit, baseline, ratio, goal)
}

/// Prints a figure whose ratio is a median of its own.
pub(crate) fn ratio_figure(
    id: &str,
    value: f64,
    unit: &str,
    baseline: Option<f64>,
    ratio: Option<f64>,
    goal: Goal,
) -> Result<(), Failure> {
    let (text, met) = match goal {
        Goal::None => (Value::Null, Value::Null),
        Goal::AtMost(most) => (json!(format!("<= {most} {unit}")), json!(value <= most)),
        Goal::TimesAtMost(most) => {
            (json!(format!("<= {most} x")), ratio.map_or(Value::Null, |ratio| json!(ratio <= most)))
        }
        Goal::TimesAtLeast(least) => {
            (json!(format!(">= {least} x")), ratio.map_or(Value::Null, |ratio| json!(ratio >= least)))
        }
    };
    let line = json!({
        "id": id,
        "value": rounded(value),
        "unit": unit,
        "baseline": baseline.map(rounded),
        "ratio": ratio.map(rounded),
        "goal": text,
        "met": met,
    });
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(())
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The middle one; of an even number the upper of the two. 0 of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
