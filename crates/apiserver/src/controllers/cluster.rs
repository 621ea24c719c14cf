//! What controllers see of the cluster, and how they change it.

use std::sync::Arc;

use serde_json::Value;

use super::client::{Client, Failure};
use crate::clock::to_seconds_text;
use crate::meta;
use crate::registry::ResourceInfo;
use crate::server::Core;
use crate::store::{self, Collection};

/// The cluster in the eyes of one component.
#[derive(Clone)]
pub(super) struct Cluster {
    core: Arc<Core>,
    client: Client,
}

/// A resource of the cluster by group and plural name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) group: &'static str,
    pub(super) plural: &'static str,
}

impl Kind {
    pub(super) const fn new(group: &'static str, plural: &'static str) -> Self {
        Self { group, plural }
    }

    pub(super) fn collection(self) -> Collection {
        Collection::new(self.group, self.plural)
    }
}

impl Cluster {
    pub(super) fn new(core: Arc<Core>, component: &'static str) -> Self {
        Self { client: Client::new(core.clone(), component), core }
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the time as objects carry it.
    pub(super) fn now(&self) -> String {
        to_seconds_text(self.core.now())
    }

    /// Returns how a kind is served.
    pub(super) fn info(&self, kind: Kind) -> Option<Arc<ResourceInfo>> {
        self.core.registry.resources().any_version(kind.group, kind.plural).cloned()
    }

    /// Returns an object as it is stored.
    pub(super) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
        let key = store::key(namespace, name);
        Some(self.core.store.get(&kind.collection(), &key)?.to_value())
    }

    /// Returns the objects of a namespace as they are stored.
    pub(super) fn list(&self, kind: Kind, namespace: &str) -> Vec<Value> {
        let found = self.core.store.list(&kind.collection(), &store::prefix(namespace));
        found.iter().map(|stored| stored.to_value()).collect()
    }

    /// Returns the objects of a namespace that an object controls.
    pub(super) fn controlled(&self, kind: Kind, owner: &Value) -> Vec<Value> {
        let uid = meta::uid(owner);
        let mut all = self.list(kind, meta::namespace(owner));
        all.retain(|object| controller(object).is_some_and(|one| meta::text(one, "/uid") == uid));
        all
    }

    /// Creates an object; one that is there already is as good.
    pub(super) async fn create(&self, kind: Kind, object: &Value) -> Result<(), Failure> {
        let Some(info) = self.info(kind) else { return Ok(()) };
        match self.client.create(&info, object).await {
            Err(failure) if failure.code != 409 => Err(failure),
            _ => Ok(()),
        }
    }

    /// Deletes an object; one that is gone is as good.
    pub(super) async fn delete(&self, kind: Kind, object: &Value) -> Result<(), Failure> {
        let Some(info) = self.info(kind) else { return Ok(()) };
        let uid = meta::uid(object);
        let options =
            serde_json::json!({"preconditions": {"uid": uid}, "propagationPolicy": "Background"});
        match self.client.delete(&info, object, &options).await {
            Err(failure) if !failure.is_stale() => Err(failure),
            _ => Ok(()),
        }
    }

    /// Writes a status that differs from the stored one. A conflict means that an event follows.
    pub(super) async fn write_status(
        &self,
        kind: Kind,
        object: &Value,
        status: Value,
    ) -> Result<(), Failure> {
        if object.get("status") == Some(&status) {
            return Ok(());
        }
        let Some(info) = self.info(kind) else { return Ok(()) };
        let mut next = object.clone();
        meta::map(&mut next).insert("status".to_owned(), status);
        match self.client.update_status(&info, &next).await {
            Err(failure) if !failure.is_stale() => Err(failure),
            _ => Ok(()),
        }
    }

    /// Changes an object by a merge patch. A conflict means that an event follows.
    pub(super) async fn patch(
        &self,
        kind: Kind,
        object: &Value,
        patch: &Value,
    ) -> Result<(), Failure> {
        let Some(info) = self.info(kind) else { return Ok(()) };
        match self.client.patch(&info, object, patch).await {
            Err(failure) if !failure.is_stale() => Err(failure),
            _ => Ok(()),
        }
    }
}

/// Returns the owner reference of the controller.
pub(super) fn controller(object: &Value) -> Option<&Value> {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().find(|owner| owner["controller"] == true)
}
