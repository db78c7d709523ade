//! Room: rehearsal/report. Charts drawn by us: shapes in SVG that stretch with the page, words beside them in HTML that do
//! not. No script, no font, nothing from outside. Must never draw a point that was not measured.

use std::fmt::Write as _;

/// The plot's own units in both directions; the page stretches them.
const UNITS: f64 = 1_000.0;
/// Points drawn of a line; more would not be seen.
const POINTS_MAX: usize = 400;

/// A line over time, or a layer of a stack.
pub(super) struct Series {
    pub(super) name: String,
    /// Number of the colour in the style sheet.
    pub(super) colour: usize,
    /// Time in seconds, and value.
    pub(super) points: Vec<(f64, f64)>,
}

/// Something that happened at a time.
pub(super) struct Mark {
    pub(super) at_secs: f64,
    pub(super) name: String,
}

/// A picture over time.
pub(super) struct OverTime<'a> {
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    pub(super) series: Vec<Series>,
    pub(super) marks: &'a [Mark],
    pub(super) stacked: bool,
    pub(super) unit: &'a str,
}

impl OverTime<'_> {
    /// The figure as HTML.
    pub(super) fn html(&self) -> String {
        let series: Vec<Series> = self.series.iter().map(thinned).collect();
        let end = series.iter().flat_map(|series| &series.points).map(|point| point.0).fold(1.0, f64::max);
        let layers = if self.stacked { stacked(&series) } else { series.iter().map(|s| s.points.clone()).collect() };
        let most = nice(layers.iter().flatten().map(|point| point.1).fold(0.0, f64::max));
        let place = |(at, value): (f64, f64)| (at / end * UNITS, UNITS - value / most * UNITS);
        let mut shapes = String::new();
        // The highest layer first, so that each lower one lies on top of it.
        for (layer, series) in layers.iter().zip(&series).rev() {
            let points: Vec<(f64, f64)> = layer.iter().copied().map(place).collect();
            let Some((first, last)) = points.first().zip(points.last()) else { continue };
            let path = path_of(&points);
            if self.stacked {
                let _ = write!(
                    shapes,
                    "<path class=\"a c{}\" d=\"{path}L{:.1} {UNITS}L{:.1} {UNITS}Z\"/>",
                    series.colour, last.0, first.0
                );
            } else {
                let _ = write!(shapes, "<path class=\"l c{}\" d=\"{path}\"/>", series.colour);
            }
        }
        let mut words = String::new();
        for step in 0..=4 {
            let share = f64::from(step) / 4.0;
            let _ = write!(
                words,
                "<span class=\"y\" style=\"bottom:{:.1}%\">{}</span><i style=\"bottom:{:.1}%\"></i>",
                share * 100.0,
                short(most * share),
                share * 100.0
            );
            let _ = write!(
                words,
                "<span class=\"x x{step}\" style=\"left:{:.1}%\">{}</span>",
                share * 100.0,
                seconds(end * share)
            );
        }
        for mark in self.marks {
            let left = (mark.at_secs / end * 100.0).min(100.0);
            let _ = write!(words, "<b style=\"left:{left:.1}%\" title=\"{}\"></b>", escaped(&mark.name));
        }
        let mut legend = String::new();
        for series in &series {
            let last = series.points.last().map_or(0.0, |point| point.1);
            let _ = write!(
                legend,
                "<li><s class=\"c{}\"></s>{} <em>{}</em></li>",
                series.colour,
                escaped(&series.name),
                short(last)
            );
        }
        format!(
            "<figure><figcaption><h3>{}</h3><p>{}</p></figcaption><ul class=\"key\">{legend}</ul>\
             <div class=\"plot\" role=\"img\" aria-label=\"{}\"><svg viewBox=\"0 0 {UNITS} {UNITS}\" \
             preserveAspectRatio=\"none\" aria-hidden=\"true\">{shapes}</svg>{words}<small>{}</small></div></figure>",
            escaped(self.title),
            escaped(self.note),
            escaped(self.title),
            escaped(self.unit)
        )
    }
}

/// Each layer on the sum of those below it. All have the same times.
fn stacked(series: &[Series]) -> Vec<Vec<(f64, f64)>> {
    let mut sums: Vec<f64> = Vec::new();
    let mut layers = Vec::new();
    for series in series {
        sums.resize(series.points.len().max(sums.len()), 0.0);
        let layer = series.points.iter().zip(&mut sums).map(|(point, sum)| {
            *sum += point.1;
            (point.0, *sum)
        });
        layers.push(layer.collect());
    }
    layers
}

fn thinned(series: &Series) -> Series {
    let each = series.points.len().div_ceil(POINTS_MAX).max(1);
    let last = series.points.len().saturating_sub(1);
    let kept = series.points.iter().enumerate().filter(|(place, _)| place % each == 0 || *place == last);
    Series { name: series.name.clone(), colour: series.colour, points: kept.map(|(_, point)| *point).collect() }
}

fn path_of(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (place, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if place == 0 { 'M' } else { 'L' });
    }
    path
}

/// One line of a chart of latencies.
pub(super) struct Latency {
    pub(super) name: String,
    /// Unit: milliseconds.
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
}

/// Latencies on a logarithmic scale, from the middle one to the slowest thousandth.
pub(super) fn latencies(title: &str, note: &str, rows: &[Latency]) -> String {
    const LEAST: f64 = 0.1;
    let most = rows.iter().map(|row| row.p999).fold(10.0, f64::max);
    let decades = (most / LEAST).log10().ceil().max(1.0);
    let place = |millis: f64| ((millis.max(LEAST) / LEAST).log10() / decades * 100.0).clamp(0.0, 100.0);
    let mut body = String::new();
    for row in rows {
        let (p50, p90, p99, p999) = (place(row.p50), place(row.p90), place(row.p99), place(row.p999));
        let _ = write!(
            body,
            "<div class=\"bar\"><span>{}</span><div><u style=\"left:{p50:.1}%;right:{:.1}%\"></u>\
             <u class=\"f\" style=\"left:{p50:.1}%;right:{:.1}%\"></u><s class=\"p50\" style=\"left:{p50:.1}%\"></s>\
             <s class=\"p90\" style=\"left:{p90:.1}%\"></s><s class=\"p99\" style=\"left:{p99:.1}%\"></s></div>\
             <em>{}</em></div>",
            escaped(&row.name),
            100.0 - p999,
            100.0 - p99,
            super::words::millis(row.p99)
        );
    }
    let mut axis = String::new();
    for decade in 0..=decades as u32 {
        let millis = LEAST * 10_f64.powi(decade.try_into().unwrap_or(0));
        let label = if millis >= 1_000.0 { format!("{} s", millis / 1_000.0) } else { format!("{} ms", short(millis)) };
        let _ = write!(axis, "<span style=\"left:{:.1}%\">{label}</span>", f64::from(decade) / decades * 100.0);
    }
    format!(
        "<figure><figcaption><h3>{}</h3><p>{}</p></figcaption><div class=\"bars\">{body}\
         <div class=\"bar axis\"><span></span><div>{axis}</div><em></em></div></div></figure>",
        escaped(title),
        escaped(note)
    )
}

/// The next number above that is easy to quarter.
fn nice(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let decade = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * decade).find(|step| *step >= value * 0.999_999).unwrap_or(value)
}

/// A number in little room.
fn short(value: f64) -> String {
    let text = match value {
        1e9.. => return format!("{}G", short(value / 1e9)),
        1e6.. => return format!("{}M", short(value / 1e6)),
        1e4.. => return format!("{}k", short(value / 1e3)),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn seconds(secs: f64) -> String {
    super::in_words(std::time::Duration::from_secs_f64(secs.max(0.0)))
}

/// Text as HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_number_that_people_read() {
        let check = |value, expect| assert_eq!(nice(value), expect, "{value}");
        check(0.0, 1.0);
        check(7.3, 8.0);
        check(101.0, 120.0);
        check(1_000.0, 1_000.0);
        assert_eq!([0.25, 12.5, 480.0, 12_000.0, 2_500_000.0].map(short), ["0.25", "12.5", "480", "12k", "2.5M"]);
    }

    #[test]
    fn layers_lie_on_one_another_and_words_cannot_become_markup() {
        let series =
            |name: &str, points: &[(f64, f64)]| Series { name: name.to_owned(), colour: 1, points: points.to_vec() };
        let layers = stacked(&[series("a", &[(0.0, 1.0), (1.0, 2.0)]), series("b", &[(0.0, 3.0), (1.0, 5.0)])]);
        assert_eq!(layers[1], [(0.0, 4.0), (1.0, 7.0)]);
        let chart = OverTime {
            title: "<script>",
            note: "a & b",
            series: vec![series("\"x\"", &[(0.0, 1.0), (10.0, 4.0)])],
            marks: &[Mark { at_secs: 5.0, name: "<kill>".to_owned() }],
            stacked: false,
            unit: "",
        };
        let html = chart.html();
        assert!(!html.contains("<script>") && !html.contains("<kill>"), "{html}");
        assert!(html.contains("M0.0 750.0L1000.0 0.0"), "{html}");
    }
}
