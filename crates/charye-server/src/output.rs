//! Room: server. The only place that writes to stdout and stderr. A reader who went away (a closed pipe) is no error.

use std::io::Write as _;

/// Prints a line, or several, on stdout, at once.
pub(crate) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    // Nobody reads any more: there is nothing better to do than to go on.
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Prints a line, or several, on stderr.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
