//! The controller against the embedded API server and `git http-backend`.
//!
//! Needs the git program, and says so where it is missing.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod bad_input;
mod bucket;
mod controller;
mod helm_chart;
mod helm_repository;
mod local;
mod oci;
mod traces;
