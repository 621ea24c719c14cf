//! All that a pass reads before it decides.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use flux_api::{
    Artifact, Bucket, BucketSpec, DependencyReference, ExternalArtifact, ExternalArtifactSpec,
    GitRepository, GitRepositorySpec, Kustomization, KustomizationSpec, OciRepository,
    OciRepositorySpec, Resource, SourceKind,
};
use flux_cluster::{Cluster, Error, Key, Store, Target};
use flux_manifest::{GroupVersionKind, Object};

/// What a pass knows when it decides.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// The object itself.
    pub(crate) kustomization: Kustomization,
    /// Its source.
    pub(crate) source: Source,
    /// What it depends on, in the order of the spec; read only once there is an artifact.
    pub(crate) dependencies: Vec<Dependency>,
}

/// What was found of a source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// Nobody looked, because it would make no difference.
    NotRead,
    /// It is there.
    Found(Option<Artifact>),
    /// It is not there.
    Missing(String),
    /// Nobody can tell.
    Unreadable(String),
}

/// Something that must be ready first.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    pub(crate) reference: DependencyReference,
    pub(crate) key: Key,
    /// The Kustomization, or why it could not be read.
    pub(crate) found: Result<Arc<Object>, String>,
}

/// The objects that watches have brought.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    pub(crate) kustomizations: Store,
    pub(crate) sources: BTreeMap<SourceKind, Store>,
}

/// Reads what passes need, from watches where they know enough.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) cluster: Cluster,
    pub(crate) stores: Stores,
    /// Whether sources are read from the server each time.
    pub(crate) direct_sources: bool,
    /// The versions that we wrote ourselves and that the watch may not have brought yet.
    pub(crate) written: Mutex<BTreeMap<Key, String>>,
}

impl Observer {
    /// Reads the object; `None` if it is gone.
    pub(crate) async fn kustomization(&self, key: &Key) -> Result<Option<Kustomization>, Error> {
        let seen = self.stores.kustomizations.get(key);
        let written = self.lock().get(key).cloned();
        let object = match seen {
            Some(object) if is_as_new(object.resource_version(), written.as_deref()) => object,
            None if written.is_none() => return Ok(None),
            _ => {
                let target = Target::new(Kustomization::gvk(), &key.namespace, &key.name);
                match self.cluster.find(&target).await? {
                    Some(object) => Arc::new(object),
                    None => {
                        self.lock().remove(key);
                        return Ok(None);
                    }
                }
            }
        };
        let typed = Resource::<KustomizationSpec>::from_object(&object);
        typed.map(Some).map_err(|e| Error::Malformed(e.to_string()))
    }

    /// Remembers which version of an object we wrote.
    pub(crate) fn wrote(&self, key: &Key, version: &str) {
        self.lock().insert(key.clone(), version.to_owned());
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, String>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the source of a Kustomization.
    pub(crate) async fn source(&self, kustomization: &Kustomization) -> Source {
        let reference = &kustomization.spec.source_ref;
        let key = source_key(kustomization);
        let store = self.stores.sources.get(&reference.kind).filter(|_| !self.direct_sources);
        let object = match store.filter(|store| store.is_synced()) {
            Some(store) => store.get(&key),
            None => {
                let target = Target::new(source_gvk(reference.kind), &key.namespace, &key.name);
                match self.cluster.find(&target).await {
                    Ok(object) => object.map(Arc::new),
                    Err(error) => {
                        return Source::Unreadable(format!(
                            "unable to get source '{key}': {error}"
                        ));
                    }
                }
            }
        };
        match object {
            Some(object) => Source::Found(artifact(reference.kind, &object)),
            None => {
                let gvk = source_gvk(reference.kind);
                let (kind, group, name) = (gvk.kind, gvk.group, &reference.name);
                Source::Missing(format!("{kind}.{group} \"{name}\" not found"))
            }
        }
    }

    /// Reads what a Kustomization depends on. What the watch knows to be not ready is not asked
    /// for again: the event that makes it ready brings us back.
    pub(crate) async fn dependencies(&self, kustomization: &Kustomization) -> Vec<Dependency> {
        let mut dependencies = Vec::new();
        for reference in &kustomization.spec.depends_on {
            let own = &kustomization.metadata.namespace;
            let namespace = reference.namespace.as_ref().filter(|n| !n.is_empty()).unwrap_or(own);
            let key = Key::new(namespace, &reference.name);
            let target = Target::new(Kustomization::gvk(), namespace, &reference.name);
            let found = match self.stores.kustomizations.get(&key) {
                Some(object) if !is_ready(&object) && reference.ready_expr.is_none() => Ok(object),
                _ => self.cluster.get(&target).await.map(Arc::new).map_err(|e| e.to_string()),
            };
            dependencies.push(Dependency { reference: reference.clone(), key, found });
        }
        dependencies
    }
}

fn is_ready(object: &Object) -> bool {
    let typed = Resource::<KustomizationSpec>::from_object(object);
    typed.is_ok_and(|it| flux_api::conditions::is_true(&it.status.conditions, READY))
}

use flux_api::names::condition::READY;

/// Tells whether what a watch brought is at least as new as what we wrote.
///
/// Versions are numbers on every server that there is; where they are not, only the very version
/// that we wrote is new enough.
fn is_as_new(seen: &str, written: Option<&str>) -> bool {
    let Some(written) = written else { return true };
    match (seen.parse::<u64>(), written.parse::<u64>()) {
        (Ok(seen), Ok(written)) => seen >= written,
        _ => seen == written,
    }
}

/// Names the source of a Kustomization.
pub(crate) fn source_key(kustomization: &Kustomization) -> Key {
    let reference = &kustomization.spec.source_ref;
    let own = &kustomization.metadata.namespace;
    let namespace = reference.namespace.as_ref().filter(|n| !n.is_empty()).unwrap_or(own);
    Key::new(namespace, &reference.name)
}

/// Returns the kind of a source.
pub(crate) fn source_gvk(kind: SourceKind) -> GroupVersionKind {
    match kind {
        SourceKind::GitRepository => GitRepository::gvk(),
        SourceKind::OciRepository => OciRepository::gvk(),
        SourceKind::Bucket => Bucket::gvk(),
        SourceKind::ExternalArtifact => ExternalArtifact::gvk(),
    }
}

/// Reads the artifact of a source; one that cannot be read counts as missing.
pub(crate) fn artifact(kind: SourceKind, object: &Object) -> Option<Artifact> {
    match kind {
        SourceKind::GitRepository => {
            Resource::<GitRepositorySpec>::from_object(object).ok()?.status.artifact
        }
        SourceKind::OciRepository => {
            Resource::<OciRepositorySpec>::from_object(object).ok()?.status.artifact
        }
        SourceKind::Bucket => Resource::<BucketSpec>::from_object(object).ok()?.status.artifact,
        SourceKind::ExternalArtifact => {
            Resource::<ExternalArtifactSpec>::from_object(object).ok()?.status.artifact
        }
    }
}
