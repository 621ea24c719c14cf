//! Source-controller and kustomize-controller in one process, on a directory that stands for a
//! repository.
//!
//! No socket is in it, so that the clock can stand still.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use flux_apiserver::{Controllers, Server};
use flux_artifact::{FetchOptions, Fetcher, Store, StoreOptions};
use flux_cluster::{Cluster, Write};
use flux_git::local::{Directory, Mode};
use flux_kustomize_controller as kustomize;
use flux_manifest::Object;
use flux_runtime::flags::Shared;
use flux_runtime::{Clock, Context, Delivery, Events, EventsOptions, Metrics, Random, Shutdown};
use flux_source_controller as source;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::apply::{install_definitions, options, start_server};
use crate::faults::Faults;

/// Where the directory says that it is.
const URL: &str = "https://example.com/fleet";

/// A process with two controllers, its API server and its disk.
pub struct Whole {
    /// The administrator's connection.
    pub cluster: Cluster,
    server: Server,
    disk: TempDir,
    clock: Clock,
    overrides: source::Overrides,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    shutdown: Shutdown,
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Whole {
    /// Makes a world with a namespace, in which no process has started yet.
    pub async fn new(namespace: &str) -> Self {
        let server = start_server(Controllers::NONE);
        let cluster = Cluster::from_service(server.service(), server.admin_token());
        let disk = tempfile::tempdir().unwrap();
        for name in ["storage", "scratch", "fleet"] {
            std::fs::create_dir(disk.path().join(name)).unwrap();
        }
        let overrides = source::Overrides::default();
        let directory = Directory::open(&disk.path().join("fleet")).unwrap();
        overrides.insert(URL, source::Override { directory, mode: Mode::Worktree });
        let world = Self {
            cluster,
            server,
            disk,
            clock: Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()),
            overrides,
            tasks: Mutex::default(),
            shutdown: Shutdown::new(),
        };
        world
            .create(
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
            )
            .await;
        install_definitions(&world.cluster).await;
        world
    }

    /// Returns the API server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns the directory that stands for the repository.
    pub fn directory(&self) -> PathBuf {
        self.disk.path().join("fleet")
    }

    /// Returns where artifacts are kept.
    pub fn storage(&self) -> PathBuf {
        self.disk.path().join("storage")
    }

    /// Makes an object.
    pub async fn create(&self, object: Value) {
        let object = Object::try_from(object).unwrap();
        self.cluster.create(&object, &Write::by("test")).await.unwrap();
    }

    /// Makes the GitRepository of the directory.
    pub async fn create_source(&self, namespace: &str, name: &str, interval: &str) {
        self.create(json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"interval": interval, "url": URL},
        }))
        .await;
    }

    /// Tells the process that the directory has changed.
    pub fn edited(&self) {
        self.overrides.content_changed();
    }

    /// Starts the process where things go wrong on the way to the server.
    pub fn start(&self, faults: &Faults, seed: u64) {
        let service = faults.before(self.server.service());
        let cluster = Cluster::from_service(service, self.server.admin_token());
        let events = Events::start(EventsOptions {
            cluster: cluster.clone(),
            clock: self.clock,
            controller: "flux",
            instance: "test".to_owned(),
            delivery: Delivery::None,
        });
        let context = Context {
            cluster,
            clock: self.clock,
            random: Random::seeded(seed),
            events,
            metrics: Metrics::default(),
            shutdown: self.shutdown.part(),
        };
        let mut store = StoreOptions::new(self.storage(), "artifacts.test");
        store.retention_ttl = std::time::Duration::from_secs(3600);
        let store = Arc::new(Store::open(store).unwrap());
        let fetcher = Fetcher::new(FetchOptions::default()).unwrap().with_store(Arc::clone(&store));
        let sources = source::Options {
            shared: Shared { concurrent: 2, ..Shared::default() },
            store,
            listener: None,
            overrides: self.overrides.clone(),
            scratch: self.disk.path().join("scratch"),
            ssh: Default::default(),
            gates: Default::default(),
            helm: Default::default(),
        };
        let artifacts: Arc<dyn kustomize::Artifacts> = Arc::new(fetcher);
        let mut tasks = self.tasks.lock().unwrap();
        tasks.push(tokio::spawn(source::run(context.clone(), sources)));
        tasks.push(tokio::spawn(kustomize::run(context, options(), artifacts)));
    }

    /// Ends the process without a word.
    pub fn kill(&self) {
        for task in self.tasks.lock().unwrap().drain(..) {
            task.abort();
        }
    }
}

/// Reads the files of an artifact on disk.
pub fn files_of(archive: &Path) -> flux_tree::MemoryTree {
    let file = std::fs::File::open(archive).unwrap();
    let (symlinks, limits) = (flux_tree::Symlinks::Refuse, flux_tree::UnpackLimits::default());
    flux_tree::unpack(file, symlinks, limits).unwrap()
}
