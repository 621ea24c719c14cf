//! Turns sources into artifacts.
//!
//! In: sources in a cluster. Out: an archive in the artifact store for each, and its
//! description in the object's status. Never: applies anything, or hands out what it has not
//! stored under its digest.
//!
//! Start at [`run`]; what it needs is in [`Options`]. GitRepository has the four rooms `observe`,
//! `decide`, `act` and `report`; the other kinds share theirs in `pass`. [`Overrides`] serves chosen repositories from directories on this
//! machine instead of from their servers.

mod bucket;
mod git_repository;
mod github_app;
mod helm;
mod helm_chart;
mod helm_repository;
mod oci_repository;
mod options;
mod overrides;
mod pass;
mod pull_secrets;
mod run;
mod secrets;

pub use options::{
    HelmLimits, Options, OptionsError, SshAlgorithms, StorageSettings, command, gates,
};
pub use overrides::{Override, Overrides};
pub use run::run;

/// The name of this controller: field manager, event source, lease.
pub const CONTROLLER: &str = "source-controller";
