//! Controllers against the embedded API server, in this process.

pub mod apply;
mod snapshot;
pub mod source;
pub mod whole;

pub use snapshot::{differences, snapshot};
