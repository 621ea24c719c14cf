//! Schemas of Kubernetes objects: structural schemas of custom resources, OpenAPI data of built-in kinds.
//!
//! In: a schema and a JSON value. Out: the value with defaults, the value without unknown fields and
//! their list, or the errors that the API server would print.
//! Never: I/O, clocks, or knowledge of what a kind means beyond its schema.
//!
//! Start at [`openapi`] for the definitions of built-in kinds and at [`resources`] for the table of
//! what a server of Kubernetes 1.36 serves.
#![forbid(unsafe_code)]

pub mod openapi;
pub mod resources;
