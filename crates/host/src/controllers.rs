//! Starting controllers in this process, with one context and one artifact store.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use flux_artifact::{FetchOptions, Fetcher, Store, StoreOptions};
use flux_kustomize_controller as kustomize;
use flux_runtime::Context;
use flux_runtime::flags::Shared;
use flux_source_controller as source;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::folder::Folder;
use crate::local::Local;
use crate::{Component, HostError};

/// Controllers that run until the context's shutdown.
#[derive(Default)]
pub(crate) struct Running {
    tasks: JoinSet<()>,
    /// Directories whose edits are noticed.
    folders: Vec<Folder>,
}

impl Running {
    /// Waits until all of them have ended.
    pub(crate) async fn stopped(mut self) {
        self.folders.clear();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// What controllers of one process share on disk.
pub(crate) struct Storage {
    /// Where artifacts are kept.
    pub(crate) artifacts: PathBuf,
    /// Where temporary files go.
    pub(crate) scratch: PathBuf,
}

/// Starts controllers that share one context.
///
/// # Errors
/// The store or its address cannot be used, or a directory cannot be watched.
pub(crate) async fn start(
    components: &BTreeSet<Component>,
    context: &Context,
    storage: Storage,
    local: Option<&Local>,
) -> Result<Running, HostError> {
    let mut running = Running::default();
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listen = |source| HostError::Listen { address: "127.0.0.1:0".to_owned(), source };
    let listener = listener.map_err(listen)?;
    let advertised = listener.local_addr().map_err(listen)?.to_string();
    let store = Store::open(StoreOptions::new(&storage.artifacts, advertised))
        .map_err(|error| failed(Component::SourceController, &error))?;
    let store = Arc::new(store);
    for component in components {
        let context = Context { events: context.events.named(component.name()), ..context.clone() };
        match component {
            Component::SourceController => {
                let options = source::Options {
                    shared: Shared::default(),
                    store: Arc::clone(&store),
                    listener: None,
                    overrides: overrides(local, &mut running)?,
                    scratch: storage.scratch.clone(),
                    ssh: source::SshAlgorithms::default(),
                    gates: Default::default(),
                    helm: Default::default(),
                };
                running.tasks.spawn(source::run(context, options));
            }
            Component::KustomizeController => {
                let fetcher = Fetcher::new(FetchOptions::default())
                    .map_err(|error| failed(*component, &error))?
                    .with_store(Arc::clone(&store));
                let options = kustomize::Options {
                    temp_dir: storage.scratch.display().to_string(),
                    ..kustomize::Options::default()
                };
                running.tasks.spawn(kustomize::run(context, options, Arc::new(fetcher)));
            }
        }
    }
    let shutdown = context.shutdown.clone();
    running.tasks.spawn(flux_artifact::serve(
        listener,
        store,
        async move { shutdown.begun().await },
    ));
    Ok(running)
}

fn failed(component: Component, error: &dyn std::error::Error) -> HostError {
    HostError::Controller { component: component.name(), message: error.to_string() }
}

/// Lets directories stand for repositories, and looks at them again after every edit.
fn overrides(local: Option<&Local>, running: &mut Running) -> Result<source::Overrides, HostError> {
    let overrides = source::Overrides::default();
    let Some(local) = local else { return Ok(overrides) };
    let mut watched = BTreeSet::new();
    for (url, directory) in local.served() {
        overrides
            .insert(url, source::Override { directory: directory.clone(), mode: local.mode() });
        watched.insert(directory.path().to_owned());
    }
    for path in watched {
        let folder = Folder::watch(&path)?;
        let overrides = overrides.clone();
        running.tasks.spawn(folder.settled(move || overrides.content_changed()));
        running.folders.push(folder);
    }
    Ok(overrides)
}
