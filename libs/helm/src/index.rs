//! Repository indexes.
