//! Room: server. How the program ends: exit codes and the last words. Used by every command.
//!
//! Codes follow sysexits.h where it has one: 0 done, 1 findings, 2 usage (clap's own), 65 input that does not read,
//! 69 somebody else has what is needed, 70 a fault of ours.

use std::process::ExitCode;

use crate::output;

/// Why a command did not end with 0.
#[derive(Debug)]
pub(crate) enum Ending {
    /// It worked, and found what it looks for: differences, violations. Everything is printed already.
    Findings,
    /// The input does not read; `words` say where and what to do.
    Unreadable { words: String },
    /// Another process has the data folder or the address.
    Unavailable(anyhow::Error),
    /// We failed.
    Fault(anyhow::Error),
}

impl Ending {
    /// Says the last words on stderr and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Findings => ExitCode::from(1),
            Self::Unreadable { words } => {
                output::complain(&words);
                ExitCode::from(65)
            }
            Self::Unavailable(error) => {
                output::complain(&chain(&error));
                ExitCode::from(69)
            }
            Self::Fault(error) => {
                output::complain(&chain(&error));
                ExitCode::from(70)
            }
        }
    }
}

impl From<anyhow::Error> for Ending {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

/// An error and its causes, outermost first.
fn chain(error: &anyhow::Error) -> String {
    let mut words = format!("charye: {error}");
    for cause in error.chain().skip(1) {
        words.push_str(&format!("\n  because: {cause}"));
    }
    words
}
