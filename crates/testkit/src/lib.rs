//! For tests only: worlds in memory, clock, faults, golden files, servers on loopback.
//!
//! In: what a test wants to find. Out: servers on loopback and files that are gone when the test
//! is. Never: a fixed port, a wait for time to pass, a network beyond loopback.
//!
//! Start at [`git::Server`], [`registry::Server`], [`stores::Server`] and [`files::Server`]; [`certificates`] signs what
//! TLS needs; with the feature `worlds` at `worlds`, controllers against the
//! embedded API server, `traces`, recorded runs of the original that are played there again, and
//! `faults`, which come between the two by a plan.

pub mod certificates;
#[cfg(feature = "worlds")]
#[allow(clippy::unwrap_used, clippy::panic)]
pub mod faults;
pub mod files;
pub mod git;
pub mod http;
pub mod registry;
pub mod stores;
#[cfg(feature = "worlds")]
#[allow(clippy::unwrap_used, clippy::panic)]
pub mod traces;
pub mod web;
#[cfg(feature = "worlds")]
#[allow(clippy::unwrap_used, clippy::panic)]
pub mod worlds;
