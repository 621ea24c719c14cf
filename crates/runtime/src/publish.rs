//! Writing what a pass found into the object that it was about.

use std::time::Duration;

use flux_api::{Condition, Definition, Resource, ResourceStatus, conditions};
use flux_cluster::{Cluster, Error, Patch, Target, Write};
use flux_manifest::Object;
use serde_json::{Map, Value, json};

/// Why a result could not be written.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct PublishError(#[from] pub Error);

impl From<serde_json::Error> for PublishError {
    fn from(error: serde_json::Error) -> Self {
        Self(Error::Malformed(error.to_string()))
    }
}

/// Writes changed states of one resource, one after the other, as few patches as can be.
///
/// Only what changed since the last write is sent. Conditions that are not ours stay as whoever
/// owns them left them; ours are written whatever others made of them.
#[derive(Debug)]
pub struct Publisher<S: Definition> {
    cluster: Cluster,
    manager: &'static str,
    owned: &'static [&'static str],
    written: Resource<S>,
}

/// How often a write is repeated after somebody else was faster.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

impl<S: Definition> Publisher<S> {
    /// Begins with a resource as it was read.
    ///
    /// `manager` is the field manager; `owned` are the condition types that this controller sets.
    pub fn new(
        cluster: Cluster,
        manager: &'static str,
        owned: &'static [&'static str],
        read: Resource<S>,
    ) -> Self {
        Self { cluster, manager, owned, written: read }
    }

    /// Returns the resource as it was last read or written.
    pub fn written(&self) -> &Resource<S> {
        &self.written
    }

    /// Writes finalizers, labels, annotations and spec as far as they changed, then the status.
    /// All of `wanted` but its status becomes what the answer says.
    ///
    /// # Errors
    /// Whatever the server answers. That a resource being deleted is gone already is none.
    pub async fn publish(&mut self, wanted: &mut Resource<S>) -> Result<(), PublishError> {
        let result = match self.publish_object(wanted).await {
            Ok(()) => self.publish_status(wanted).await,
            Err(error) => Err(error),
        };
        wanted.metadata.resource_version.clone_from(&self.written.metadata.resource_version);
        match result {
            Err(PublishError(error)) if error.is_not_found() && wanted.is_deleting() => Ok(()),
            result => result,
        }
    }

    fn target(&self) -> Target {
        let metadata = &self.written.metadata;
        Target::new(Resource::<S>::gvk(), &metadata.namespace, &metadata.name)
    }

    async fn publish_object(&mut self, wanted: &mut Resource<S>) -> Result<(), PublishError> {
        let sides = [&self.written, &*wanted].map(|side| {
            let mut side = side.clone();
            side.status = S::Status::default();
            side.metadata.resource_version.clear();
            side.metadata.generation = 0;
            serde_json::to_value(&side)
        });
        let [before, after] = sides;
        let Some(mut patch) = merge_patch(&before?, &after?) else { return Ok(()) };
        // Two writers of finalizers would undo each other's work.
        let finalizers = self.written.metadata.finalizers != wanted.metadata.finalizers;
        if finalizers {
            patch["metadata"]["resourceVersion"] = json!(self.written.metadata.resource_version);
        }
        let write = Write::by(self.manager);
        let answer = self.cluster.patch(&self.target(), &Patch::Merge(patch), &write).await?;
        let answer = Resource::<S>::from_object(&answer)?;
        // What the answer holds beside our changes, as others have just written it or as a watch
        // leaves it out, is no difference that we want.
        wanted.metadata.clone_from(&answer.metadata);
        wanted.spec = answer.spec.clone();
        let status = std::mem::take(&mut self.written.status);
        self.written = Resource { status, ..answer };
        Ok(())
    }

    async fn publish_status(&mut self, wanted: &Resource<S>) -> Result<(), PublishError> {
        let before = serde_json::to_value(&self.written.status)?;
        let after = serde_json::to_value(&wanted.status)?;
        let Some(status) = merge_patch(&before, &after) else { return Ok(()) };
        let mut current = self.written.status.conditions().to_vec();
        let mut version = self.written.metadata.resource_version.clone();
        for attempt in 0.. {
            let patch = self.status_patch(status.clone(), wanted, &current, &version)?;
            let write = Write::by(self.manager).to("status");
            match self.cluster.patch(&self.target(), &Patch::Merge(patch), &write).await {
                Ok(answer) => {
                    self.accept(wanted, &answer)?;
                    return Ok(());
                }
                Err(error) if error.is_conflict() && attempt < ATTEMPTS => {
                    tokio::time::sleep(PAUSE * 2_u32.pow(attempt.min(4))).await;
                    let answer = self.cluster.get(&self.target()).await?;
                    answer.resource_version().clone_into(&mut version);
                    current = Resource::<S>::from_object(&answer)?.status.conditions().to_vec();
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Replaces the conditions of a patch by what must be in the object afterwards.
    fn status_patch(
        &self,
        mut status: Value,
        wanted: &Resource<S>,
        current: &[Condition],
        version: &str,
    ) -> Result<Value, serde_json::Error> {
        let mut patch = Map::new();
        let changed = status.get("conditions").is_some();
        if changed {
            let ours = |c: &&Condition| self.owned.contains(&c.kind.as_str());
            let mut merged: Vec<Condition> =
                wanted.status.conditions().iter().filter(ours).cloned().collect();
            merged.extend(current.iter().filter(|c| !ours(c)).cloned());
            merged.sort_by(conditions::order);
            status["conditions"] = serde_json::to_value(merged)?;
            // The list is written as a whole, so it must be made from the latest one.
            patch.insert("metadata".to_owned(), json!({ "resourceVersion": version }));
        }
        patch.insert("status".to_owned(), status);
        Ok(Value::Object(patch))
    }

    fn accept(&mut self, wanted: &Resource<S>, answer: &Object) -> Result<(), serde_json::Error> {
        let answer = Resource::<S>::from_object(answer)?;
        self.written.status = wanted.status.clone();
        self.written.metadata.resource_version = answer.metadata.resource_version;
        Ok(())
    }
}

/// Returns the JSON Merge Patch that makes `after` from `before`; `None` if they are equal.
fn merge_patch(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return Some(after.clone());
    };
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        match old.get(key) {
            None => {
                patch.insert(key.clone(), value.clone());
            }
            Some(old) => {
                if let Some(change) = merge_patch(old, value) {
                    patch.insert(key.clone(), change);
                }
            }
        }
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests;
