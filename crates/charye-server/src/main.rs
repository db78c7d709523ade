//! `charye`, as it is released: the program of `lib.rs`, without crash points.

use std::process::ExitCode;

fn main() -> ExitCode {
    charye_server::run(None)
}
