//! Deleting what is no longer wanted.

use flux_cluster::{Deletion, Target};
use flux_manifest::ObjectId;
use flux_plan::{Action, Change, ChangeSet, Switches, delete_order, is_switched};
use std::collections::BTreeMap;

use crate::{Engine, PruneError};

/// Objects that stay, if they say so in the cluster.
const KEPT: Switches<'_> = &[
    ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
    ("kustomize.toolkit.fluxcd.io/ssa", "Ignore"),
];

/// What became of objects that were to be deleted.
#[derive(Clone, Debug, Default)]
pub struct Pruned {
    /// What became of each, in the order of deletion.
    pub changes: ChangeSet,
    /// What the server refused.
    pub error: Option<PruneError>,
}

impl Engine {
    /// Deletes objects in the reverse order of application, those of this owner only.
    ///
    /// An object that is gone counts as deleted; one that belongs to somebody else, or asks to
    /// stay, is skipped. Whatever fails, the rest is still tried.
    pub async fn prune(&self, objects: &[(ObjectId, String)]) -> Pruned {
        let versions: BTreeMap<&ObjectId, &String> =
            objects.iter().map(|(id, version)| (id, version)).collect();
        let mut ids: Vec<ObjectId> = objects.iter().map(|(id, _)| id.clone()).collect();
        delete_order(&mut ids);
        let (mut changes, mut errors) = (ChangeSet::default(), String::new());
        for id in ids {
            let version = versions.get(&id).map(|v| (*v).clone()).unwrap_or_default();
            let (action, error) = self.delete(&id, &version).await;
            if let Some(error) = error {
                errors.push_str(&format!("{} {error};", id.subject()));
            }
            changes.changes.push(Change { id, version, action });
        }
        let error = (!errors.is_empty()).then_some(PruneError { text: errors });
        Pruned { changes, error }
    }

    async fn delete(&self, id: &ObjectId, version: &str) -> (Action, Option<String>) {
        let target = target(id, version);
        let live = match self.cluster.find(&target).await {
            Ok(Some(live)) => live,
            Ok(None) => return (Action::Deleted, None),
            Err(error) => return (Action::Unknown, Some(format!("query failed: {error}"))),
        };
        if !self.settings.owner.owns(&live) || is_switched(&live, KEPT) {
            return (Action::Skipped, None);
        }
        match self.cluster.delete(&target, &Deletion::default()).await {
            Ok(()) => (Action::Deleted, None),
            Err(error) => (Action::Unknown, Some(format!("delete failed: {error}"))),
        }
    }
}

/// Names the object of an inventory entry.
pub(crate) fn target(id: &ObjectId, version: &str) -> Target {
    let kind = flux_manifest::GroupVersionKind::new(&id.group, version, &id.kind);
    Target::new(kind, &id.namespace, &id.name)
}
