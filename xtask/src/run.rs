//! Room: xtask. Runs another program in sight of whoever watches, within a limit of time, and keeps what it said.
//!
//! Called by `ci`, `bench`, `setup`, `docs` and `pages`. Never judges the output.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::screen::{Stopwatch, say};

/// How often a silent program is looked at.
const PAUSE: Duration = Duration::from_millis(500);

/// A program with its arguments, such as `["cargo", "fmt"]`.
pub(crate) type Argv<'a> = [&'a str];

/// How a program ended, and what it said on both of its outputs.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Standard output and standard error, line by line as they came.
    pub(crate) said: String,
    /// Standard output alone.
    pub(crate) answered: String,
}

/// Runs `argv` in `folder` with more environment, showing every line as it comes.
///
/// # Errors
/// When the program cannot be started, or is not done within `limit`; it is stopped then.
pub(crate) fn watched(folder: &Path, argv: &Argv<'_>, environment: &[(&str, &str)], limit: Duration) -> Result<Ended> {
    let (program, arguments) = argv.split_first().context("no program to run")?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {program}"))?;
    let (sender, lines) = mpsc::channel();
    let stdout = child.stdout.take().context("no standard output")?;
    let stderr = child.stderr.take().context("no standard error")?;
    forward(stdout, Source::Output, sender.clone());
    forward(stderr, Source::Error, sender);
    let watch = Stopwatch::start();
    let (mut said, mut answered) = (String::new(), String::new());
    loop {
        if watch.elapsed() >= limit {
            child.kill().with_context(|| format!("could not stop {program}"))?;
            child.wait()?;
            bail!("{program} was not done within {} s and was stopped", limit.as_secs());
        }
        match lines.recv_timeout(PAUSE) {
            Ok((source, line)) => {
                say(&line);
                said.push_str(&line);
                said.push('\n');
                if source == Source::Output {
                    answered.push_str(&line);
                    answered.push('\n');
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
            // Silent and gone: a process that it left behind holds its outputs open.
            Err(RecvTimeoutError::Timeout) if child.try_wait()?.is_some() => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    Ok(Ended { status: child.wait()?, said, answered })
}

/// As [`watched`], and an end other than success is an error too.
///
/// # Errors
/// As [`watched`]; and when the program says that it failed.
pub(crate) fn must(folder: &Path, argv: &Argv<'_>, environment: &[(&str, &str)], limit: Duration) -> Result<Ended> {
    let ended = watched(folder, argv, environment, limit)?;
    if !ended.status.success() {
        bail!("`{}` failed ({})", argv.join(" "), ended.status);
    }
    Ok(ended)
}

/// What a program answers, unseen; `None` if it is not there or fails.
pub(crate) fn asked(argv: &Argv<'_>) -> Option<String> {
    let (program, arguments) = argv.split_first()?;
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Output,
    Error,
}

/// Sends every line of one output until it closes or nobody listens any more.
fn forward(output: impl Read + Send + 'static, source: Source, lines: Sender<(Source, String)>) {
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            if lines.send((source, text)).is_err() {
                return;
            }
            line.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    #[test]
    fn both_outputs_are_kept_and_told_apart() {
        let ended = watched(
            Path::new("."),
            &["sh", "-c", "echo out; echo err >&2; echo $WORD; exit 3"],
            &[("WORD", "w")],
            SOON,
        )
        .unwrap();
        assert_eq!(ended.status.code(), Some(3));
        assert_eq!(ended.answered, "out\nw\n");
        assert!(ended.said.contains("err"));
    }

    #[test]
    fn what_does_not_end_is_stopped() {
        for script in ["sleep 600", "while :; do echo x; sleep 0.01; done"] {
            let refused = watched(Path::new("."), &["sh", "-c", script], &[], Duration::from_millis(50)).err().unwrap();
            assert!(refused.to_string().contains("was not done within"), "{refused}");
        }
    }

    #[test]
    fn what_a_program_leaves_behind_is_not_waited_for() {
        let ended = watched(Path::new("."), &["sh", "-c", "sleep 120 & echo $!"], &[], SOON).unwrap();
        // Stopped, as it is still there: nobody waited for its end.
        let stop = format!("kill {}", ended.answered.trim());
        assert!(asked(&["sh", "-c", &stop]).is_some(), "{} had ended", ended.answered);
    }

    #[test]
    fn what_is_not_there_is_said() {
        assert!(watched(Path::new("."), &["charye-no-such-program"], &[], SOON).is_err());
        assert_eq!(asked(&["charye-no-such-program"]), None);
        assert_eq!(asked(&["false"]), None);
        assert_eq!(asked(&["echo", "x"]).as_deref(), Some("x"));
    }
}
