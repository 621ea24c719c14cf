//! For tests only: worlds in memory, clock, faults, golden files, Git servers.
//!
//! In: what a test wants to find. Out: servers on loopback and files that are gone when the test
//! is. Never: a fixed port, a wait for time to pass, a network beyond loopback.
//!
//! Start at [`git::Server`]; with the feature `worlds` at `worlds`, controllers against the
//! embedded API server, `traces`, recorded runs of the original that are played there again, and
//! `faults`, which come between the two by a plan.

#[cfg(feature = "worlds")]
#[allow(clippy::unwrap_used, clippy::panic)]
pub mod faults;
pub mod git;
#[cfg(feature = "worlds")]
#[allow(clippy::unwrap_used, clippy::panic)]
pub mod traces;
#[cfg(feature = "worlds")]
#[allow(clippy::unwrap_used, clippy::panic)]
pub mod worlds;
