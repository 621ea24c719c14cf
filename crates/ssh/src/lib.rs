//! Runs Git's programs on servers over SSH, in this process.
//!
//! In: a private key, known hosts, algorithms. Out: a [`flux_git::Shell`]. Never: an `ssh` program,
//! an agent, a file in somebody's home, a server that is not known.
//!
//! Start at [`Client`]. Who a server must be is decided in `known_hosts`.

mod client;
mod keys;
mod known_hosts;
mod session;
mod socks;

pub use client::{Client, ClientError, Options};
pub use keys::{KeyError, KeyPair, NewKey, scan};
