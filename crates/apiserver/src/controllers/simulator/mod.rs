//! Workloads as if they ran: Pods become ready, and what made them follows.
//!
//! Nothing runs. The simulator makes the ReplicaSets, Pods and claims that controllers would make,
//! and writes the statuses that kubelets and controllers would write. The annotation [`BEHAVIOUR`]
//! on a workload or on its template of Pods changes what its Pods do.

mod behaviour;
mod claims;
mod daemon_sets;
mod deployments;
mod jobs;
mod pods;
mod replica_sets;
mod stateful_sets;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

pub use behaviour::BEHAVIOUR;

use super::client::Failure;
use super::cluster::{Cluster, Kind, controller};
use crate::meta;
use crate::server::Core;
use crate::store::{Collection, EventKind};

const PODS: Kind = Kind::new("", "pods");
const CLAIMS: Kind = Kind::new("", "persistentvolumeclaims");
const VOLUMES: Kind = Kind::new("", "persistentvolumes");
const ACCOUNTS: Kind = Kind::new("", "serviceaccounts");
const DEPLOYMENTS: Kind = Kind::new("apps", "deployments");
const REPLICA_SETS: Kind = Kind::new("apps", "replicasets");
const STATEFUL_SETS: Kind = Kind::new("apps", "statefulsets");
const DAEMON_SETS: Kind = Kind::new("apps", "daemonsets");
const JOBS: Kind = Kind::new("batch", "jobs");

/// What is followed; also the order in which things are looked at.
const FOLLOWED: [Kind; 9] =
    [DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, JOBS, CLAIMS, VOLUMES, PODS, ACCOUNTS];

/// The workloads that make Pods themselves.
const MAKERS: [Kind; 4] = [REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, JOBS];

/// How many events of a collection are read at once.
const BATCH: usize = 1024;

/// Simulates until the server stops.
pub(super) async fn run(core: Arc<Core>) {
    let mut changed = core.store.subscribe_all();
    let mut stopping = core.stopping.subscribe();
    let mut simulator = Simulator {
        cluster: Cluster::new(core, "kube-controller-manager"),
        seen: HashMap::new(),
        begun: HashMap::new(),
        due: BTreeMap::new(),
    };
    loop {
        changed.mark_unchanged();
        let mut keys = simulator.read();
        keys.extend(simulator.take_due());
        for key in keys {
            simulator.look_at(key).await;
        }
        let next = simulator.due.first_key_value().map(|((at, _), _)| *at);
        let timer = tokio::time::sleep_until(next.unwrap_or_else(Instant::now));
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { return },
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = timer, if next.is_some() => {}
        }
    }
}

/// An object to look at: the place of its kind in [`FOLLOWED`], namespace and name.
type Key = (usize, String, String);

struct Simulator {
    cluster: Cluster,
    /// Up to where each collection was read.
    seen: HashMap<usize, u64>,
    /// Since when objects are known, by uid: what happens after a while is counted from there.
    begun: HashMap<String, Instant>,
    /// What has to be looked at later.
    due: BTreeMap<(Instant, Key), ()>,
}

impl Simulator {
    fn read(&mut self) -> BTreeSet<Key> {
        let mut keys = BTreeSet::new();
        for (place, kind) in FOLLOWED.iter().enumerate() {
            let collection = kind.collection();
            loop {
                let events = match self.seen.get(&place) {
                    Some(revision) => {
                        self.cluster.core().store.events_after(&collection, *revision, BATCH).ok()
                    }
                    None => None,
                };
                let Some(events) = events else {
                    self.read_all(place, &collection, &mut keys);
                    break;
                };
                let Some(last) = events.last() else { break };
                self.seen.insert(place, last.object.revision);
                for event in &events {
                    let object = event.object.to_value();
                    self.note(place, &object, event.kind == EventKind::Deleted, &mut keys);
                }
            }
        }
        keys
    }

    fn read_all(&mut self, place: usize, collection: &Collection, keys: &mut BTreeSet<Key>) {
        let page = self.cluster.core().store.page(collection, "");
        self.seen.insert(place, page.revision);
        for stored in page.items {
            self.note(place, &stored.to_value(), false, keys);
        }
    }

    /// Notes what an event of an object concerns: itself and what controls it.
    fn note(&mut self, place: usize, object: &Value, gone: bool, keys: &mut BTreeSet<Key>) {
        let namespace = meta::namespace(object);
        let uid = meta::uid(object);
        if gone {
            self.begun.remove(uid);
        } else {
            self.begun.entry(uid.to_owned()).or_insert_with(Instant::now);
            keys.insert((place, namespace.to_owned(), meta::name(object).to_owned()));
        }
        if FOLLOWED.get(place) == Some(&ACCOUNTS) {
            // Pods that were refused for lack of an account may be made now.
            for kind in MAKERS {
                for maker in self.cluster.list(kind, namespace) {
                    keys.extend(key_of(kind, namespace, meta::name(&maker)));
                }
            }
            return;
        }
        if let Some(owner) = controller(object) {
            let kind = match meta::text(owner, "/kind") {
                "Deployment" => DEPLOYMENTS,
                "ReplicaSet" => REPLICA_SETS,
                "StatefulSet" => STATEFUL_SETS,
                "DaemonSet" => DAEMON_SETS,
                "Job" => JOBS,
                _ => return,
            };
            keys.extend(key_of(kind, namespace, meta::text(owner, "/name")));
        }
    }

    fn take_due(&mut self) -> BTreeSet<Key> {
        let now = Instant::now();
        let mut keys = BTreeSet::new();
        while let Some(((at, _), ())) = self.due.first_key_value() {
            if *at > now {
                break;
            }
            if let Some(((_, key), ())) = self.due.pop_first() {
                keys.insert(key);
            }
        }
        keys
    }

    async fn look_at(&mut self, key: Key) {
        let (place, namespace, name) = &key;
        let Some(kind) = FOLLOWED.get(*place).copied() else { return };
        let Some(object) = self.cluster.get(kind, namespace, name) else { return };
        let begun = self.begun.get(meta::uid(&object)).copied().unwrap_or_else(Instant::now);
        let age = begun.elapsed();
        let cluster = &self.cluster;
        let again = match kind {
            PODS => pods::run(cluster, &object, age).await,
            CLAIMS => claims::bind(cluster, &object).await,
            VOLUMES => claims::offer(cluster, &object).await,
            DEPLOYMENTS => deployments::roll(cluster, &object).await,
            REPLICA_SETS => replica_sets::scale(cluster, &object).await,
            STATEFUL_SETS => stateful_sets::roll(cluster, &object).await,
            DAEMON_SETS => daemon_sets::place(cluster, &object).await,
            JOBS => jobs::run(cluster, &object, age).await,
            _ => Ok(Later::Never),
        };
        match again {
            Ok(Later::Never) => {}
            Ok(Later::At(age)) => {
                self.due.insert((begun + age, key), ());
            }
            Ok(Later::In(span)) => {
                self.due.insert((Instant::now() + span, key), ());
            }
            Err(failure) => {
                tracing::warn!(name = key.2, error = %failure, "workload is not simulated");
            }
        }
    }
}

fn key_of(kind: Kind, namespace: &str, name: &str) -> Option<Key> {
    let place = FOLLOWED.iter().position(|one| *one == kind)?;
    Some((place, namespace.to_owned(), name.to_owned()))
}

/// When an object has to be looked at again without an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Later {
    Never,
    /// When the object is known for so long.
    At(Duration),
    /// After so long.
    In(Duration),
}

type Outcome = Result<Later, Failure>;

/// Returns the owner reference that marks what an object makes.
fn owned_by(owner: &Value, api_version: &str, kind: &str) -> Value {
    json!([{
        "apiVersion": api_version, "kind": kind, "name": meta::name(owner),
        "uid": meta::uid(owner), "controller": true, "blockOwnerDeletion": true,
    }])
}

/// Makes a Pod from the template of a workload.
struct NewPod<'a> {
    owner: &'a Value,
    owner_version: &'static str,
    owner_kind: &'static str,
    template: &'a Value,
    /// The name; empty for one that the server makes up.
    name: String,
    labels: Vec<(&'static str, String)>,
}

impl NewPod<'_> {
    fn object(self) -> Value {
        let mut metadata = json!({
            "namespace": meta::namespace(self.owner),
            "labels": self.template["metadata"]["labels"],
            "annotations": self.template["metadata"]["annotations"],
            "ownerReferences": owned_by(self.owner, self.owner_version, self.owner_kind),
        });
        if self.name.is_empty() {
            metadata["generateName"] = format!("{}-", meta::name(self.owner)).into();
        } else {
            metadata["name"] = self.name.into();
        }
        let labels = meta::map(&mut metadata["labels"]);
        for (key, value) in self.labels {
            labels.insert(key.to_owned(), value.into());
        }
        if let Some(behaviour) = behaviour::text(&self.owner["metadata"]) {
            let annotations = meta::map(&mut metadata["annotations"]);
            annotations.entry(BEHAVIOUR).or_insert_with(|| behaviour.into());
        }
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": self.template["spec"]})
    }
}

/// Tells whether a Pod counts for the workload that made it.
fn is_active(pod: &Value) -> bool {
    !meta::is_deleting(pod) && !matches!(meta::text(pod, "/status/phase"), "Failed" | "Succeeded")
}

/// Tells whether a Pod is ready.
fn is_ready(pod: &Value) -> bool {
    is_active(pod) && crate::crd::is_true(pod, "Ready")
}

/// Returns a short name for a template, the same for equal ones.
fn template_hash(template: &Value) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    // FNV-1a over the text, in letters that form no words.
    let mut hash: u32 = 0x811c_9dc5;
    for byte in template.to_string().bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let digits = hash.to_string();
    digits
        .bytes()
        .map(|digit| char::from(LETTERS.get(usize::from(digit - b'0')).copied().unwrap_or(b'x')))
        .collect()
}

fn count(number: usize) -> Value {
    Value::from(u64::try_from(number).unwrap_or(u64::MAX))
}

/// Sets a field unless the number is 0, as Go leaves out empty numbers.
fn set_count(status: &mut Value, key: &str, number: usize) {
    let value = (number > 0).then(|| count(number));
    meta::set(meta::map(status), key, value);
}

fn replicas(object: &Value) -> usize {
    let wanted = object["spec"]["replicas"].as_u64().unwrap_or(1);
    usize::try_from(wanted).unwrap_or(usize::MAX)
}

/// Sets a condition in a status.
fn set_condition(cluster: &Cluster, status: &mut Value, parts: [&str; 4]) {
    let mut holder = json!({"status": status.take()});
    crate::crd::set_condition(&mut holder, parts, &cluster.now());
    *status = holder["status"].take();
}
