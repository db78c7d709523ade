//! Room: server/config. `[agents]`: the call centre's own listener, who may use it, and the registry that knows callers.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use charye_web::gate::AgentKeys;
use serde::Deserialize;

use super::read_tokens;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AgentsSection {
    /// Where agents are answered; nowhere if left out. Never the citizens' address: a surge there cannot starve it, nor reach it.
    pub(crate) address: Option<SocketAddr>,
    /// Lines of a staff number, a name, people an hour and a token, readable by us alone.
    pub(crate) token_file: Option<PathBuf>,
    /// The name of the identity provider with flow `registry` that callers are looked up in.
    pub(crate) registry: Option<String>,
}

impl AgentsSection {
    /// The tokens, if there is a file of them.
    ///
    /// # Errors
    /// The file does not read, is open to others, or a line does not fit.
    pub(crate) fn keys(&self) -> Result<AgentKeys, anyhow::Error> {
        let Some(path) = &self.token_file else { return Ok(AgentKeys::default()) };
        let text = read_tokens(path)?;
        AgentKeys::read(&text).with_context(|| format!("could not use {}", path.display()))
    }

    /// What does not go together, in words.
    pub(crate) fn unfit(&self) -> Option<&'static str> {
        let given = [self.address.is_some(), self.token_file.is_some(), self.registry.is_some()];
        let all_or_none = given == [true; 3] || given == [false; 3];
        (!all_or_none).then_some("[agents] address, token_file and registry go together")
    }
}
