//! What every controller shares: the queue and its workers, status writes, events, leases,
//! metrics, probes, logs, flags.
//!
//! In: a [`Context`] with everything that a controller touches, and a [`Reconcile`] that does one
//! pass over one object. Out: passes at the right time, at most one per object, at most N at once.
//! Never: knowledge of a kind, reading of the system's clock or randomness below [`Context`].
//!
//! Start at [`Context`], then [`Queue`] and [`run`]. A pass writes its result with [`Publisher`]
//! and tells about it with [`Events`]. Settings that all controllers have are in [`flags`].

mod clock;
mod context;
mod control;
mod events;
pub mod flags;
mod gates;
mod lease;
pub mod log;
mod metrics;
mod publish;
mod queue;
mod random;
mod serve;
mod shutdown;

pub use clock::Clock;
pub use context::Context;
pub use control::{Next, Reconcile, Slot, Workers, run};
pub use events::{Delivery, Event, Events, EventsOptions, Notification, Severity};
pub use flux_cluster::Key;
pub use gates::{Gate, Gates, UnknownGate};
pub use lease::{Leadership, LeaseOptions, lease_name};
pub use metrics::{Leads, Metrics};
pub use publish::{PublishError, Publisher};
pub use queue::{Backoff, Priority, Queue};
pub use random::Random;
pub use serve::{Readiness, ServeError, serve_metrics, serve_probes};
pub use shutdown::Shutdown;
