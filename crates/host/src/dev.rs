//! A whole installation on this machine: an API server, controllers, and a directory that they
//! apply.

mod accounts;
mod install;
mod standing;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use flux_cluster::Cluster;
use flux_runtime::{
    Clock, Context, Delivery, Events, EventsOptions, Metrics, Notification, Random, Shutdown,
};
use tokio::sync::mpsc;

pub use self::install::definitions;
pub use self::standing::{Standing, Trouble, standing};
use crate::controllers;
use crate::local::Local;
use crate::{Component, Embedded, EmbeddedOptions, HostError, kubeconfig};

/// Name and namespace of everything that an installation begins with.
const FLUX_SYSTEM: &str = "flux-system";

/// What is applied: a directory.
#[derive(Clone, Debug)]
pub struct Source {
    /// The directory.
    pub directory: PathBuf,
    /// The path inside it that is built, `./` for all of it.
    pub path: String,
    /// Which content counts.
    pub revision: Revision,
    /// Further directories that stand for addresses of Git repositories.
    pub overrides: Vec<Override>,
}

/// Which content of a directory counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revision {
    /// What the last commit holds.
    Head,
    /// What stands in the directory, uncommitted edits too.
    #[default]
    Worktree,
}

/// A directory that stands for the address of a Git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The address in `spec.url`.
    pub url: String,
    /// The directory.
    pub directory: PathBuf,
}

/// What an installation is started with.
#[derive(Clone, Debug)]
pub struct DevOptions {
    /// The API server.
    pub embedded: EmbeddedOptions,
    /// The controllers.
    pub components: BTreeSet<Component>,
    /// The directory; without it nothing is applied.
    pub source: Option<Source>,
    /// Where the kubeconfig is written.
    pub kubeconfig: PathBuf,
}

/// A running installation.
pub struct Dev {
    embedded: Embedded,
    kubeconfig: PathBuf,
    notifications: mpsc::UnboundedReceiver<Notification>,
    shutdown: Shutdown,
    running: controllers::Running,
    /// Removed with everything in it at the end.
    _scratch: Option<tempfile::TempDir>,
}

impl Dev {
    /// Starts everything: server, definitions, controllers, then the source and the
    /// Kustomization of the directory.
    ///
    /// # Errors
    /// See [`HostError`]; whatever was started before the error has been stopped.
    pub async fn start(options: DevOptions) -> Result<Self, HostError> {
        let shutdown = Shutdown::new();
        let started = Self::start_parts(options, shutdown.clone()).await;
        if started.is_err() {
            shutdown.begin();
        }
        started
    }

    async fn start_parts(options: DevOptions, shutdown: Shutdown) -> Result<Self, HostError> {
        let DevOptions { embedded, components, source, kubeconfig } = options;
        let local = source.map(|source| Local::open(&source)).transpose()?;
        let embedded_dir = embedded.data_dir.clone();
        let mut scratch = None;
        let embedded = Embedded::start(&embedded, shutdown.clone()).await?;
        kubeconfig::write(&kubeconfig, &embedded.kubeconfig())?;
        let cluster = embedded.cluster().clone();
        let (sender, notifications) = mpsc::unbounded_channel();
        let mut running = controllers::Running::default();
        if !components.is_empty() || local.is_some() {
            install::definitions(&cluster).await?;
            let context = context(&cluster, sender, &shutdown);
            let storage = storage(embedded_dir.as_deref(), &mut scratch)?;
            running = controllers::start(&components, &context, storage, local.as_ref()).await?;
            if let Some(local) = &local {
                install::sync(&cluster, local).await?;
            }
        }
        Ok(Self { embedded, kubeconfig, notifications, shutdown, running, _scratch: scratch })
    }

    /// Returns a client for the API server, as the administrator.
    pub fn cluster(&self) -> &Cluster {
        self.embedded.cluster()
    }

    /// Returns where others reach the API server.
    pub fn url(&self) -> String {
        self.embedded.url()
    }

    /// Returns where the kubeconfig was written.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Waits for the next event that a controller reports.
    pub async fn notification(&mut self) -> Option<Notification> {
        self.notifications.recv().await
    }

    /// Stops everything and waits until it has stopped.
    pub async fn stop(self) {
        self.shutdown.begin();
        self.running.stopped().await;
        self.embedded.stopped().await;
    }
}

/// Returns where artifacts and temporary files go: the data directory, or one that is removed
/// with `scratch`.
fn storage(
    data_dir: Option<&Path>,
    scratch: &mut Option<tempfile::TempDir>,
) -> Result<controllers::Storage, HostError> {
    let fail =
        |path: &Path, source| HostError::File { action: "write", path: path.to_owned(), source };
    let base = match data_dir {
        Some(data_dir) => data_dir.to_owned(),
        None => {
            let made = tempfile::Builder::new().prefix("flux-dev-").tempdir();
            let made = made.map_err(|source| fail(&std::env::temp_dir(), source))?;
            scratch.insert(made).path().to_owned()
        }
    };
    let storage =
        controllers::Storage { artifacts: base.join("artifacts"), scratch: base.join("scratch") };
    for path in [&storage.artifacts, &storage.scratch] {
        std::fs::create_dir_all(path).map_err(|source| fail(path, source))?;
    }
    Ok(storage)
}

fn context(
    cluster: &Cluster,
    notifications: mpsc::UnboundedSender<Notification>,
    shutdown: &Shutdown,
) -> Context {
    let clock = Clock::system();
    let events = Events::start(EventsOptions {
        cluster: cluster.clone(),
        clock,
        controller: "flux",
        instance: "flux-dev".to_owned(),
        delivery: Delivery::Channel(notifications),
    });
    Context {
        cluster: cluster.clone(),
        clock,
        random: Random::system(),
        events,
        metrics: Metrics::default(),
        shutdown: shutdown.clone(),
    }
}
