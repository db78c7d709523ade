//! Room: server/commands. `charye keys init|rotate|retire|status`. Prints ids, states and fingerprints, never a secret.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
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
        Command::Init(file) => {
            make_folder_of(&file.key_file)?;
            (&file.key_file, init(&file.key_file, now))
        }
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

/// The key file's folder, which nobody else may enter: often the data folder, of which it is the first file.
fn make_folder_of(key_file: &Path) -> Result<(), Ending> {
    let Some(folder) = key_file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) else {
        return Ok(());
    };
    DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .map_err(|error| Ending::Unreadable { words: format!("charye: could not make {}: {error}", folder.display()) })
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
    let listed = listed.map_err(|error| Ending::unfit(&error))?;
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
