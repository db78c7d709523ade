//! Room: rehearsal/recorder. The target's own figures, read from its `/metrics` in Prometheus' text format. Must never
//! take an absent figure for zero.

/// What a server tells of itself, as of a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ServerFigures {
    /// CPU of the whole process since its start, user and system. Unit: seconds.
    pub cpu_secs: Option<f64>,
    /// Resident memory. Unit: bytes.
    pub resident_bytes: Option<f64>,
    /// Batches made durable since the start, and how long that took in all. Unit: seconds.
    pub commits: Option<f64>,
    pub commit_secs: Option<f64>,
    /// Journal entries since the start.
    pub entries: Option<f64>,
    /// Questions turned away before the queue, look-ups among them.
    pub busy: Option<f64>,
    /// Entries that the SQL tables are behind.
    pub projection_lag: Option<f64>,
}

impl ServerFigures {
    /// Reads what `/metrics` says.
    pub fn read(text: &str) -> Self {
        let of = |name| sum_of(text, name);
        Self {
            cpu_secs: of("process_cpu_seconds_total"),
            resident_bytes: of("process_resident_memory_bytes"),
            commits: of("charye_journal_commit_seconds_count"),
            commit_secs: of("charye_journal_commit_seconds_sum"),
            entries: of("charye_journal_entries_total"),
            busy: ["charye_busy_total", "charye_look_ups_shed_total"].into_iter().filter_map(of).reduce(|a, b| a + b),
            projection_lag: of("charye_projection_lag_entries"),
        }
    }
}

/// The sum over all labels of the metric with this name; `None` if it is not there.
fn sum_of(text: &str, name: &str) -> Option<f64> {
    let value = |line: &str| -> Option<f64> {
        let rest = line.strip_prefix(name)?;
        if !rest.starts_with([' ', '{']) {
            return None;
        }
        rest.rsplit(' ').next()?.parse().ok()
    };
    let mut values = text.lines().filter(|line| !line.starts_with('#')).filter_map(value).peekable();
    values.peek()?;
    Some(values.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_and_labels_summed_and_what_is_absent_stays_so() {
        let text = "# HELP process_cpu_seconds_total x\nprocess_cpu_seconds_total 1.5\n\
                    charye_busy_total{cause=\"full\"} 2\ncharye_busy_total{cause=\"draining\"} 3\ncharye_look_ups_shed_total 4\n\
                    charye_journal_commit_seconds_sum 0.25\ncharye_journal_commit_seconds_bucket{le=\"1\"} 9\n";
        let figures = ServerFigures::read(text);
        assert_eq!(figures.cpu_secs, Some(1.5));
        assert_eq!(figures.busy, Some(9.0));
        assert_eq!(figures.commit_secs, Some(0.25));
        assert_eq!((figures.commits, figures.resident_bytes), (None, None));
    }
}
