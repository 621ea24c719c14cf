//! Composition: which controllers, which API server, in one process.
//!
//! In: options. Out: running controllers against a cluster, or a whole installation on this
//! machine. Never: reconciling; printing.
//!
//! Start at [`Dev`], the installation behind `flux dev`: an [`Embedded`] API server, the
//! controllers, and a directory whose content they apply. [`run_standalone`] runs controllers
//! against a real cluster.

mod components;
mod controllers;
mod dev;
mod embedded;
mod error;
mod folder;
mod kubeconfig;
mod local;
mod standalone;

pub use components::{Component, UnknownComponent};
pub use dev::{
    Dev, DevOptions, Override, Revision, Source, Standing, Trouble, definitions, standing,
};
pub use embedded::{Embedded, EmbeddedOptions};
pub use error::HostError;
pub use folder::Folder;
pub use standalone::{StandaloneError, run_standalone};
