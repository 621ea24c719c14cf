//! The one seam to a Kubernetes API server.
//!
//! In: objects as values, kinds, names. Out: objects, streams of their changes, errors that keep
//! the server's own words. Never: decisions, retries of writes, a cache that nobody asked for.
//!
//! Start at [`Cluster`]. A real cluster comes from [`Cluster::connect`]; the embedded API server,
//! or any other service that speaks HTTP, from [`Cluster::from_service`]. What a request may
//! carry is in [`Write`], [`Patch`], [`List`] and [`Deletion`]; [`Cluster::watch`] gives
//! everybody who asks for the same kind a share of one watch.

mod cluster;
mod connect;
mod discovery;
mod error;
mod path;
mod request;
mod watch;

pub use cluster::{Cluster, TextLines};
pub use connect::{
    ConnectError, Connection, Contexts, Impersonation, Overrides, TokenAccess, Trust,
};
pub use discovery::ApiResource;
pub use error::{Cause, Error, Status};
pub use kube::client::Body;
pub use request::{Deletion, Identity, List, Patch, Propagation, Target, Write};
pub use watch::{Change, Contents, Key, Store, Subscription, Topic};

/// The result of talking to an API server.
pub type Result<T> = std::result::Result<T, Error>;
