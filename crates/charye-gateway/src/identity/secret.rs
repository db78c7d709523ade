//! Room: gateway/identity. Secrets of providers: from a file or an environment variable named in the configuration, never
//! from the configuration itself, never printed.
//!
//! Read once at the start by `config`. The environment is read by server, which passes a look-up in.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use zeroize::Zeroizing;

/// Bytes of a secret's file.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// Where a secret is.
///
/// Read by a hand of its own: who writes the secret itself here must not find it in our complaint, and then in a log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum SecretFrom {
    /// `{ file = "/run/secrets/kakao" }`
    File(PathBuf),
    /// `{ environment = "KAKAO_SECRET" }`
    Environment(String),
}

impl TryFrom<toml::Value> for SecretFrom {
    type Error = &'static str;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        let only = match &value {
            toml::Value::Table(table) if table.len() == 1 => table.iter().next(),
            _ => None,
        };
        match only {
            Some((key, toml::Value::String(path))) if key == "file" => Ok(Self::File(path.into())),
            Some((key, toml::Value::String(name))) if key == "environment" => Ok(Self::Environment(name.clone())),
            _ => Err("a secret is not written here but named: { file = \"/run/..\" } or { environment = \"NAME\" }"),
        }
    }
}

/// How the environment is looked into.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A secret. Its memory is cleared when it goes.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret as it is.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Fetches a secret; white space around it is not part of it.
    ///
    /// # Errors
    /// What is missing, without a word of what is there.
    pub fn fetch(from: &SecretFrom, environment: Environment<'_>) -> Result<Self, String> {
        let text = match from {
            SecretFrom::File(path) => {
                let failed = |why: String| format!("could not read secret {}: {why}", path.display());
                let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
                if size > SECRET_BYTES_MAX {
                    return Err(failed(format!("it has more than {SECRET_BYTES_MAX} bytes")));
                }
                Zeroizing::new(std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?)
            }
            SecretFrom::Environment(name) => {
                Zeroizing::new(environment(name).ok_or_else(|| format!("environment variable {name} is not set"))?)
            }
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err("a secret is empty".to_owned());
        }
        Ok(Self(Zeroizing::new(trimmed.to_owned())))
    }

    /// The secret itself. For what goes out to its provider only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_from_a_file_or_the_environment_and_is_not_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "hush-file\n").unwrap();
        let environment = |name: &str| (name == "KAKAO").then(|| " hush-variable ".to_owned());
        let fetch = |from| Secret::fetch(&from, &environment);
        let secret = fetch(SecretFrom::File(file.clone())).unwrap();
        assert_eq!((secret.expose(), format!("{secret:?}").as_str()), ("hush-file", "Secret(..)"));
        assert_eq!(fetch(SecretFrom::Environment("KAKAO".to_owned())).unwrap().expose(), "hush-variable");
        assert!(fetch(SecretFrom::Environment("NAVER".to_owned())).unwrap_err().contains("NAVER"));
        std::fs::write(&file, " \n").unwrap();
        assert!(fetch(SecretFrom::File(file.clone())).unwrap_err().contains("empty"));
        std::fs::write(&file, "x".repeat(20_000)).unwrap();
        assert!(fetch(SecretFrom::File(file)).unwrap_err().contains("more than"));
        assert!(fetch(SecretFrom::File(folder.path().join("none"))).is_err());
    }
}
