//! Room: simulator. A world on one thread from a seed, in which the engine's own code is played against surges and
//! faults and every law is checked.
//!
//! - [`world`]: one machine: the engine with its turns taken by hand, a [`disk`], a [`virtual_clock`], and what is left of
//!   all that when the process ends. Whoever has the seed sees the same evening again.
//! - [`errands`]: use cases in flight, all on the world's one thread.
//! - [`country`]: a campaign with one opening and a line, and clinics with so many places.
//! - [`surge`]: a whole evening: people as small state machines, operators, incidents.
//! - [`overload`]: far more people than the service can bear, on the real lanes.
//! - [`checkers`]: one law or group of laws a file, over what people saw, what they were answered and the journal.
//!
//! Who calls it: its own tests, `cargo run -p charye-simulator`, and `cargo xtask bench surges`. It depends on domain, engine
//! and ledger.
//!
//! What it must never do: hold a production code path of its own. If the simulator needs another engine than the one
//! that serves citizens, the simulator proves nothing.

pub mod chance;
pub mod checkers;
pub mod country;
pub mod disk;
pub mod errands;
pub mod overload;
pub mod surge;
pub mod virtual_clock;
pub mod world;
