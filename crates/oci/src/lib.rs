//! Pulls from and pushes to OCI registries.
//!
//! In: references, credentials, certificates, a proxy. Out: manifests, blobs, tags and referrers,
//! each compared with its digest before anybody sees it. Never: unpacks, verifies signatures,
//! reads files or the environment.
//!
//! Start at [`Client`]; [`Repository`] and [`Reference`] name things, a [`Keychain`] says who asks,
//! and [`docker`] reads what Kubernetes keeps in pull secrets.

mod auth;
mod client;
mod digest;
pub mod docker;
mod error;
mod link;
mod manifest;
mod push;
mod reference;
mod session;

pub use auth::{Anonymous, Credentials, Fixed, Keychain, KeychainError};
pub use client::{Client, Options, Patience, Tls};
pub use digest::Digest;
pub use error::{Error, Problem};
pub use manifest::{Content, Descriptor, Head, Index, Manifest, Platform, media};
pub use reference::{Insecure, InvalidReference, Reference, Registry, Repository, Version};
