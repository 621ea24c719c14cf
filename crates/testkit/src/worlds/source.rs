//! An API server, a Git server, a store and the controller, in this process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flux_api::{GitRepository, GitRepositorySpec};
use flux_apiserver::{Controllers, Server};
use flux_artifact::{Store, StoreOptions};
use flux_cluster::{Change, Cluster, Key, List, Target, Topic, Write};
use flux_manifest::{GroupVersionKind, Object};
use flux_runtime::flags::Shared;
use flux_runtime::{
    Clock, Context, Delivery, Events, EventsOptions, Metrics, Notification, Random, Shutdown,
};
use flux_source_controller::{CONTROLLER, Options, Overrides, run};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// No answer takes longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// The world of one source-controller.
pub struct World {
    /// The administrator's connection.
    pub cluster: Cluster,
    /// The controller's artifacts.
    pub store: Arc<Store>,
    /// Directories that stand for repositories.
    pub overrides: Overrides,
    /// The namespace of all repositories.
    pub namespace: String,
    notifications: mpsc::UnboundedReceiver<Notification>,
    shutdown: Shutdown,
    directory: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

impl World {
    /// Starts everything but the Git server.
    pub async fn start(namespace: &str) -> Self {
        let options =
            flux_apiserver::Options { controllers: Controllers::NONE, ..Default::default() };
        let server = Server::start(options).unwrap();
        let cluster = Cluster::from_service(server.service(), server.admin_token());
        let write = Write::by("test");
        for definition in flux_api::crds() {
            if definition.name().ends_with(".source.toolkit.fluxcd.io") {
                cluster.create(definition, &write).await.unwrap();
            }
        }
        let value =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
        cluster.create(&Object::try_from(value).unwrap(), &write).await.unwrap();

        let directory = tempfile::tempdir().unwrap();
        for name in ["storage", "scratch"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        let store = StoreOptions::new(directory.path().join("storage"), "artifacts.test");
        let store = Arc::new(Store::open(store).unwrap());
        let (sender, notifications) = mpsc::unbounded_channel();
        let (clock, shutdown, overrides) = (Clock::system(), Shutdown::new(), Overrides::default());
        let events = Events::start(EventsOptions {
            cluster: cluster.clone(),
            clock,
            controller: CONTROLLER,
            instance: "host".to_owned(),
            delivery: Delivery::Channel(sender),
        });
        let ctx = Context {
            cluster: cluster.clone(),
            clock,
            random: Random::seeded(1),
            events,
            metrics: Metrics::default(),
            shutdown: shutdown.clone(),
        };
        let options = Options {
            shared: Shared { concurrent: 2, ..Shared::default() },
            store: Arc::clone(&store),
            listener: None,
            overrides: overrides.clone(),
            scratch: directory.path().join("scratch"),
            ssh: Default::default(),
            gates: Default::default(),
            helm: Default::default(),
        };
        tokio::spawn(run(ctx, options));
        let namespace = namespace.to_owned();
        Self { cluster, store, overrides, namespace, notifications, shutdown, directory }
    }

    /// Applies an object.
    pub async fn apply(&self, object: &Value) {
        let object = Object::try_from(object.clone()).unwrap();
        self.cluster.apply(&object, &Write::by("test").forced()).await.unwrap();
    }

    /// Applies a repository with this spec.
    pub async fn repository(&self, name: &str, spec: Value) {
        self.apply(&json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": { "name": name, "namespace": self.namespace },
            "spec": spec,
        }))
        .await;
    }

    /// Annotates a repository.
    pub async fn annotate(&self, name: &str, annotations: &Value) {
        let patch = json!({ "metadata": { "annotations": annotations } });
        let patch = flux_cluster::Patch::Merge(patch);
        self.cluster.patch(&self.target(name), &patch, &Write::by("flux")).await.unwrap();
    }

    /// Names a repository.
    pub fn target(&self, name: &str) -> Target {
        Target::new(GitRepository::gvk(), &self.namespace, name)
    }

    /// Reads a repository.
    pub async fn get(&self, name: &str) -> GitRepository {
        self.cluster.fetch::<GitRepositorySpec>(&self.namespace, name).await.unwrap()
    }

    /// Waits until a repository is as wanted, and returns it.
    pub async fn wait(
        &self,
        name: &str,
        is_as_wanted: impl Fn(&GitRepository) -> bool,
    ) -> GitRepository {
        // A watch begins with what it knew before the last write.
        let generation = self.get(name).await.metadata.generation;
        let mut watch = self.cluster.watch(Topic::all(GitRepository::gvk()));
        let wanted = async {
            loop {
                let Change::Applied { new, .. } = watch.next().await else { continue };
                if Key::of(&new) == Key::new(&self.namespace, name) {
                    let repository = GitRepository::from_object(&new).unwrap();
                    if repository.metadata.generation >= generation && is_as_wanted(&repository) {
                        return repository;
                    }
                }
            }
        };
        match tokio::time::timeout(PATIENCE, wanted).await {
            Ok(repository) => repository,
            Err(_) => panic!("{name} is {:#?}", self.get(name).await.status),
        }
    }

    /// Waits until a repository is gone.
    pub async fn wait_gone(&self, name: &str) {
        let mut watch = self.cluster.watch(Topic::all(GitRepository::gvk()));
        let gone = async {
            while self.cluster.find(&self.target(name)).await.unwrap().is_some() {
                watch.next().await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.unwrap();
    }

    /// Names an object of a kind of source.
    pub fn target_of(&self, kind: &str, name: &str) -> Target {
        let gvk = GroupVersionKind::new("source.toolkit.fluxcd.io", "v1", kind);
        Target::new(gvk, &self.namespace, name)
    }

    /// Applies an object of a kind of source.
    pub async fn source(&self, kind: &str, name: &str, spec: Value) {
        self.apply(&json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": kind,
            "metadata": { "name": name, "namespace": self.namespace },
            "spec": spec,
        }))
        .await;
    }

    /// Applies a Secret.
    pub async fn secret(&self, name: &str, data: &[(&str, &str)]) {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        let data: serde_json::Map<String, Value> =
            data.iter().map(|(key, text)| ((*key).into(), engine.encode(text).into())).collect();
        self.apply(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": name, "namespace": self.namespace },
            "data": data,
        }))
        .await;
    }

    /// Asks for a pass over an object.
    pub async fn request(&self, kind: &str, name: &str, token: &str) {
        let annotations = json!({ "reconcile.fluxcd.io/requestedAt": token });
        self.annotate_object(kind, name, &annotations).await;
    }

    /// Annotates an object.
    pub async fn annotate_object(&self, kind: &str, name: &str, annotations: &Value) {
        let patch =
            flux_cluster::Patch::Merge(json!({ "metadata": { "annotations": annotations } }));
        let target = self.target_of(kind, name);
        self.cluster.patch(&target, &patch, &Write::by("flux")).await.unwrap();
    }

    /// Reads an object.
    pub async fn object(&self, kind: &str, name: &str) -> Value {
        self.cluster.get(&self.target_of(kind, name)).await.unwrap().as_value().clone()
    }

    /// Waits until an object is as wanted, and returns it.
    pub async fn until(
        &self,
        (kind, name): (&str, &str),
        is_as_wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let target = self.target_of(kind, name);
        let generation = self.object(kind, name).await["metadata"]["generation"].as_i64();
        let gvk = GroupVersionKind::new("source.toolkit.fluxcd.io", "v1", kind);
        let mut watch = self.cluster.watch(Topic::all(gvk));
        let wanted = async {
            loop {
                let object = self.cluster.get(&target).await.unwrap().as_value().clone();
                if object["metadata"]["generation"].as_i64() >= generation && is_as_wanted(&object)
                {
                    return object;
                }
                watch.next().await;
            }
        };
        match tokio::time::timeout(PATIENCE, wanted).await {
            Ok(object) => object,
            Err(_) => panic!("{kind}/{name} is {:#}", self.object(kind, name).await["status"]),
        }
    }

    /// Waits until an object is as wanted, and returns how it was in the end in any case.
    pub async fn eventually(
        &self,
        (kind, name): (&str, &str),
        is_as_wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let gvk = GroupVersionKind::new("source.toolkit.fluxcd.io", "v1", kind);
        let mut watch = self.cluster.watch(Topic::all(gvk));
        let wanted = async {
            while !is_as_wanted(&self.object(kind, name).await) {
                watch.next().await;
            }
        };
        // Whoever asked sees what is wrong with it.
        let _ = tokio::time::timeout(PATIENCE, wanted).await;
        self.object(kind, name).await
    }

    /// Waits until Ready of an object's latest generation has this status.
    pub async fn until_ready(&self, kind: &str, name: &str, status: &str) -> Value {
        self.until((kind, name), |object| is_settled(object, status)).await
    }

    /// Waits until an object is gone.
    pub async fn until_gone(&self, kind: &str, name: &str) {
        let target = self.target_of(kind, name);
        let gvk = GroupVersionKind::new("source.toolkit.fluxcd.io", "v1", kind);
        let mut watch = self.cluster.watch(Topic::all(gvk));
        let gone = async {
            while self.cluster.find(&target).await.unwrap().is_some() {
                watch.next().await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.unwrap();
    }

    /// Returns the files of an object's artifact.
    pub fn files(&self, object: &Value) -> flux_tree::MemoryTree {
        let artifact = serde_json::from_value(object["status"]["artifact"].clone()).unwrap();
        let file = std::fs::File::open(self.store.local_path(&artifact).unwrap()).unwrap();
        let limits = flux_tree::UnpackLimits::default();
        flux_tree::unpack(file, flux_tree::Symlinks::Refuse, limits).unwrap()
    }

    /// Returns the names of the files in a directory of the storage.
    pub fn listed(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.storage().join(directory)) else {
            return Vec::new();
        };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Returns the next notification.
    pub async fn notification(&mut self) -> Notification {
        let next = self.notifications.recv();
        tokio::time::timeout(PATIENCE, next).await.unwrap().unwrap()
    }

    /// Waits until each of these events, as `Type Reason: message`, was recorded for an object, and
    /// returns all that were.
    pub async fn events(&self, name: &str, wanted: &[String]) -> Vec<String> {
        let kind = GroupVersionKind::new("", "v1", "Event");
        let mut watch = self.cluster.watch(Topic::all(kind.clone()));
        let seen = async {
            loop {
                let mut shown = BTreeMap::new();
                let list = List::namespace(&self.namespace);
                for event in self.cluster.list(&kind, &list).await.unwrap() {
                    let text = |path: &str| {
                        event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
                    };
                    if text("/involvedObject/name") == name {
                        let line =
                            format!("{} {}: {}", text("/type"), text("/reason"), text("/message"));
                        shown.insert(line, ());
                    }
                }
                if wanted.iter().all(|line| shown.contains_key(line)) {
                    return shown.into_keys().collect::<Vec<_>>();
                }
                watch.next().await;
            }
        };
        tokio::time::timeout(PATIENCE, seen)
            .await
            .unwrap_or_else(|_| panic!("no events for {name}: {wanted:#?}"))
    }

    /// Returns where artifacts are kept.
    pub fn storage(&self) -> PathBuf {
        self.directory.path().join("storage")
    }

    /// Returns the names of the stored files of a repository.
    pub fn stored(&self, name: &str) -> Vec<String> {
        let directory = self.storage().join("gitrepository").join(&self.namespace).join(name);
        let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Tells whether Ready of the current generation has this status, and nothing is going on.
pub fn is_ready(repository: &GitRepository, status: &str) -> bool {
    let ready = flux_api::conditions::get(&repository.status.conditions, "Ready");
    let busy = flux_api::conditions::get(&repository.status.conditions, "Reconciling");
    let generation = repository.metadata.generation;
    let is_settled = match status {
        "True" => repository.status.observed_generation == generation && busy.is_none(),
        _ => busy.is_none_or(|busy| busy.reason != "Progressing"),
    };
    is_settled
        && ready.is_some_and(|ready| {
            ready.status.as_str() == status && ready.observed_generation == generation
        })
}

/// Tells whether Ready of the latest generation has this status, and nothing is going on.
pub fn is_settled(object: &Value, status: &str) -> bool {
    let generation = &object["metadata"]["generation"];
    let conditions = object["status"]["conditions"].as_array();
    let get = |kind: &str| conditions.into_iter().flatten().find(|it| it["type"] == kind);
    let busy = get("Reconciling");
    let is_settled = match status {
        "True" => object["status"]["observedGeneration"] == *generation && busy.is_none(),
        _ => busy.is_none_or(|busy| busy["reason"] != "Progressing"),
    };
    is_settled
        && get("Ready").is_some_and(|ready| {
            ready["status"] == status && ready["observedGeneration"] == *generation
        })
}

/// Returns a condition of an object, as `Reason: message`.
pub fn condition(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array();
    let found = conditions.into_iter().flatten().find(|it| it["type"] == kind);
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    found.map(|it| format!("{}: {}", text(it, "reason"), text(it, "message"))).unwrap_or_default()
}
