//! Composition: which controllers, which API server, in one process.
