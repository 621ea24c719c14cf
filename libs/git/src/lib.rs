//! The Git protocol: list references, fetch a revision, read its tree.
//!
//! In: a [`Remote`] with its credentials, and a [`Reference`] in the words of a GitRepository.
//! Out: a [`Commit`] and its files as a [`flux_tree::Tree`], read from the fetched pack.
//! Never: runs `git` or `ssh`, writes work tree files, keeps anything between two calls.
//!
//! Start at [`checkout`], or at [`local`] for a directory on this machine. All calls block; a
//! [`Cancel`] ends them from another thread or at a deadline.

mod cancel;
mod checkout;
mod commit;
mod error;
mod fetch;
mod git_tree;
mod http;
pub mod local;
mod reference;
mod refs;
mod remote;
mod revision;
mod shell;
pub mod signature;
mod sparse;
mod store;

pub use cancel::Cancel;
pub use checkout::{Checked, Checkout, CheckoutOptions, Submodules, checkout};
pub use commit::{Commit, Identity, Tag};
pub use error::{GitError, TransportError};
pub use git_tree::GitTree;
pub use reference::Reference;
pub use refs::{RemoteRef, list};
pub use remote::{Credentials, Remote, Tls};
pub use revision::{Hash, digest_of, transform_legacy};
pub use shell::{Account, Process, Shell};
pub use sparse::SparseTree;
