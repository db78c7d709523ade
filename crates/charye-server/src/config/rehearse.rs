//! Room: server/config. `[rehearse]`: whom `charye rehearse` may play an evening against, besides servers on this machine.

use serde::Deserialize;

/// Hosts that may be listed.
pub(super) const OWN_HOSTS_MAX: usize = 64;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RehearseSection {
    /// Servers of one's own, `HOST:PORT` letter for letter as in `--target http://HOST:PORT`. Never anybody else's.
    pub(crate) own_hosts: Vec<String>,
}
