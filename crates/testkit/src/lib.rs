//! For tests only: worlds in memory, clock, faults, golden files, Git servers.
//!
//! In: what a test wants to find. Out: servers on loopback and files that are gone when the test
//! is. Never: a fixed port, a wait for time to pass, a network beyond loopback.
//!
//! Start at [`git::Server`].

pub mod git;
