//! Worlds in memory: the controller against the embedded API server, most on a clock that stands
//! still.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod attention;
mod bad_input;
mod basics;
mod cuts;
mod decryption;
mod remote;
mod tenants;
mod traces;
