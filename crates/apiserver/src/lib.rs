//! An embedded Kubernetes-compatible API server.
//!
//! In: HTTP requests, over a socket or as values. Out: the answers that kube-apiserver 1.36 gives.
//! Never: containers, networks, anything that would run a workload; with the workload simulator on,
//! the status of workloads is set as if they ran.
//!
//! Start at [`Server`]: [`Server::service`] answers requests without a socket. What is
//! served is a table of [`registry::ResourceInfo`]s; what one kind does differently from all others
//! is its [`registry::Strategy`]. A request goes through `handle` to `read` or `write`; objects are
//! bytes in [`store`].
#![forbid(unsafe_code)]

mod admission;
pub mod authn;
mod authz;
mod body;
mod bootstrap;
pub mod builtin;
pub mod clock;
mod compaction;
mod controllers;
mod crd;
mod decode;
mod discovery;
pub mod document;
mod handle;
mod health;
mod listener;
mod meta;
pub mod names;
mod openapi;
mod options;
mod pki;
mod protobuf;
pub mod random;
mod read;
pub mod registry;
mod request;
mod respond;
mod scale;
mod selector;
mod server;
mod service;
pub mod status;
pub mod store;
mod table;
mod write;

#[cfg(test)]
mod tests;

pub use body::Body;
pub use controllers::BEHAVIOUR;
pub use listener::ServeError;
pub use options::{Controllers, Options, Toggle, TokenUser, UnknownController};
pub use pki::PkiError;
pub use server::{Server, StartError};
pub use service::{ApiService, ClientCertificate};
