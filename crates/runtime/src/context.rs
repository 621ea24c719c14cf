//! Everything that a controller touches.

use flux_cluster::Cluster;

use crate::{Clock, Events, Metrics, Random, Shutdown};

/// Everything that a controller touches, cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    /// The API server.
    pub cluster: Cluster,
    /// The time of day.
    pub clock: Clock,
    /// Jitter and names.
    pub random: Random,
    /// Where events go.
    pub events: Events,
    /// What is counted and measured.
    pub metrics: Metrics,
    /// When to end.
    pub shutdown: Shutdown,
}
