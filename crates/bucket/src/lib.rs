//! Lists and fetches the objects of buckets: S3 and what speaks like it, Google, Azure.
//!
//! In: an address, credentials, certificates, a proxy. Out: keys with their etags, and contents.
//! Never: writes to a bucket, reads the environment, or tells a secret in an error.
//!
//! Start at [`Client`]; its constructors say what each store needs.

mod azure;
mod client;
mod gcs;
mod http;
mod s3;
mod sign;
mod sts;
mod xml;

pub use azure::AzureAccess;
pub use client::{Client, Entry, Error};
pub use gcs::GoogleAccess;
pub use http::{Connection, Tls};
pub use s3::{S3Access, S3Options};
pub use sts::{LdapIdentity, ldap_credentials};
