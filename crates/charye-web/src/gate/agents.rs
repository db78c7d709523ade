//! Room: web/gate. The call centre's agents: their tokens, each with a number, a name and a budget. Read once from a file by
//! `server/wiring`; asked by the gate of the agents' listener for every request.
//!
//! Keeps hashes only, and compares all of them in constant time. Must never log or show a token.

use charye_domain::book::StaffNumber;
use charye_domain::weakness::Defence;
use charye_engine::helping::HelpDesk;

use super::operators::is_well_formed;

/// Agents in one file.
const AGENTS_MAX: usize = 1_000;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 40;

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    pub number: StaffNumber,
    /// For people who read the file, and for the agent to see that the token is theirs.
    pub name: String,
    /// People they may look up within an hour.
    pub budget_per_hour: u32,
}

/// The tokens of all agents, hashed.
#[derive(Clone, Default)]
pub struct AgentKeys(Vec<(Agent, blake3::Hash)>);

/// Why a file of tokens does not read. Names lines, never what stands in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentKeysError {
    #[error(
        "line {0}: must be a staff number, a name without spaces, people an hour, and a token, such as `7 kim 60 q2w..`"
    )]
    Form(usize),
    #[error("line {0}: the budget is 1 to {max} people an hour", max = HelpDesk::BUDGET_MAX)]
    Budget(usize),
    #[error("line {0}: a token has 32 to 256 letters, digits or signs of base64")]
    Token(usize),
    #[error("line {0}: the number or the token stands there twice")]
    Twice(usize),
    #[error("there are more than {AGENTS_MAX} agents")]
    TooMany,
}

impl AgentKeys {
    /// Reads lines of a staff number, a name, a budget and a token; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// The first line that does not fit.
    pub fn read(text: &str) -> Result<Self, AgentKeysError> {
        let mut keys: Vec<(Agent, blake3::Hash)> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let words: Vec<&str> = text.split_whitespace().collect();
            let [number, name, budget, token] = words[..] else { return Err(AgentKeysError::Form(line)) };
            let number = StaffNumber(number.parse().map_err(|_| AgentKeysError::Form(line))?);
            if name.chars().count() > NAME_CHARS_MAX {
                return Err(AgentKeysError::Form(line));
            }
            let budget_per_hour = budget.parse().map_err(|_| AgentKeysError::Form(line))?;
            if !(1..=HelpDesk::BUDGET_MAX).contains(&budget_per_hour) {
                return Err(AgentKeysError::Budget(line));
            }
            if !is_well_formed(token) {
                return Err(AgentKeysError::Token(line));
            }
            let hash = blake3::hash(token.as_bytes());
            if keys.iter().any(|(known, known_hash)| known.number == number || *known_hash == hash) {
                return Err(AgentKeysError::Twice(line));
            }
            if keys.len() == AGENTS_MAX {
                return Err(AgentKeysError::TooMany);
            }
            keys.push((Agent { number, name: name.to_owned(), budget_per_hour }, hash));
        }
        Ok(Self(keys))
    }

    /// Whose token it is.
    pub(super) fn recognise(&self, token: &str) -> Option<&Agent> {
        if !is_well_formed(token) {
            return None;
        }
        let hash = blake3::hash(token.as_bytes());
        // No early end: how long it takes says nothing about which token came close.
        // `weak-agents` stands here.
        let is_theirs = |known: &blake3::Hash| *known == hash || Defence::Agents.is_off();
        self.0.iter().fold(None, |found, (agent, known)| if is_theirs(known) { Some(agent) } else { found })
    }

    /// The hash of a token, to be compared by [`Self::still_named`].
    pub(super) fn hash_of(token: &str) -> blake3::Hash {
        blake3::hash(token.as_bytes())
    }

    /// The agent of this number, if their token still has this hash.
    pub(super) fn still_named(&self, number: StaffNumber, token_hash: blake3::Hash) -> Option<&Agent> {
        self.0.iter().find(|(agent, known)| agent.number == number && *known == token_hash).map(|(agent, _)| agent)
    }

    /// Whether there is no agent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for AgentKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AgentKeys({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const OTHER: &str = "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn each_token_is_one_agent_with_a_budget() {
        let keys = AgentKeys::read(&format!("# day shift\n7 kim 60 {ONE}\n\n8 lee 1 {OTHER}")).unwrap();
        let known = |token| keys.recognise(token).map(|agent| (agent.number.0, agent.budget_per_hour));
        assert_eq!([known(ONE), known(OTHER), known(&ONE[1..])], [Some((7, 60)), Some((8, 1)), None]);
        assert_eq!(format!("{keys:?}"), "AgentKeys(2)");
    }

    #[test]
    fn what_does_not_read_names_the_line_and_nothing_else() {
        let check = |text: &str, expected: AgentKeysError| {
            let told = AgentKeys::read(text).map(|keys| keys.is_empty());
            assert_eq!(told, Err(expected), "{text}");
            assert!(!expected.to_string().contains(ONE));
        };
        check(&format!("7 60 {ONE}"), AgentKeysError::Form(1));
        check(&format!("7 kim many {ONE}"), AgentKeysError::Form(1));
        check(&format!("\n7 kim 0 {ONE}"), AgentKeysError::Budget(2));
        check(&format!("7 kim 1001 {ONE}"), AgentKeysError::Budget(1));
        check("7 kim 60 short", AgentKeysError::Token(1));
        check(&format!("7 kim 60 {ONE}\n8 lee 60 {ONE}"), AgentKeysError::Twice(2));
    }
}
