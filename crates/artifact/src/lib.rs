//! The artifact store, its file server, and fetching with digest checks.
//!
//! In: archives that a source controller makes. Out: [`flux_api::Artifact`]s that others can
//! fetch, and the trees in them. Never: serves or hands over a file from outside of the store,
//! trusts bytes whose digest was not computed here.
//!
//! Start at [`Store`]. [`serve`] shows a store over HTTP, a [`Fetcher`] reads from any such server,
//! or from the store itself when it is in the same process.

mod digest;
mod fetch;
mod serve;
mod store;

pub use digest::{Algorithm, Digest, Hasher, ParseDigestError};
pub use fetch::{FetchError, FetchOptions, Fetcher};
pub use serve::{respond, serve};
pub use store::{Place, PublishError, Store, StoreError, StoreOptions, VerifyError, Version};
