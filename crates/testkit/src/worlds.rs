//! Controllers against the embedded API server, in this process.

pub mod apply;
pub mod source;
