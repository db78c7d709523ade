//! Room: server/commands/rehearse. How far an evening is: a bar on a terminal, a plain line now and then in a log.

use std::io::IsTerminal as _;
use std::time::Duration;

use charye_rehearsal::citizen::Whereabouts;
use charye_rehearsal::evening::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::complain;

/// Between plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Who watches.
pub(super) struct Watching {
    /// On a terminal.
    bar: Option<ProgressBar>,
    told_at: Option<Duration>,
}

impl Watching {
    pub(super) fn begin() -> Self {
        let style = ProgressStyle::with_template("{elapsed:>4} [{bar:30}] {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = std::io::stderr().is_terminal().then(|| ProgressBar::new(0).with_style(style));
        Self { bar, told_at: None }
    }

    pub(super) fn tell(&mut self, progress: &Progress) {
        let line = line_of(progress);
        if let Some(bar) = &self.bar {
            bar.set_length(progress.at_door);
            bar.set_position(progress.came);
            bar.set_message(line);
        } else if self.told_at.is_none_or(|at| progress.elapsed >= at + LINE_EVERY) {
            self.told_at = Some(progress.elapsed);
            complain(&format!("{:>5} s  {line}", progress.elapsed.as_secs()));
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line_of(progress: &Progress) -> String {
    let at = |place: Whereabouts| progress.whereabouts[place as usize];
    format!(
        "came {}, waiting {}, inside {}, reserved {}, turned away {}, requests {}",
        progress.came,
        at(Whereabouts::Waiting),
        at(Whereabouts::Inside) + at(Whereabouts::Holding),
        progress.confirmed,
        at(Whereabouts::TurnedAway),
        progress.requests
    )
}
