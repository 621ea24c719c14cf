//! Master keys of encrypted documents: private keys held here, and key services over HTTP.
//!
//! In: what the Secret of `spec.decryption` holds. Out: a [`KeyRing`], which decrypts the data keys
//! of [`flux_sops`] documents. Never: files, the environment, other programs. Private keys and
//! tokens are wiped from memory after use and are in no error, log or `Debug` text.
//!
//! Start at [`KeyRing::import`]. Local keys are in [`age`] and [`PgpKeys`], the services in `aws`,
//! `azure`, `gcp` and `vault`; all of these speak through `http`.
#![forbid(unsafe_code)]

pub mod age;
mod aws;
mod azure;
mod gcp;
mod http;
mod jwt;
mod pgp;
mod ring;
#[cfg(test)]
mod tests;
mod vault;

pub use self::http::{Endpoints, Services};
pub use self::pgp::PgpKeys;
pub use ring::{KeyRing, VaultLogin, VaultTokens};
