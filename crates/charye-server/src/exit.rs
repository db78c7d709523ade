//! Room: server. How the program ends: exit codes and the last words. Used by every command.
//!
//! Codes follow sysexits.h where it has one: 0 done, 1 findings, 2 usage (clap's own), 65 input that does not read,
//! 69 somebody else has what is needed, 70 a fault of ours.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitCode;

use charye_engine::ports::ReadFailure;
use charye_ledger::data_folder::FolderFailure;

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
    /// A file that somebody named does not read: theirs to mend if it is not there, is a folder or is not ours to read.
    pub(crate) fn of_file(path: &Path, error: io::Error) -> Self {
        let tried = format!("could not read {}", path.display());
        match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::IsADirectory
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidInput => Self::Unreadable { words: format!("charye: {tried}: {error}") },
            _ => Self::Fault(anyhow::Error::new(error).context(tried)),
        }
    }

    /// What was named does not fit; the error says what to do.
    pub(crate) fn unfit(error: &dyn Error) -> Self {
        Self::Unreadable { words: format!("charye: {}", in_one_line(error)) }
    }

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

impl From<FolderFailure> for Ending {
    fn from(failure: FolderFailure) -> Self {
        match failure {
            FolderFailure::InUse { .. } => Self::Unavailable(failure.into()),
            FolderFailure::Missing { .. } | FolderFailure::OpenToOthers { .. } => Self::unfit(&failure),
            FolderFailure::Io { .. } => Self::Fault(failure.into()),
        }
    }
}

impl From<ReadFailure> for Ending {
    fn from(failure: ReadFailure) -> Self {
        Self::Fault(failure.into())
    }
}

impl From<anyhow::Error> for Ending {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

/// An error and its causes, outermost first, in one line.
fn in_one_line(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |error: &&dyn Error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The same with a line for each.
fn chain(error: &anyhow::Error) -> String {
    let mut words = format!("charye: {error}");
    for cause in error.chain().skip(1) {
        words.push_str(&format!("\n  because: {cause}"));
    }
    words
}
