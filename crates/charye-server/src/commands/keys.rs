//! Room: server/commands. `charye keys init|rotate|retire|status`. Prints ids, states and fingerprints, never a secret.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use charye_domain::ids::KeyId;
use charye_engine::ports::Clock as _;
use charye_gateway::keys::{KeyFileError, KeyStatus, init, retire, rotate, status};
use charye_ledger::people::rows_sealed_with;
use clap::{Args, Subcommand};

use crate::clock::SystemClock;
use crate::exit::Ending;
use crate::output::say;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key file with one fresh key; never overwrites
    Init(KeyFile),
    /// Add a fresh current key; the present one becomes former (in force at the next start)
    Rotate(KeyFile),
    /// Destroy the secret of a former key: what it sealed never opens again
    Retire {
        #[command(flatten)]
        file: KeyFile,
        /// Which key, by its id
        id: u16,
        /// Retire it even if people's details are sealed with it and are lost
        #[arg(long)]
        even_so: bool,
    },
    /// List ids, states and fingerprints
    Status(KeyFile),
}

#[derive(Args, Debug)]
pub(crate) struct KeyFile {
    /// The key file; mode 0600, owned by whoever runs charye
    #[arg(long, default_value = "data/keys.toml")]
    key_file: PathBuf,
}

pub(crate) fn run(command: &Command) -> Result<(), Ending> {
    let now = SystemClock::new().wall();
    let (path, listed) = match command {
        Command::Init(file) => (&file.key_file, init(&file.key_file, now)),
        Command::Rotate(file) => (&file.key_file, rotate(&file.key_file, now)),
        Command::Retire { file, id, even_so } => {
            if !even_so {
                refuse_to_lose_people(&file.key_file, KeyId(*id))?;
            }
            (&file.key_file, retire(&file.key_file, KeyId(*id)))
        }
        Command::Status(file) => (&file.key_file, status(&file.key_file)),
    };
    tell(path, listed)?;
    match command {
        Command::Init(_) => say("keep a copy where the data is not: without it nobody in the data can be recognised"),
        Command::Rotate(_) => say("restart charye to sign with the new key; keep a copy of the file"),
        Command::Retire { .. } | Command::Status(_) => {}
    }
    Ok(())
}

/// Looks into the people store beside the key file, if there is one.
fn refuse_to_lose_people(key_file: &Path, id: KeyId) -> Result<(), Ending> {
    let people = key_file.with_file_name("people.db");
    if !people.exists() {
        return Ok(());
    }
    let rows = rows_sealed_with(&people, id).context("could not look into the people store")?;
    if rows == 0 {
        return Ok(());
    }
    Err(Ending::Unreadable {
        words: format!(
            "charye: details of {rows} people are sealed with key {id} and would never open again: they move to the \
             current key when they sign in next; nothing was changed; --even-so retires it all the same"
        ),
    })
}

fn tell(path: &Path, listed: Result<Vec<KeyStatus>, KeyFileError>) -> Result<(), Ending> {
    let listed = listed.map_err(|error| Ending::Unreadable { words: format!("charye: {}", told(&error)) })?;
    say(&path.display().to_string());
    for key in listed {
        say(&format!(
            "  key {}  {:8}  made {}  fingerprint {}",
            key.id,
            format!("{:?}", key.state).to_lowercase(),
            key.created_at,
            key.fingerprint
        ));
    }
    Ok(())
}

/// An error of the key file with its cause.
fn told(error: &KeyFileError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
