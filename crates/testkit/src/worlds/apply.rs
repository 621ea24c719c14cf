//! An API server, a source that is whatever a test says, and kustomize-controller.
//!
//! Made for a clock that stands still: waiting costs no time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flux_api::{Artifact, Kustomization, KustomizationSpec, conditions};
use flux_apiserver::{Controllers, Options as ServerOptions, Server, Toggle};
use flux_cluster::{Cluster, Deletion, List, Patch, Target, Write};
use flux_kustomize_controller::{Artifacts, FetchError, Fetched, Options, run};
use flux_manifest::{GroupVersionKind, Object};
use flux_runtime::{
    Clock, Context, Delivery, Events, EventsOptions, Metrics, Notification, Random, Shutdown,
};
use flux_tree::MemoryTree;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::faults::Faults;

/// The namespace of everything in a world, unless a test says otherwise.
pub const NAMESPACE: &str = "apps";

/// The files of each revision.
#[derive(Default)]
struct Sources {
    trees: Mutex<BTreeMap<String, Fetched>>,
    latest: Mutex<Option<String>>,
}

impl Artifacts for Sources {
    fn fetch<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        let found = self.trees.lock().unwrap().get(&artifact.revision).cloned();
        Box::pin(std::future::ready(found.ok_or(FetchError::NotFound)))
    }
}

/// The world of one kustomize-controller.
pub struct World {
    /// The administrator's connection.
    pub cluster: Cluster,
    sources: Arc<Sources>,
    notifications: Mutex<mpsc::UnboundedReceiver<Notification>>,
    shutdown: Shutdown,
    controller: Mutex<Option<tokio::task::JoinHandle<()>>>,
    server: Server,
    clock: Clock,
    options: Options,
    metrics: Mutex<Metrics>,
}

/// Returns the default options, with intervals that are kept exactly.
pub fn options() -> Options {
    let mut options = Options { temp_dir: "/t".to_owned(), ..Options::default() };
    options.shared.interval_jitter_percentage = 0;
    options
}

/// Which of the cluster's own controllers run in a world unless a test wants others.
pub const CONTROLLERS: Controllers =
    Controllers { role_aggregation: Toggle::On, ..Controllers::NONE };

pub(super) fn start_server(controllers: Controllers) -> Server {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let options = ServerOptions {
        seed: Some(1),
        controllers,
        clock: Arc::new(flux_apiserver::clock::TokioClock::starting_at(start)),
        ..ServerOptions::default()
    };
    Server::start(options).unwrap()
}

/// Makes the server serve the kinds that the controller works with.
pub(super) async fn install_definitions(cluster: &Cluster) {
    let served = [
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("source.toolkit.fluxcd.io", "GitRepository"),
        ("source.toolkit.fluxcd.io", "OCIRepository"),
        ("source.toolkit.fluxcd.io", "Bucket"),
    ];
    let kind = |crd: &Object| {
        let text = |pointer: &str| crd.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        (text("/spec/group"), text("/spec/names/kind"))
    };
    for crd in flux_api::crds() {
        let (group, kind) = kind(crd);
        if !served.contains(&(group.as_str(), kind.as_str())) {
            continue;
        }
        cluster.create(crd, &Write::by("test")).await.unwrap();
        let kind = GroupVersionKind::new(&group, "v1", &kind);
        while cluster.list(&kind, &List::all()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl World {
    /// Starts a world whose controller has the default options.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts a world with other options.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = options();
        change(&mut options);
        Self::start(NAMESPACE, options).await
    }

    /// Starts a world with one namespace.
    pub async fn start(namespace: &str, options: Options) -> Self {
        let world = Self::idle(namespace, options).await;
        world.start_controller();
        world
    }

    /// Makes a world with one namespace whose controller has not started yet.
    pub async fn idle(namespace: &str, options: Options) -> Self {
        Self::inhabited(namespace, options, CONTROLLERS).await
    }

    /// Makes a world like [`World::idle`] where these of the cluster's own controllers run.
    pub async fn inhabited(namespace: &str, options: Options, controllers: Controllers) -> Self {
        let server = start_server(controllers);
        let cluster = Cluster::from_service(server.service(), server.admin_token());
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace}});
        let namespace = Object::try_from(namespace).unwrap();
        cluster.create(&namespace, &Write::by("test")).await.unwrap();
        install_definitions(&cluster).await;
        let (_, empty) = mpsc::unbounded_channel();
        Self {
            cluster,
            sources: Arc::default(),
            notifications: Mutex::new(empty),
            shutdown: Shutdown::new(),
            controller: Mutex::default(),
            server,
            clock: Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()),
            options,
            metrics: Mutex::default(),
        }
    }

    /// Returns the API server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns what the controller that was started last counts.
    pub fn metrics(&self) -> Metrics {
        self.metrics.lock().unwrap().clone()
    }

    /// Changes the options of controllers that are started from now on.
    pub fn set_options(&mut self, change: impl FnOnce(&mut Options)) {
        change(&mut self.options);
    }

    /// Starts the controller, as after a crash if one has run before.
    pub fn start_controller(&self) {
        self.start_controller_behind(&Faults::default());
    }

    /// Starts the controller where things go wrong on the way to the server.
    pub fn start_controller_behind(&self, faults: &Faults) {
        let clock = self.clock;
        let service = faults.before(self.server.service());
        let cluster = Cluster::from_service(service, self.server.admin_token());
        let (sender, receiver) = mpsc::unbounded_channel();
        let events = Events::start(EventsOptions {
            cluster: cluster.clone(),
            clock,
            controller: "kustomize-controller",
            instance: "test".to_owned(),
            delivery: Delivery::Channel(sender),
        });
        let context = Context {
            cluster,
            clock,
            random: Random::seeded(1),
            events,
            metrics: Metrics::default(),
            shutdown: self.shutdown.part(),
        };
        context.metrics.watch_cluster(&context.cluster);
        *self.metrics.lock().unwrap() = context.metrics.clone();
        let artifacts: Arc<dyn Artifacts> = Arc::clone(&self.sources) as _;
        let task = tokio::spawn(run(context, self.options.clone(), artifacts));
        *self.notifications.lock().unwrap() = receiver;
        *self.controller.lock().unwrap() = Some(task);
    }

    /// Ends the controller without a word.
    pub fn kill_controller(&self) {
        if let Some(task) = self.controller.lock().unwrap().take() {
            task.abort();
        }
    }

    /// Keeps the files of a revision for whoever asks for them.
    pub fn store(&self, revision: &str, files: &[(&str, &str)]) {
        let mut tree = MemoryTree::new();
        for (path, content) in files {
            tree.insert(path, content.as_bytes()).unwrap();
        }
        self.sources.trees.lock().unwrap().insert(revision.to_owned(), Arc::new(tree));
    }

    /// Forgets the files of a revision, as a store does that has lost them.
    pub fn forget(&self, revision: &str) {
        self.sources.trees.lock().unwrap().remove(revision);
    }

    /// Returns the latest revision that was pushed.
    pub fn latest(&self) -> Option<String> {
        self.sources.latest.lock().unwrap().clone()
    }

    /// Makes files the latest revision of the source `app`.
    pub async fn push(&self, revision: &str, files: &[(&str, &str)]) {
        self.store(revision, files);
        *self.sources.latest.lock().unwrap() = Some(revision.to_owned());
        let source = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "app", "namespace": NAMESPACE},
            "spec": {"interval": "1m", "url": "https://example.com/app"},
        });
        let source = Object::try_from(source).unwrap();
        self.cluster.apply(&source, &Write::by("test").forced()).await.unwrap();
        let status = json!({"status": {"artifact": {
            "digest": "sha256:00", "lastUpdateTime": "2026-01-01T00:00:00Z",
            "path": "gitrepository/apps/app/x.tar.gz", "revision": revision,
            "url": "http://artifacts/x.tar.gz",
        }}});
        let write = Write::by("test").to("status");
        self.cluster.patch(&Target::of(&source), &Patch::Merge(status), &write).await.unwrap();
    }

    /// Applies a Kustomization of the source `app`, with changes to its spec; null takes a field
    /// away.
    pub async fn apply(&self, name: &str, spec: Value) {
        let mut value = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"interval": "10m", "prune": true, "path": "./", "targetNamespace": NAMESPACE,
                "sourceRef": {"kind": "GitRepository", "name": "app"}},
        });
        let fields = value["spec"].as_object_mut().unwrap();
        for (key, field) in spec.as_object().unwrap() {
            match field {
                Value::Null => drop(fields.remove(key)),
                field => drop(fields.insert(key.clone(), field.clone())),
            }
        }
        let object = Object::try_from(value).unwrap();
        self.cluster.apply(&object, &Write::by("test").forced()).await.unwrap();
    }

    /// Names a Kustomization.
    pub fn kustomization(name: &str) -> Target {
        Target::new(Kustomization::gvk(), NAMESPACE, name)
    }

    /// Names a ConfigMap.
    pub fn config_map(name: &str) -> Target {
        Target::new(GroupVersionKind::new("", "v1", "ConfigMap"), NAMESPACE, name)
    }

    /// Asks for a pass, as `flux reconcile` does.
    pub async fn request(&self, name: &str, token: &str) {
        let patch = json!({"metadata": {"annotations": {
            "reconcile.fluxcd.io/requestedAt": token}}});
        let write = Write::by("flux");
        let target = Self::kustomization(name);
        self.cluster.patch(&target, &Patch::Merge(patch), &write).await.unwrap();
    }

    /// Reads a Kustomization.
    pub async fn get(&self, name: &str) -> Kustomization {
        self.cluster.fetch::<KustomizationSpec>(NAMESPACE, name).await.unwrap()
    }

    /// Deletes an object.
    pub async fn delete(&self, target: &Target) {
        self.cluster.delete(target, &Deletion::default()).await.unwrap();
    }

    /// Waits until a Kustomization is as wanted; fails after ten minutes of the world's time.
    pub async fn until(
        &self,
        name: &str,
        wanted: impl Fn(&Kustomization) -> bool,
    ) -> Kustomization {
        for _ in 0..6000 {
            let found = self.cluster.fetch::<KustomizationSpec>(NAMESPACE, name).await;
            if let Ok(found) = &found
                && wanted(found)
            {
                return found.clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let found = self.get(name).await;
        panic!("{name} never became as wanted: {:#?}", found.status);
    }

    /// Waits until Ready has a status for the present generation and no work goes on.
    pub async fn ready(&self, name: &str, revision: &str) -> Kustomization {
        self.until(name, |it| {
            conditions::is_true(&it.status.conditions, "Ready")
                && it.status.observed_generation == it.metadata.generation
                && it.status.last_applied_revision.as_deref() == Some(revision)
        })
        .await
    }

    /// Waits until Ready is False with a reason; returns the message.
    pub async fn fails(&self, name: &str, reason: &str) -> String {
        let is_so = |it: &Kustomization| {
            conditions::is_false(&it.status.conditions, "Ready")
                && conditions::get(&it.status.conditions, "Ready").unwrap().reason == reason
        };
        let found = self.until(name, is_so).await;
        conditions::get(&found.status.conditions, "Ready").unwrap().message.clone()
    }

    /// Waits until an object is gone.
    pub async fn gone(&self, target: &Target) {
        for _ in 0..6000 {
            if self.cluster.find(target).await.unwrap().is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{target:?} is still there");
    }

    /// Takes the notifications that have come, as `severity reason: message`.
    pub async fn notifications(&self) -> Vec<String> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let shown = |it: Notification| format!("{:?} {}: {}", it.severity, it.reason, it.message);
        self.take_notifications().into_iter().map(shown).collect()
    }

    /// Takes the notifications that have come.
    pub fn take_notifications(&self) -> Vec<Notification> {
        let mut receiver = self.notifications.lock().unwrap();
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }
}

/// Writes a ConfigMap as YAML.
pub fn map(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: \"{value}\"\n"
    )
}
