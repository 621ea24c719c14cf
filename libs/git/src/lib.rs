//! The Git protocol: list references, fetch a revision, read its tree.
