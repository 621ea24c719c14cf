//! The stages, one after the other.

use std::collections::BTreeSet;
use std::time::Duration;

use flux_cluster::Cluster;
use flux_manifest::{Object, ObjectId};
use flux_plan::{
    ChangeSet, CustomStage, IgnoreRules, ManagerRule, Owner, Stage, drop_bad_ca_bundle, stages,
};

use crate::wait::{Awaited, FailFast, Judge, WaitOptions};
use crate::{ApplyError, Failure};

/// Whether objects are recreated where an immutable field would have to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recreate {
    /// Only objects that ask for it.
    #[default]
    OnRequest,
    /// All of them.
    Always,
}

/// How the objects of one owner are applied.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The field manager.
    pub manager: &'static str,
    /// Who owns the objects.
    pub owner: Owner,
    /// Whether objects are recreated.
    pub recreate: Recreate,
    /// Fields that others may change.
    pub ignored: IgnoreRules,
    /// Kinds with a stage of their own.
    pub custom_stages: Vec<CustomStage>,
    /// Whose fields are taken over.
    pub takeover: Vec<ManagerRule>,
    /// How many objects of a stage are looked at at once.
    pub concurrency: usize,
    /// Whether managed fields follow the API version of what is applied.
    pub migrate_api_version: bool,
}

/// What became of all objects.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// What became of each, in the order of application.
    pub changes: ChangeSet,
    /// Each object as the server has it, in the same order; `None` where it was not asked.
    pub live: Vec<Option<Object>>,
}

impl Applied {
    /// Returns what is to be waited for: everything that was not skipped.
    pub fn awaited(&self, judge: &Judge<'_>) -> Vec<Awaited> {
        let pairs = self.changes.changes.iter().zip(&self.live);
        let kept = pairs.filter(|(change, _)| change.action != flux_plan::Action::Skipped);
        kept.map(|(change, live)| Awaited::of(change, live.as_ref(), judge)).collect()
    }
}

/// Applies and deletes the objects of one owner.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) cluster: Cluster,
    pub(crate) watcher: Cluster,
    pub(crate) settings: Settings,
}

/// How long one stage waits for the objects of the stage before.
const STAGE_TIMEOUT: Duration = Duration::from_secs(60);

impl Engine {
    /// Makes an engine that acts through `cluster` and learns through `watcher` that something
    /// changed; what has changed is always read through `cluster`.
    pub fn new(cluster: Cluster, watcher: Cluster, settings: Settings) -> Self {
        Self { cluster, watcher, settings }
    }

    /// Applies objects, definitions first, waiting in between for what the rest needs.
    ///
    /// `expected` are the objects that are probably there already: for others the first request
    /// is saved that would only find nothing.
    ///
    /// # Errors
    /// The first object that is refused. Its stage is not applied, earlier ones are and stay.
    pub async fn apply(
        &self,
        objects: Vec<Object>,
        expected: &BTreeSet<ObjectId>,
        judge: &Judge<'_>,
    ) -> Result<Applied, ApplyError> {
        let mut total = Applied::default();
        for (stage, mut members) in stages(objects, &self.settings.custom_stages) {
            members.iter_mut().for_each(drop_bad_ca_bundle);
            match self.stage(stage, members, expected, judge).await {
                Ok(applied) => {
                    total.changes.append(applied.changes);
                    total.live.extend(applied.live);
                }
                Err(StageError { done, failure }) => {
                    total.changes.append(done);
                    return Err(ApplyError { done: total.changes, failure });
                }
            }
        }
        Ok(total)
    }

    async fn stage(
        &self,
        stage: Stage,
        members: Vec<Object>,
        expected: &BTreeSet<ObjectId>,
        judge: &Judge<'_>,
    ) -> Result<Applied, StageError> {
        let nothing = |failure| StageError { done: ChangeSet::default(), failure };
        let applied = self.apply_stage(members, expected).await.map_err(nothing)?;
        if stage.is_awaited() {
            let all = applied.changes.changes.iter().zip(&applied.live);
            let set = all.map(|(change, live)| Awaited::of(change, live.as_ref(), judge));
            let options = WaitOptions {
                timeout: STAGE_TIMEOUT,
                fail_fast: FailFast::No,
                jobs_with_ttl: BTreeSet::new(),
            };
            if let Err(unhealthy) = self.wait_healthy(set.collect(), &options, judge).await {
                let failure = Failure::Unhealthy(unhealthy);
                return Err(StageError { done: applied.changes, failure });
            }
        }
        Ok(applied)
    }
}

struct StageError {
    done: ChangeSet,
    failure: Failure,
}
