//! The stages, one after the other.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use flux_cluster::Cluster;
use flux_manifest::{Object, ObjectId};
use flux_plan::{
    Change, ChangeSet, CustomStage, IgnoreRules, ManagerRule, Owner, Stage, drop_bad_ca_bundle,
    stages,
};

use crate::stage::Decision;
use crate::wait::{Awaited, FailFast, Judge, Unhealthy, WaitOptions};
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

    /// Begins to apply objects, definitions first.
    ///
    /// `expected` are the objects that are probably there already: for others the first request
    /// is saved that would only find nothing.
    pub fn begin(&self, objects: Vec<Object>, expected: BTreeSet<ObjectId>) -> Run<'_> {
        let stages = stages(objects, &self.settings.custom_stages).into_iter().collect();
        Run { engine: self, stages, expected, done: Applied::default() }
    }
}

/// The application of objects, stage by stage: [`Run::look`], [`Run::write`], [`Run::settle`],
/// until there is nothing to look at.
///
/// The steps are apart so that a caller can note what is about to come into being, and can do
/// other work while a stage settles.
#[derive(Debug)]
pub struct Run<'a> {
    engine: &'a Engine,
    stages: VecDeque<(Stage, Vec<Object>)>,
    expected: BTreeSet<ObjectId>,
    done: Applied,
}

/// A stage that the server would accept as it is.
#[derive(Debug)]
pub struct Looked {
    stage: Stage,
    decisions: Vec<Decision>,
}

impl Looked {
    /// Returns what will be written.
    pub fn writes(&self) -> impl Iterator<Item = &Change> {
        self.decisions.iter().filter_map(|decision| match decision {
            Decision::Write { change, .. } => Some(change),
            Decision::Leave { .. } => None,
        })
    }
}

/// A stage that was written.
#[derive(Debug)]
pub struct Written {
    stage: Stage,
    applied: Applied,
}

impl Written {
    /// Tells whether the next stage has to wait for this one.
    pub fn is_awaited(&self) -> bool {
        self.stage.is_awaited()
    }
}

impl Run<'_> {
    /// Asks the server what it would make of the next stage; `None` after the last one.
    ///
    /// # Errors
    /// The first object that is refused; earlier stages are and stay applied.
    pub async fn look(&mut self) -> Result<Option<Looked>, ApplyError> {
        let Some((stage, mut members)) = self.stages.pop_front() else { return Ok(None) };
        members.iter_mut().for_each(drop_bad_ca_bundle);
        let decisions = self.engine.look_at(members, &self.expected).await;
        decisions.map(|decisions| Some(Looked { stage, decisions })).map_err(|e| self.failed(e))
    }

    /// Writes what differs.
    ///
    /// # Errors
    /// The first write that fails; those before it are and stay written.
    pub async fn write(&mut self, looked: Looked) -> Result<Written, ApplyError> {
        let Looked { stage, decisions } = looked;
        let applied = self.engine.write(decisions).await.map_err(|e| self.failed(e))?;
        Ok(Written { stage, applied })
    }

    /// Waits until the objects of a stage are what the next one needs.
    ///
    /// # Errors
    /// Objects that are not in time.
    pub async fn settle(&mut self, written: Written, judge: &Judge<'_>) -> Result<(), ApplyError> {
        let Written { stage, applied } = written;
        let waited = match stage.is_awaited() {
            true => self.engine.wait_for_stage(&applied, judge).await,
            false => Ok(()),
        };
        self.done.changes.append(applied.changes);
        self.done.live.extend(applied.live);
        waited.map_err(|e| self.failed(Failure::Unhealthy(e)))
    }

    /// Returns what became of all objects.
    pub fn finish(self) -> Applied {
        self.done
    }

    fn failed(&self, failure: Failure) -> ApplyError {
        ApplyError { done: self.done.changes.clone(), failure }
    }
}

impl Engine {
    async fn wait_for_stage(&self, applied: &Applied, judge: &Judge<'_>) -> Result<(), Unhealthy> {
        let all = applied.changes.changes.iter().zip(&applied.live);
        let set = all.map(|(change, live)| Awaited::of(change, live.as_ref(), judge));
        let options = WaitOptions {
            timeout: STAGE_TIMEOUT,
            fail_fast: FailFast::No,
            jobs_with_ttl: BTreeSet::new(),
        };
        self.wait_healthy(set.collect(), &options, judge).await
    }
}
