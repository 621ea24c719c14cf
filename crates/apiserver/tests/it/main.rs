//! The API server as its users see it: killed, watched by many, sent rubbish.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad_input;
mod kill;
mod requests;
mod watches;
mod world;
