//! Room: server. A build for attack tests, which can do without a defence: it says so wherever it says anything, and serves
//! nobody but rehearsals on this very machine. Called before anything is served; the released program has nothing to say.

use std::net::SocketAddr;

use charye_domain::weakness::Defence;

use crate::config::weakness_of_environment;
use crate::exit::Ending;
use crate::output::say;

/// What `charye --version` says.
pub(crate) const VERSION: &str = if Defence::ANY_CAN_BE_OFF {
    concat!(env!("CARGO_PKG_VERSION"), " WEAK: this build is for attack tests only")
} else {
    env!("CARGO_PKG_VERSION")
};

/// Does without the defence that the environment names, if this build can, and says so.
///
/// # Errors
/// `Unreadable`: this build can, and this is no rehearsal on loopback, or the name is none of its own.
pub(crate) fn do_without(is_rehearsal: bool, address: SocketAddr) -> Result<(), Ending> {
    if !Defence::ANY_CAN_BE_OFF {
        return Ok(());
    }
    let unfit = |words: &str| Ending::Unreadable { words: format!("charye: {words}") };
    if !is_rehearsal || !address.ip().is_loopback() {
        return Err(unfit("this build can do without its defences: it serves rehearsals on loopback only"));
    }
    let named = weakness_of_environment().filter(|name| !name.is_empty());
    let off = named.map(|name| {
        let known = Defence::ALL.iter().find(|defence| defence.can_be_off() && defence.name() == name);
        known.ok_or_else(|| unfit(&format!("WEAK_DEFENCE {name}: this build has no such feature")))
    });
    let off = off.transpose()?;
    say(&format!("WEAK     this build is for attack tests only; without: {}", off.map_or("nothing", |off| off.name())));
    if let Some(off) = off {
        off.switch_off();
    }
    Ok(())
}
