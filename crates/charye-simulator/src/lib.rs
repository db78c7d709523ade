//! Room: simulator. A world on one thread from a seed, in which the engine's own code is played against surges and
//! faults and every law is checked.
//!
//! **Still empty.** Its world and surge player begin with the waiting room; until then the laws are checked by the
//! property tests of `charye-domain` and the suites of `charye-ledger`.
//!
//! What will stand here:
//!
//! - `world`: one thread, one seed, one order of things. Whoever has the seed sees the same evening again.
//! - `virtual_clock`: the engine's clock port, moved by the world, so that an evening passes in seconds.
//! - `surge`: arrivals, returns, devices and people who give up, drawn from the seed.
//! - `faults`: a full disk, a torn write, a hung provider, a jumping clock, a process that ends between two lines.
//! - `checkers/`: one law a file (design: the laws I1 to I16), over commands, answers and journal.
//!
//! Who calls it: tests and `cargo xtask`. It depends on domain, engine and ledger.
//!
//! What it must never do: hold a production code path of its own. If the simulator needs another engine than the one
//! that serves citizens, the simulator proves nothing.
