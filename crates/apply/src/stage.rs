//! One stage: look at every object first, then write those that differ.

use std::collections::BTreeSet;
use std::time::Duration;

use flux_cluster::{Cluster, Deletion, Patch, Target, Write};
use flux_manifest::{Object, ObjectId};
use flux_plan::{
    Action, Change, ChangeSet, Switches, cleanup, has_drifted, is_immutable, is_switched,
    migrate_api_version, respect_ignored, takeover,
};
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;

use crate::Failure;
use crate::engine::{Applied, Engine, Recreate};

/// Objects that are not applied, whether they say so in the source or in the cluster.
const IGNORED: Switches<'_> = &[
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
    ("kustomize.toolkit.fluxcd.io/ssa", "Ignore"),
];
/// Objects that are only created.
const ONCE: Switches<'_> = &[("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent")];
/// Objects whose fields other managers keep.
const MERGED: Switches<'_> = &[("kustomize.toolkit.fluxcd.io/ssa", "Merge")];
/// Objects that are recreated where an immutable field would have to change.
const FORCED: Switches<'_> = &[("kustomize.toolkit.fluxcd.io/force", "enabled")];

/// How often an object that must go is looked for.
const GONE_INTERVAL: Duration = Duration::from_secs(2);

/// What is to be done with one object.
#[derive(Debug)]
pub(crate) enum Decision {
    Leave { change: Change, live: Option<Object> },
    Write { change: Change, payload: Object },
}

/// What was found out about one object.
struct Seen {
    live: Option<Object>,
    dry_run: Object,
}

/// Either an object that is left alone, or what the server makes of it.
enum Looked {
    Skipped(Change, Option<Object>),
    Seen(Seen),
}

impl Engine {
    /// Finds out what is to be done with the objects of one stage, unless any is refused.
    pub(crate) async fn look_at(
        &self,
        objects: Vec<Object>,
        expected: &BTreeSet<ObjectId>,
    ) -> Result<Vec<Decision>, Failure> {
        let look = |object: Object| async move {
            let is_expected = expected.contains(&object.id());
            self.decide(object, is_expected).await
        };
        futures::stream::iter(objects)
            .map(look)
            .buffered(self.settings.concurrency.max(1))
            .try_collect()
            .await
    }

    /// Writes what differs, one after the other.
    pub(crate) async fn write(&self, decisions: Vec<Decision>) -> Result<Applied, Failure> {
        let mut applied = Applied { changes: ChangeSet::default(), live: Vec::new() };
        for decision in decisions {
            let (change, live) = match decision {
                Decision::Leave { change, live } => (change, live),
                Decision::Write { change, payload } => {
                    let write = Write::by(self.settings.manager).forced();
                    let written = self.cluster.apply(&payload, &write).await;
                    let failed =
                        |source| Failure::Apply { subject: payload.id().subject(), source };
                    (change, Some(written.map_err(failed)?))
                }
            };
            applied.changes.changes.push(change);
            applied.live.push(live);
        }
        Ok(applied)
    }

    /// Finds out what is to be done with one object.
    async fn decide(&self, object: Object, is_expected: bool) -> Result<Decision, Failure> {
        let Seen { live, dry_run } = match self.look(&object, is_expected).await? {
            Looked::Skipped(change, live) => return Ok(Decision::Leave { change, live }),
            Looked::Seen(seen) => seen,
        };
        let cleaned = self.clean_up(&object, live.as_ref()).await?;
        let rules = &self.settings.ignored;
        if !cleaned && !has_drifted(live.as_ref(), &dry_run, rules) {
            let change = Change::new(&dry_run, Action::Unchanged);
            return Ok(Decision::Leave { change, live });
        }
        if dry_run.resource_version().is_empty() {
            let change = Change::new(&dry_run, Action::Created);
            return Ok(Decision::Write { change, payload: object });
        }
        let payload = match &live {
            Some(live) if !rules.is_empty() => {
                respect_ignored(&object, live, &dry_run, (rules, self.settings.manager))
            }
            _ => object,
        };
        Ok(Decision::Write { change: Change::new(&dry_run, Action::Configured), payload })
    }

    async fn look(&self, object: &Object, is_expected: bool) -> Result<Looked, Failure> {
        let special = [IGNORED, ONCE].iter().any(|switches| is_switched(object, switches));
        if is_expected || special || self.settings.migrate_api_version {
            return self.look_twice(object).await;
        }
        match self.dry_run(object).await {
            Ok(dry_run) if dry_run.resource_version().is_empty() => {
                Ok(Looked::Seen(Seen { live: None, dry_run }))
            }
            // It is there after all, or refused: what it says about itself decides.
            _ => self.look_twice(object).await,
        }
    }

    /// Reads the live object, then asks what applying would make of it.
    async fn look_twice(&self, object: &Object) -> Result<Looked, Failure> {
        let read = self.cluster.get(&Target::of(object)).await;
        let is_absent = read.as_ref().is_err_and(flux_cluster::Error::is_not_found);
        // Any other failure to read shows again in the dry run, which tells more.
        let live = read.ok();
        if let Some(change) = skip(object, live.as_ref()) {
            return Ok(Looked::Skipped(change, live));
        }
        if let Some(live) = &live
            && self.settings.migrate_api_version
        {
            self.migrate(live, object.api_version()).await?;
        }
        let error = match self.dry_run(object).await {
            Ok(dry_run) => return Ok(Looked::Seen(Seen { live, dry_run })),
            Err(error) => error,
        };
        if is_absent || !self.may_recreate(object, live.as_ref(), &error) {
            return Err(Failure::dry_run(object, error));
        }
        self.remove(object).await?;
        let dry_run = self.dry_run(object).await.map_err(|e| Failure::dry_run(object, e))?;
        Ok(Looked::Seen(Seen { live: None, dry_run }))
    }

    async fn dry_run(&self, object: &Object) -> flux_cluster::Result<Object> {
        self.cluster.apply(object, &Write::by(self.settings.manager).forced().dry_run()).await
    }

    fn may_recreate(
        &self,
        object: &Object,
        live: Option<&Object>,
        error: &flux_cluster::Error,
    ) -> bool {
        let asked = [Some(object), live].into_iter().flatten().any(|it| is_switched(it, FORCED));
        is_immutable(error.reason(), &error.to_string())
            && (self.settings.recreate == Recreate::Always || asked)
    }

    /// Deletes an object and waits until it is gone.
    async fn remove(&self, object: &Object) -> Result<(), Failure> {
        let (target, subject) = (Target::of(object), object.id().subject());
        match self.cluster.delete(&target, &Deletion::default()).await {
            Ok(()) => {}
            Err(error) if error.is_not_found() => {}
            Err(source) => return Err(Failure::Delete { subject, source }),
        }
        loop {
            match self.cluster.find(&target).await {
                Ok(None) => return Ok(()),
                Ok(Some(_)) => tokio::time::sleep(GONE_INTERVAL).await,
                Err(source) => return Err(Failure::Linger { subject, source }),
            }
        }
    }

    async fn migrate(&self, live: &Object, version: &str) -> Result<(), Failure> {
        let Some(patch) = migrate_api_version(live, version) else { return Ok(()) };
        let write = Write::by(self.settings.manager);
        let result = self.cluster.patch(&Target::of(live), &Patch::Json(patch), &write).await;
        let failed = |source| Failure::Migrate {
            subject: live.id().subject(),
            version: version.to_owned(),
            source,
        };
        result.map(drop).map_err(failed)
    }

    /// Removes what kubectl left and takes its fields over; tells whether there was anything.
    async fn clean_up(&self, object: &Object, live: Option<&Object>) -> Result<bool, Failure> {
        let Some(live) = live else { return Ok(false) };
        if is_switched(object, MERGED) || is_switched(live, MERGED) {
            return Ok(false);
        }
        let mut patch = cleanup(live);
        let managed = live.pointer("/metadata/managedFields").and_then(Value::as_array);
        let managed = managed.map(Vec::as_slice).unwrap_or_default();
        let taken = takeover(managed, &self.settings.takeover, self.settings.manager);
        if let Some(Value::Array(operations)) = taken {
            patch.extend(operations);
        }
        if patch.is_empty() {
            return Ok(false);
        }
        let write = Write::by(self.settings.manager);
        let patch = Patch::Json(Value::Array(patch));
        let result = self.cluster.patch(&Target::of(live), &patch, &write).await;
        let failed = |source| Failure::Cleanup { subject: live.id().subject(), source };
        result.map(|_| true).map_err(failed)
    }
}

/// Returns the entry of an object that is left alone.
fn skip(object: &Object, live: Option<&Object>) -> Option<Change> {
    let ignored = [Some(object), live].into_iter().flatten().any(|it| is_switched(it, IGNORED));
    let once = live.is_some() && is_switched(object, ONCE);
    // A live object knows its namespace better than the source.
    (ignored || once).then(|| Change::new(live.unwrap_or(object), Action::Skipped))
}

/// What applying one object would change.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What would become of it.
    pub change: Change,
    /// As it is and as it would be, where both are there and differ.
    pub sides: Option<(Object, Object)>,
}

/// Finds out what applying an object would change, without writing anything.
///
/// # Errors
/// An object that the server would refuse, unless it would be recreated.
pub async fn difference(
    cluster: &Cluster,
    object: &Object,
    settings: &crate::Settings,
) -> Result<Difference, Failure> {
    let engine = Engine::new(cluster.clone(), cluster.clone(), settings.clone());
    let live = cluster.get(&Target::of(object)).await.ok();
    if let Some(change) = skip(object, live.as_ref()) {
        return Ok(Difference { change, sides: None });
    }
    let dry_run = match engine.dry_run(object).await {
        Ok(dry_run) => dry_run,
        Err(error) if engine.may_recreate(object, live.as_ref(), &error) => {
            return Ok(Difference { change: Change::new(object, Action::Created), sides: None });
        }
        Err(error) => return Err(Failure::dry_run(object, error)),
    };
    let action = match &live {
        _ if dry_run.resource_version().is_empty() => Action::Created,
        live if has_drifted(live.as_ref(), &dry_run, &settings.ignored) => Action::Configured,
        _ => Action::Unchanged,
    };
    let change = Change::new(&dry_run, action);
    let sides = live.filter(|_| action == Action::Configured).map(|live| (live, dry_run));
    Ok(Difference { change, sides })
}
