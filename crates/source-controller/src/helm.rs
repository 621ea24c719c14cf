//! What Helm repositories and charts have in common.

pub(crate) mod getter;
pub(crate) mod index;
pub(crate) mod size;
