//! Room: server/config. What an installation is told: one TOML file, overlaid by `CHARYE_SECTION__KEY` variables. A file a
//! section. Unknown keys are refused with their place. The environment is read here and nowhere else.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use charye_gateway::identity::IdentitySection;
use charye_gateway::identity::rehearsal_provider::RehearsalSection;
use serde::Deserialize;
use toml::{Table, Value};

mod agents;
mod data_folder;
mod engine;
mod identity;
mod listen;
mod log;
mod operators;
mod rehearse;

pub(crate) use agents::AgentsSection;
pub(crate) use data_folder::DataSection;
pub(crate) use engine::EngineSection;
pub(crate) use identity::{secret_of_environment, weakness_of_environment};
pub(crate) use listen::ListenSection;
pub(crate) use log::LogSection;
pub(crate) use operators::{OperatorsSection, read_tokens};
pub(crate) use rehearse::RehearseSection;

/// Bytes a configuration may have.
const BYTES_MAX: u64 = 256 * 1024;
const PREFIX: &str = "CHARYE_";

/// The whole configuration. Every section may be left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) data: DataSection,
    pub(crate) listen: ListenSection,
    pub(crate) engine: EngineSection,
    pub(crate) operators: OperatorsSection,
    pub(crate) agents: AgentsSection,
    pub(crate) identity: IdentitySection,
    pub(crate) rehearsal: RehearsalSection,
    pub(crate) rehearse: RehearseSection,
    pub(crate) log: LogSection,
}

/// Why a configuration does not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("could not read {}", path.display())]
    Storage { path: PathBuf, source: std::io::Error },
    /// The text names line and column and shows the line.
    #[error("{}: {reason}", path.display())]
    Text { path: PathBuf, reason: String },
    #[error("environment variable {name}: {reason}")]
    Variable { name: String, reason: String },
    #[error("{reason}")]
    Unfit { reason: String },
}

impl Config {
    /// Reads a file, if one is given, and overlays the environment.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "configuration enters here")]
        let environment = std::env::vars().filter(|(name, _)| name.starts_with(PREFIX));
        let text = path.map(read_text).transpose()?.unwrap_or_default();
        let path = path.unwrap_or(Path::new("(no file)"));
        Self::parse(path, &text, environment)
    }

    fn parse(
        path: &Path,
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        // Read by itself first: only so do errors name the line.
        toml::from_str::<Self>(text)
            .map_err(|error| ConfigError::Text { path: path.to_owned(), reason: error.to_string() })?;
        let mut table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| ConfigError::Text { path: path.to_owned(), reason: error.to_string() })?;
        let mut misread = None;
        for (name, value) in environment {
            overlay(&mut table, &name, &value)?;
            // The first variable after which it does not read is the one to name, unless a later one completes it.
            let read = table.clone().try_into::<Self>();
            misread = read.err().map(|error| misread.unwrap_or((name, error.message().to_owned())));
        }
        if let Some((name, reason)) = misread {
            return Err(ConfigError::Variable { name, reason });
        }
        let config: Self = table
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Text { path: path.to_owned(), reason: error.to_string() })?;
        config.check()?;
        Ok(config)
    }

    /// What no single value can say.
    fn check(&self) -> Result<(), ConfigError> {
        if self.listen.tls_certificate.is_some() != self.listen.tls_key.is_some() {
            return Err(ConfigError::Unfit { reason: "[listen] tls_certificate and tls_key go together".to_owned() });
        }
        let strangers = [("[listen] address", Some(self.listen.address)), ("[agents] address", self.agents.address)];
        for (key, address) in strangers {
            if let Some(address) = address.filter(|address| self.listen.is_open_without_tls(*address)) {
                return Err(ConfigError::Unfit {
                    reason: format!(
                        "{key} {address} is open to the network without TLS: give [listen] tls_certificate and tls_key, \
                         listen on loopback, or put a proxy that speaks TLS in front and say without_tls = \"behind-proxy\""
                    ),
                });
            }
        }
        if self.operators.token_file.is_some() && self.listen.operations_address.is_none() {
            return Err(ConfigError::Unfit {
                reason:
                    "[operators] token_file without [listen] operations_address: operators have a listener of their own"
                        .to_owned(),
            });
        }
        if let Some(reason) = self.agents.unfit() {
            return Err(ConfigError::Unfit { reason: reason.to_owned() });
        }
        let burn_us = self.rehearsal.burn_us.max(self.rehearsal.burn_command_us);
        if burn_us > 0 && !self.rehearsal.enabled {
            return Err(ConfigError::Unfit { reason: "[rehearsal] burn_us is for rehearsals only".to_owned() });
        }
        if burn_us > RehearsalSection::BURN_MAX_US {
            let most = RehearsalSection::BURN_MAX_US;
            return Err(ConfigError::Unfit { reason: format!("[rehearsal] burn_us: at most {most}") });
        }
        if self.engine.snapshot_every_entries == 0 {
            return Err(ConfigError::Unfit { reason: "[engine] snapshot_every_entries: at least 1".to_owned() });
        }
        if self.engine.accept_clock && !self.rehearsal.enabled {
            let reason = "[engine] accept_clock takes any clock as right: it is for rehearsals only, \
                          and `charye clock accept` for everything else";
            return Err(ConfigError::Unfit { reason: reason.to_owned() });
        }
        if let Some(reason) = self.listen.unfit().or(self.log.unfit()) {
            return Err(ConfigError::Unfit { reason });
        }
        let movers =
            [(&self.engine.clock_ahead_file, "clock_ahead_file"), (&self.engine.time_passed_file, "time_passed_file")];
        for (file, key) in movers {
            if file.is_some() && !self.rehearsal.enabled {
                let reason = format!("[engine] {key} moves the clock: it is for rehearsals only");
                return Err(ConfigError::Unfit { reason });
            }
        }
        if self.rehearse.own_hosts.len() > rehearse::OWN_HOSTS_MAX {
            return Err(ConfigError::Unfit {
                reason: format!("[rehearse] own_hosts lists more than {}", rehearse::OWN_HOSTS_MAX),
            });
        }
        identity::check(&self.identity, self.rehearsal.enabled)?;
        if self.rehearsal.enabled && self.rehearsal.citizens.is_none() {
            return Err(ConfigError::Unfit { reason: "[rehearsal] enabled without citizens = \"FILE\"".to_owned() });
        }
        Ok(())
    }
}

impl std::fmt::Display for Config {
    /// The settings in force, as a report shows them. There are no secrets in it: keys have a file of their own.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        writeln!(text, "data folder      {}", self.data.folder.display())?;
        writeln!(text, "key file         {}", self.data.key_file().display())?;
        writeln!(text, "listen           {} with {} threads", self.listen.address, self.listen.threads())?;
        if let Some(address) = self.listen.operations_address {
            let operators = if self.operators.token_file.is_some() { "operators may steer" } else { "figures alone" };
            writeln!(text, "operators        {address}, {operators}")?;
        }
        if let Some(address) = self.agents.address {
            writeln!(text, "agents           {address}")?;
        }
        writeln!(
            text,
            "connections      {} in all, {} an address",
            self.listen.connections_max, self.listen.connections_per_address_max
        )?;
        writeln!(text, "snapshot every   {} entries", self.engine.snapshot_every_entries)?;
        write!(text, "rehearsal        {}", if self.rehearsal.enabled { "yes: every page says so" } else { "no" })?;
        f.write_str(&text)
    }
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let storage = |source| ConfigError::Storage { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(storage)?.len();
    if bytes > BYTES_MAX {
        return Err(ConfigError::Text {
            path: path.to_owned(),
            reason: format!("it has {bytes} bytes; keep it within {BYTES_MAX}"),
        });
    }
    std::fs::read_to_string(path).map_err(storage)
}

/// `CHARYE_LISTEN__ADDRESS=127.0.0.1:80` sets `address` of `[listen]`. A value that reads as TOML is taken as such,
/// anything else as text.
fn overlay(table: &mut Table, name: &str, value: &str) -> Result<(), ConfigError> {
    let unfit = |reason: &str| ConfigError::Variable { name: name.to_owned(), reason: reason.to_owned() };
    let path = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
    // Variables with one underscore are not ours to judge: CHARYE_HOME may belong to somebody's shell.
    let Some((section, key)) = path.split_once("__") else { return Ok(()) };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    let section = section.as_table_mut().ok_or_else(|| unfit("names a value as if it were a section"))?;
    let parsed = format!("value = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    section.insert(key.to_owned(), parsed.unwrap_or_else(|| Value::String(value.to_owned())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::parse(Path::new("charye.toml"), text, environment).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_configuration_is_a_sound_one() {
        let config = parse("", &[]).unwrap();
        assert!(config.listen.address.ip().is_loopback());
        assert!(!config.rehearsal.enabled);
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let config = parse(
            "[listen]\naddress = \"127.0.0.1:1\"\nconnections_max = 5",
            &[
                ("CHARYE_LISTEN__ADDRESS", "127.0.0.1:2"),
                ("CHARYE_ENGINE__SNAPSHOT_EVERY_ENTRIES", "7"),
                ("CHARYE_HOME", "x"),
            ],
        )
        .unwrap();
        assert_eq!(config.listen.address.port(), 2);
        assert_eq!(config.listen.connections_max, 5);
        assert_eq!(config.engine.snapshot_every_entries, 7);
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        let error = parse("[listen]\n\nadress = \"127.0.0.1:1\"", &[]).unwrap_err();
        assert!(error.contains("line 3") && error.contains("adress"), "{error}");
        let error = parse("[listen", &[]).unwrap_err();
        assert!(error.contains("line 1"), "{error}");
        let error = parse("", &[("CHARYE_LISTEN__ADRESS", "x")]).unwrap_err();
        assert!(error.contains("adress"), "{error}");
    }

    #[test]
    fn an_address_open_to_the_network_needs_tls_in_front() {
        let error = parse("[listen]\naddress = \"0.0.0.0:80\"", &[]).unwrap_err();
        assert!(error.contains("TLS"), "{error}");
        assert!(parse("[listen]\naddress = \"0.0.0.0:80\"\nwithout_tls = \"behind-proxy\"", &[]).is_ok());
        let agents = "[agents]\naddress = \"10.0.0.1:82\"\ntoken_file = \"agents\"\nregistry = \"registry\"\n";
        let error = parse(agents, &[]).unwrap_err();
        assert!(error.contains("[agents] address 10.0.0.1:82") && error.contains("TLS"), "{error}");
        for speaks in ["without_tls = \"behind-proxy\"", "tls_certificate = \"c.pem\"\ntls_key = \"k.pem\""] {
            assert!(parse(&format!("{agents}[listen]\n{speaks}"), &[]).is_ok(), "{speaks}");
        }
    }

    #[test]
    fn operators_have_a_listener_of_their_own() {
        let error = parse("[operators]\ntoken_file = \"operators\"", &[]).unwrap_err();
        assert!(error.contains("operations_address"), "{error}");
        let text = "[operators]\ntoken_file = \"operators\"\n[listen]\noperations_address = \"127.0.0.1:9\"";
        assert!(parse(text, &[]).is_ok());
    }

    #[test]
    fn only_a_rehearsal_burns_time_and_within_bounds() {
        let of_rehearsal = "[rehearsal]\nenabled = true\ncitizens = \"c.csv\"\n";
        assert!(parse("[rehearsal]\nburn_us = 5", &[]).unwrap_err().contains("rehearsals only"));
        assert!(parse(&format!("{of_rehearsal}burn_us = 100001"), &[]).unwrap_err().contains("at most"));
        assert!(parse(&format!("{of_rehearsal}burn_us = 500\nburn_command_us = 100000"), &[]).is_ok());
    }

    #[test]
    fn a_setting_that_would_let_nobody_in_or_say_nothing_is_refused() {
        for (text, key) in [
            ("[listen]\nconnections_max = 0", "connections_max"),
            ("[listen]\nhead_secs = 0", "head_secs"),
            ("[listen]\nrequest_secs = 0", "request_secs"),
            ("[engine]\nsnapshot_every_entries = 0", "snapshot_every_entries"),
            ("[engine]\naccept_clock = true", "accept_clock"),
            ("[log]\nlevel = \"loud\"", "loud"),
            ("[log]\nlevel = \"info,charye_web=loud\"", "loud"),
        ] {
            assert!(parse(text, &[]).unwrap_err().contains(key), "{text}");
        }
        for level in ["info", "warn,charye_web=debug", "off"] {
            assert!(parse(&format!("[log]\nlevel = \"{level}\""), &[]).is_ok(), "{level}");
        }
    }

    #[test]
    fn the_variable_that_does_not_read_is_named() {
        let sound = ("CHARYE_LISTEN__CONNECTIONS_MAX", "5");
        let error = parse("", &[sound, ("CHARYE_LISTEN__ADDRESS", "zz"), sound]).unwrap_err();
        assert!(error.contains("CHARYE_LISTEN__ADDRESS"), "{error}");
    }

    #[test]
    fn only_a_rehearsals_clock_can_be_moved() {
        for key in ["clock_ahead_file", "time_passed_file"] {
            let section = format!("[engine]\n{key} = \"f\"\n");
            assert!(parse(&section, &[]).unwrap_err().contains("rehearsals only"), "{key}");
            assert!(parse(&format!("{section}[rehearsal]\nenabled = true\ncitizens = \"c\""), &[]).is_ok(), "{key}");
        }
    }

    #[test]
    fn an_identity_provider_is_read_and_kept_to_where_it_may_be() {
        let provider = "[identity]\npublic_url = \"https://vaccine.example\"\nprivate_hosts = []\n\
                        [[identity.provider]]\nid = \"naver\"\npreset = \"naver\"\n[identity.provider.oidc]\n\
                        client_id = \"c\"\nclient_secret = { environment = \"NAVER_SECRET\" }\n";
        assert!(parse(provider, &[]).is_ok());
        let private = provider.replace("[]", "[\"127.0.0.1:4001\"]");
        assert!(parse(&private, &[]).unwrap_err().contains("rehearsals"));
        let misspelt = provider.replace("client_id", "client");
        assert!(parse(&misspelt, &[]).unwrap_err().contains("provider naver"));
    }

    #[test]
    fn a_rehearsal_needs_its_people() {
        assert!(parse("[rehearsal]\nenabled = true", &[]).unwrap_err().contains("citizens"));
    }
}
