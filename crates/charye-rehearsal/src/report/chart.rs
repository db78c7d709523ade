//! Room: rehearsal/report. Charts drawn by us: shapes in SVG that stretch with the page, words beside them in HTML that do
//! not. No script, no font, nothing from outside. Must never draw a point that was not measured.

use std::fmt::Write as _;

use super::words::count;

/// The plot's own units in both directions; the page stretches them.
const UNITS: f64 = 1_000.0;
/// Points drawn of a line; more would not be seen.
const POINTS_MAX: usize = 400;
/// A limit is drawn if it is at most so many times what was reached.
const LIMIT_DRAWN_WITHIN: f64 = 4.0;

/// A line over time, or a layer of a stack.
pub(super) struct Series {
    pub(super) name: String,
    /// Number of the colour in the style sheet.
    pub(super) colour: usize,
    /// Time in seconds, and value.
    pub(super) points: Vec<(f64, f64)>,
}

/// What a picture's values may not pass.
pub(super) struct Limit {
    pub(super) line: Series,
    /// Said of it where it lies too far above to be drawn.
    pub(super) far_above: &'static str,
}

/// Something that happened at a time. Pictures number them, in their order.
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
    pub(super) shape: Shape,
    pub(super) limit: Option<Limit>,
    pub(super) unit: &'a str,
}

/// How the values of several series stand to one another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Parts of a whole, on one another; each is told with its last value.
    Layers,
    /// Apart from one another; each is told with its highest value, after this word for it.
    Lines { most: &'static str },
}

impl OverTime<'_> {
    /// The figure as HTML.
    pub(super) fn html(&self) -> String {
        let series: Vec<Series> = self.series.iter().map(thinned).collect();
        let end = series.iter().flat_map(|series| &series.points).map(|point| point.0).fold(1.0, f64::max);
        let is_stack = matches!(self.shape, Shape::Layers);
        let layers = if is_stack { stacked(&series) } else { series.iter().map(|s| s.points.clone()).collect() };
        let highest = layers.iter().map(|layer| most_of(layer)).fold(0.0, f64::max);
        // A limit that is far away would flatten everything under it: then it is told, not drawn.
        let limit = self.limit.as_ref().filter(|limit| !limit.line.points.is_empty());
        let drawn = limit.filter(|limit| most_of(&limit.line.points) <= highest * LIMIT_DRAWN_WITHIN);
        let most = nice(drawn.map_or(highest, |limit| most_of(&limit.line.points).max(highest)));
        let place = |(at, value): (f64, f64)| (at / end * UNITS, UNITS - value / most * UNITS);
        let mut shapes = String::new();
        // The highest layer first, so that each lower one lies on top of it.
        for (layer, series) in layers.iter().zip(&series).rev() {
            let points: Vec<(f64, f64)> = layer.iter().copied().map(place).collect();
            let Some((first, last)) = points.first().zip(points.last()) else { continue };
            let path = path_of(&points);
            if is_stack {
                let _ = write!(
                    shapes,
                    "<path class=\"a c{}\" d=\"{path}L{:.1} {UNITS}L{:.1} {UNITS}Z\"/>",
                    series.colour, last.0, first.0
                );
            } else {
                let _ = write!(shapes, "<path class=\"l c{}\" d=\"{path}\"/>", series.colour);
            }
        }
        if let Some(limit) = drawn {
            let points: Vec<(f64, f64)> = thinned(&limit.line).points.into_iter().map(place).collect();
            let _ = write!(shapes, "<path class=\"l limit c{}\" d=\"{}\"/>", limit.line.colour, path_of(&points));
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
        }
        for at in ticks(end) {
            let left = at / end * 100.0;
            let _ = write!(words, "<span class=\"x\" style=\"left:{left:.1}%\">{}</span>", time_of_tick(at, end));
        }
        for (place, mark) in self.marks.iter().enumerate() {
            let left = (mark.at_secs / end * 100.0).min(100.0);
            let _ = write!(words, "<b style=\"left:{left:.1}%\"><em>{}</em></b>", place + 1);
        }
        let mut legend = String::new();
        for series in &series {
            let figure = match self.shape {
                Shape::Layers => short(series.points.last().map_or(0.0, |point| point.1)),
                Shape::Lines { most } => format!("{most} {}", short(most_of(&series.points))),
            };
            let (colour, name) = (series.colour, escaped(&series.name));
            let _ = write!(legend, "<li><s class=\"c{colour}\"></s>{name} <em>{figure}</em></li>");
        }
        if let Some(limit) = limit {
            let place = if drawn.is_some() { "" } else { limit.far_above };
            let (colour, name) = (limit.line.colour, escaped(&limit.line.name));
            let figure = short(most_of(&limit.line.points));
            let _ = write!(legend, "<li><s class=\"limit c{colour}\"></s>{name} <em>{figure}{place}</em></li>");
        }
        for (place, mark) in self.marks.iter().enumerate() {
            let _ = write!(legend, "<li><s class=\"mark\"></s>{} {}</li>", place + 1, escaped(&mark.name));
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

/// The highest value of a line.
fn most_of(points: &[(f64, f64)]) -> f64 {
    points.iter().map(|point| point.1).fold(0.0, f64::max)
}

/// The times that stand under a picture that ends at `end`: round ones, at most seven of them. Unit: seconds.
fn ticks(end: f64) -> impl Iterator<Item = f64> {
    const STEPS: [f64; 16] =
        [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0];
    const LONGEST: f64 = 14_400.0;
    let step = STEPS.into_iter().find(|step| end / step <= 6.0).unwrap_or(LONGEST);
    (0..=6).map(move |place| step * f64::from(place)).take_while(move |at| *at <= end)
}

/// A time under a picture: in seconds where all of it is shorter than two minutes, else as a stop-watch shows it.
fn time_of_tick(at: f64, end: f64) -> String {
    match at {
        0.0 => "0".to_owned(),
        _ if end < 120.0 => format!("{} s", short(at)),
        _ => format!("{}:{:02}", (at / 60.0).floor(), at % 60.0),
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
        1e5.. => return format!("{}k", short(value / 1e3)),
        100.0.. => return count(value.round() as u64),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
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
        assert_eq!([0.25, 12.5, 480.0, 12_000.0, 2_500_000.0].map(short), ["0.25", "12.5", "480", "12,000", "2.5M"]);
    }

    #[test]
    fn times_under_a_picture_are_round_and_few() {
        let check = |end: f64, expect: &[&str]| {
            let told: Vec<String> = ticks(end).map(|at| time_of_tick(at, end)).collect();
            assert_eq!(told, expect, "{end}");
        };
        check(1.0, &["0", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s"]);
        check(34.3, &["0", "10 s", "20 s", "30 s"]);
        check(71.4, &["0", "15 s", "30 s", "45 s", "60 s"]);
        check(180.0, &["0", "0:30", "1:00", "1:30", "2:00", "2:30", "3:00"]);
        check(1_800.0, &["0", "5:00", "10:00", "15:00", "20:00", "25:00", "30:00"]);
        assert!((1..100_000).step_by(997).all(|end| ticks(f64::from(end)).count() <= 7));
    }

    #[test]
    fn a_limit_is_drawn_where_it_is_near_and_always_told() {
        let series =
            |name: &str, value| Series { name: name.to_owned(), colour: 8, points: vec![(0.0, value), (9.0, value)] };
        let html = |cap| {
            let limit = Some(Limit { line: series("cap", cap), far_above: ", far above" });
            let shape = Shape::Lines { most: "most" };
            OverTime { title: "", note: "", series: vec![series("inside", 100.0)], marks: &[], shape, limit, unit: "" }
                .html()
        };
        let (near, far) = (html(300.0), html(20_000.0));
        assert!(near.contains("<path class=\"l limit c8\"") && near.contains("cap <em>300</em>"), "{near}");
        assert!(near.contains(">320</span>"), "the axis reaches the limit: {near}");
        assert!(!far.contains("<path class=\"l limit") && far.contains("cap <em>20,000, far above</em>"), "{far}");
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
            shape: Shape::Lines { most: "most" },
            limit: None,
            unit: "",
        };
        let html = chart.html();
        assert!(!html.contains("<script>") && !html.contains("<kill>"), "{html}");
        assert!(html.contains("M0.0 750.0L1000.0 0.0"), "{html}");
    }
}
