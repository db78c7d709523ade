//! Charye's engine: the running state. One thread decides in order and has it recorded; a board answers look-ups; use
//! cases, one file each, know the order of steps. Called by web and server. It must never hold SQL, HTTP or templates.

pub mod failure;
pub mod ports;
