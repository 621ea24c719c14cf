//! Brings the objects of one owner into a cluster, stage by stage, and takes stale ones out.
//!
//! In: the objects that are wanted, the settings of their owner, a [`Cluster`] that acts for it.
//! Out: a [`ChangeSet`] with what became of each object, or why the first refusal stopped the work.
//! Never: conditions, events, retries; what to do next is the caller's decision. The rules
//! themselves (order, drift, ownership) are in `flux-plan`.
//!
//! Start at [`Engine`]. `stage` applies the objects of one stage, `prune` deletes, `wait` waits for
//! health and for the end of objects without polling them.
//!
//! [`Cluster`]: flux_cluster::Cluster
//! [`ChangeSet`]: flux_plan::ChangeSet

mod engine;
mod error;
mod prune;
mod stage;
mod wait;

pub use engine::{Applied, Engine, Looked, Recreate, Run, Settings, Written};
pub use error::{ApplyError, Failure, PruneError};
pub use prune::Pruned;
pub use stage::{Difference, difference};
pub use wait::{Awaited, FailFast, Judge, TerminationError, Unhealthy, WaitOptions};
