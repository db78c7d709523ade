//! Room: ledger/audit. What an outsider keeps so that no later edit of the journal goes unseen (law I13): five lines of
//! text. Written by `charye audit checkpoint`, read by `charye audit verify`. Must never be kept on the audited machine only.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use charye_domain::time::UnixMillis;
use charye_engine::ports::RowHash;

const TITLE: &str = "charye checkpoint 1";

/// Where a journal stood, and what it hashed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Last sequence number of the row with `hash`.
    pub seq: u64,
    pub hash: RowHash,
    /// The row's time.
    pub at: UnixMillis,
    /// The book's fingerprint after it.
    pub fingerprint: u64,
}

/// Why a text is not a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint: {0}")]
pub struct CheckpointUnreadable(String);

impl Display for Checkpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}\nseq {}\nat_ms {}\nbook {:016x}", self.seq, self.at.0, self.fingerprint)?;
        writeln!(f, "hash {}", Hex(&self.hash))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointUnreadable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err(CheckpointUnreadable(format!("first line is not \"{TITLE}\"")));
        }
        let mut field = |name: &str| {
            let value = lines.next().and_then(|line| line.strip_prefix(name)?.strip_prefix(' '));
            value.ok_or_else(|| CheckpointUnreadable(format!("line \"{name}\" is missing")))
        };
        let wrong = |name: &str| CheckpointUnreadable(format!("value of \"{name}\" does not read"));
        let seq = field("seq")?.parse().map_err(|_| wrong("seq"))?;
        let at = UnixMillis(field("at_ms")?.parse().map_err(|_| wrong("at_ms"))?);
        let fingerprint = u64::from_str_radix(field("book")?, 16).map_err(|_| wrong("book"))?;
        let hash = read_hex(field("hash")?).ok_or_else(|| wrong("hash"))?;
        Ok(Self { seq, hash, at, fingerprint })
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_survives_being_written_down() {
        let checkpoint = Checkpoint { seq: 77, hash: [0xA5; 32], at: UnixMillis(-3), fingerprint: 9 };
        assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
    }

    #[test]
    fn a_text_that_is_no_checkpoint_is_refused_with_the_line_that_is_wrong() {
        let text = Checkpoint { seq: 77, hash: [0xA5; 32], at: UnixMillis(0), fingerprint: 9 }.to_string();
        let refuse = |text: &str| text.parse::<Checkpoint>().unwrap_err().to_string();
        assert_eq!(refuse(""), "not a checkpoint: first line is not \"charye checkpoint 1\"");
        assert_eq!(refuse(&text.replace("seq 77\n", "")), "not a checkpoint: line \"seq\" is missing");
        assert_eq!(refuse(&text.replace("seq 77", "seq x")), "not a checkpoint: value of \"seq\" does not read");
        assert_eq!(refuse(&text.replace("a5a5", "é")), "not a checkpoint: value of \"hash\" does not read");
    }
}
