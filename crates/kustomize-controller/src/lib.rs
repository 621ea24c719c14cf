//! Applies Kustomizations: what a path of a source builds to becomes the state of a cluster.
//!
//! In: Kustomizations and sources seen by watch, artifacts from [`Artifacts`]. Out: applied,
//! pruned and awaited objects; conditions, inventory, history and events in upstream's words.
//! Never: the work of a source, a decision outside `decide`, a condition or event outside
//! `report`. A crash between any two writes is repaired by the next pass.
//!
//! Start at [`run`]. A pass goes through `observe` (all reads), `decide` (every early exit),
//! `act` (all writes) and `report` (what everybody is told); `trigger` says when passes happen.

mod act;
mod artifacts;
mod controller;
mod decide;
mod decryption;
mod dependency;
mod events;
mod expression;
mod guard;
mod health;
mod history;
mod identity;
mod manifests;
mod missing;
mod observe;
mod options;
mod remote;
mod report;
mod trigger;

pub use artifacts::{Artifacts, FetchError, Fetched};
pub use controller::run;
pub use options::{Cloud, GATES, Options, OptionsError, gate};
pub use remote::{CloudIdentity, NoCloud, RemoteCluster};

/// The name of the controller, and the field manager of what it applies.
pub const CONTROLLER: &str = "kustomize-controller";
/// The field manager of statuses and finalizers.
pub const STATUS_MANAGER: &str = "gotk-kustomize-controller";
