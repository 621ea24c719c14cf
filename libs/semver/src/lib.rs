//! Versions and ranges as Flux accepts them.
