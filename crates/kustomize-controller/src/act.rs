//! All that a pass writes.

use std::collections::BTreeSet;
use std::time::Duration;

use flux_api::names::condition::{HEALTHY, READY};
use flux_api::names::group::KUSTOMIZE;
use flux_api::names::{FINALIZER, kustomize, reason};
use flux_api::{
    Artifact, DeletionPolicy, Inventory, InventoryEntry, Kustomization, KustomizationSpec,
    KustomizationStatus, conditions,
};
use flux_apply::{
    Applied, ApplyError, Awaited, Engine, FailFast, Looked, Recreate, Run, Settings, WaitOptions,
};
use flux_cluster::Key;
use flux_manifest::{GroupVersionKind, Object, ObjectId};
use flux_plan::{Action, ChangeSet, IgnoreRules, Owner, Selector, flux_rules};
use flux_runtime::{Context, Event, Publisher, Severity, Slot};
use tokio::time::Instant;

use crate::artifacts::{Artifacts, FetchError, Fetched};
use crate::decryption;
use crate::events::{Revisions, event};
use crate::expression;
use crate::guard::Guard;
use crate::health::Judge;
use crate::history::Finished;
use crate::identity::{self, Access};
use crate::manifests::{self, Inputs};
use crate::missing::Missing;
use crate::observe::Observer;
use crate::options::{Options, gate};
use crate::remote::{Identities, Tokens};
use crate::report::{self, Failure, Outcome, Step, timeout};
use flux_build::Built;

/// One pass over one object: what it works with, and the object as it is to become.
pub(crate) struct Pass<'a> {
    pub(crate) context: &'a Context,
    pub(crate) options: &'a Options,
    pub(crate) artifacts: &'a dyn Artifacts,
    pub(crate) observer: &'a Observer,
    pub(crate) guard: &'a Guard,
    pub(crate) missing: &'a Missing,
    pub(crate) tokens: &'a Tokens,
    pub(crate) slot: &'a Slot,
    pub(crate) object: Kustomization,
    pub(crate) publisher: Publisher<KustomizationSpec>,
    pub(crate) begun: Instant,
    /// Whether it is of interest how far the pass is.
    pub(crate) is_telling: bool,
}

/// What was built and is to be applied, with everything that its reports need.
struct Work {
    revisions: Revisions,
    digest: String,
    objects: Vec<Object>,
    access: Access,
}

impl Pass<'_> {
    /// Writes the object as it is to become.
    pub(crate) async fn publish(&mut self) -> Result<(), String> {
        let result = self.publisher.publish(&mut self.object).await;
        self.observer.wrote(&self.key(), &self.object.metadata.resource_version);
        result.map_err(|error| error.to_string())
    }

    /// Tells what happened.
    pub(crate) fn tell(&self, event: Event) {
        self.context.events.publish(&self.object, event);
    }

    fn failed(&self, reason: &'static str, message: String, revisions: &Revisions) -> Outcome {
        let (told, revisions, finished) = (None, revisions.clone(), None);
        Outcome::Failed(Failure { reason, message, told, revisions, finished })
    }

    /// Notes how far the pass is; others learn of it with the next write.
    fn progress(&mut self, step: Step, revision: &str) {
        report::progress(&mut self.object, step, revision, self.context.clock.now());
    }

    fn identities(&self) -> Identities<'_> {
        Identities {
            cluster: &self.context.cluster,
            options: self.options,
            cloud: &*self.options.cloud.0,
            tokens: self.tokens,
        }
    }

    fn key(&self) -> Key {
        Key::new(&self.object.metadata.namespace, &self.object.metadata.name)
    }

    /// Tells whether the objects are watched, and repaired as soon as somebody changes them.
    pub(crate) fn is_guarded(&self) -> bool {
        let asked = self.object.metadata.annotations.get(kustomize::DRIFT_CORRECTION);
        let is_asked = match asked {
            Some(value) => value.eq_ignore_ascii_case(kustomize::ENABLED),
            None => self.options.drift_correction,
        };
        let spec = &self.object.spec;
        is_asked && !spec.suspend && spec.kube_config.is_none() && !self.object.is_deleting()
    }

    /// Tells whether the pass has found everything as the last one has left it, and was not asked
    /// for by anybody: then there is nothing to write.
    pub(crate) fn is_routine_end(&self) -> bool {
        let before = self.publisher.written();
        // The rest of a snapshot is when and how often; a health check tells how long it took.
        let build = |status: &KustomizationStatus| {
            let last = status.history.first()?;
            Some((last.digest.clone(), last.last_reconciled_status.clone(), last.metadata.clone()))
        };
        let healthy = |status: &KustomizationStatus| {
            conditions::get(&status.conditions, HEALTHY).map(|it| it.status)
        };
        let said = |status: &KustomizationStatus| -> Vec<_> {
            let others = status.conditions.iter().filter(|it| it.kind != HEALTHY);
            others
                .map(|it| {
                    let said = (it.kind.clone(), it.status, it.reason.clone(), it.message.clone());
                    (said, it.observed_generation)
                })
                .collect()
        };
        let rest = |status: &KustomizationStatus| KustomizationStatus {
            history: Vec::new(),
            conditions: Vec::new(),
            ..status.clone()
        };
        let plain = |it: &KustomizationStatus| (build(it), healthy(it), said(it), rest(it));
        let is_same = before.metadata.finalizers == self.object.metadata.finalizers
            && plain(&before.status) == plain(&self.object.status);
        is_same && !self.is_telling && self.is_settled()
    }

    fn is_settled(&self) -> bool {
        conditions::is_true(&self.object.status.conditions, READY) && !self.object.spec.suspend
    }

    /// Returns the outcome of a pass that has nothing to look at, since the watch tells that all
    /// is as it was left and nothing that goes into the build has changed.
    fn untouched(&self, revisions: &Revisions) -> Option<Outcome> {
        let spec = &self.object.spec;
        let has_variables =
            spec.post_build.as_ref().is_some_and(|it| !it.substitute_from.is_empty());
        let is_judged = spec.wait || !spec.health_checks.is_empty();
        let is_asked = self.object.requested_at().map(str::to_owned)
            != self.object.status.last_handled_reconcile_at;
        if has_variables || is_judged || is_asked || spec.decryption.is_some() {
            return None;
        }
        let digest = self.guard.clean(&self.key())?;
        let finished = self.finished(revisions, &digest);
        Some(Outcome::Applied { revisions: revisions.clone(), finished })
    }

    /// Builds an artifact and applies it.
    pub(crate) async fn apply(&mut self, artifact: &Artifact) -> Outcome {
        let revisions = report::revisions(artifact);
        if self.is_guarded()
            && self.is_routine(&artifact.revision)
            && let Some(outcome) = self.untouched(&revisions)
        {
            return outcome;
        }
        self.guard.begin(&self.key());
        match self.prepare(artifact).await {
            Ok(work) => self.carry_out(work).await.unwrap_or_else(|outcome| outcome),
            Err(outcome) => outcome,
        }
    }

    /// Fetches and builds: everything that happens before the first object is touched.
    async fn prepare(&mut self, artifact: &Artifact) -> Result<Work, Outcome> {
        let revisions = report::revisions(artifact);
        let revision = &artifact.revision;
        // What a repeated pass over an unchanged object is at interests nobody.
        self.is_telling = !self.is_routine(revision);
        let was_ready = conditions::is_true(&self.object.status.conditions, READY);
        self.progress(Step::Fetching, revision);
        if was_ready {
            // Dependents must not take it for ready any longer.
            self.publish_progress(&revisions).await?;
        }
        let tree = self.fetch(artifact, &revisions).await?;
        self.object.status.last_attempted_revision = Some(revision.clone());
        self.progress(Step::Building, revision);
        let access = identity::access(&self.identities(), &self.object).await;
        let access = access.map_err(|error| {
            let told = Some(format!("failed to build kube client: {error}"));
            Outcome::Failed(Failure {
                reason: reason::RECONCILIATION_FAILED,
                message: error,
                told,
                revisions: revisions.clone(),
                finished: None,
            })
        })?;
        let build = self.build(tree).await;
        let built = self.patiently(build, &revisions).await?;
        let Built { digest, objects, warnings, .. } =
            built.map_err(|message| self.failed(reason::BUILD_FAILED, message, &revisions))?;
        for warning in warnings {
            tracing::warn!(warning, "kustomize build");
        }
        self.progress(Step::Detecting, revision);
        Ok(Work { revisions, digest, objects, access })
    }

    /// Tells whether nothing has changed since the last pass, which was a success.
    fn is_routine(&self, revision: &str) -> bool {
        let Kustomization { metadata, status, .. } = &self.object;
        metadata.generation == status.observed_generation
            && status.last_applied_revision.as_deref() == Some(revision)
            && conditions::is_true(&status.conditions, flux_api::names::condition::READY)
    }

    /// Does something, and says how far the pass is if that takes its time.
    ///
    /// # Upstream
    /// Every step is told at once there. Here nobody is told what is over by then.
    async fn patiently<T>(
        &mut self,
        work: impl Future<Output = T>,
        revisions: &Revisions,
    ) -> Result<T, Outcome> {
        let mut work = std::pin::pin!(work);
        if self.is_telling {
            if let Ok(result) = tokio::time::timeout(PATIENCE, &mut work).await {
                return Ok(result);
            }
            self.publish_progress(revisions).await?;
        }
        Ok(work.await)
    }

    /// Tells how far the pass is, unless that interests nobody.
    async fn publish_progress(&mut self, revisions: &Revisions) -> Result<(), Outcome> {
        if !self.is_telling {
            return Ok(());
        }
        self.publish().await.map_err(|error| {
            let told = Some(format!("failed to update status: {error}"));
            Outcome::Failed(Failure {
                reason: reason::PROGRESSING_WITH_RETRY,
                message: error,
                told,
                revisions: revisions.clone(),
                finished: None,
            })
        })
    }

    async fn fetch(
        &mut self,
        artifact: &Artifact,
        revisions: &Revisions,
    ) -> Result<Fetched, Outcome> {
        let fetch = self.artifacts.fetch(artifact);
        let fetched = self.patiently(fetch, revisions).await?;
        let failed = |message| self.failed(reason::ARTIFACT_FAILED, message, revisions);
        let tree = match fetched {
            Ok(tree) => tree,
            Err(FetchError::NotFound) => return Err(Outcome::ArtifactGone),
            Err(FetchError::Failed(message)) => return Err(failed(message)),
        };
        let path = manifests::clean(self.object.spec.path.as_deref().unwrap_or_default());
        match path.is_empty() || tree.stat(&path).is_ok() {
            true => Ok(tree),
            false => Err(failed(format!(
                "kustomization path not found: stat {}/{path}: no such file or directory",
                self.root()
            ))),
        }
    }

    /// Names the directory where messages say that the files are: one for each object, so that
    /// the same failure has the same words.
    fn root(&self) -> String {
        let uid = self.object.metadata.uid.bytes();
        let number = uid.fold(5381_u32, |sum, b| sum.wrapping_mul(33).wrapping_add(b.into()));
        format!("{}/kustomization-{number}", self.options.temp_dir.trim_end_matches('/'))
    }

    /// Prepares a build; what comes back does it.
    async fn build(&self, tree: Fetched) -> impl Future<Output = Result<Built, String>> + use<> {
        let value = manifests::value(&self.object);
        let lookups = match &value {
            Ok(value) => manifests::lookups(&self.context.cluster, &self.object, value).await,
            Err(_) => Vec::new(),
        };
        let keys = decryption::keys(self.context, &self.object, self.options).await;
        let runtime = tokio::runtime::Handle::current();
        let inputs = Inputs { lookups, runtime, keys };
        let (root, options) = (self.root(), self.options.clone());
        let build = move || manifests::build(&*tree, &root, &value?, &inputs, &options);
        let built = tokio::task::spawn_blocking(build);
        async {
            let recovered = |panic| Err(format!("recovered from kustomize build panic: {panic}"));
            built.await.unwrap_or_else(recovered)
        }
    }

    /// Applies, prunes and waits. Both arms are outcomes; the second one is an early end.
    async fn carry_out(&mut self, work: Work) -> Result<Outcome, Outcome> {
        let Work { revisions, digest, objects, access } = work;
        let objects = self.finish_objects(objects);
        let objects = objects.map_err(|e| self.applying_failed(e, &revisions, &digest))?;
        let jobs_with_ttl = jobs_with_ttl(&objects);
        let ignored = self
            .ignored()
            .map_err(|e| self.applying_failed(format!("{e}\n"), &revisions, &digest))?;
        let checks = expression::compile(&self.object.spec.health_check_exprs).unwrap_or_default();
        let judge = Judge { checks, clock: self.context.clock, reader: access.reader };
        let engine = self.engine(access, ignored);
        let expected = known(self.object.status.inventory.as_ref());
        let judging = |object: &Object| judge.judge(object);
        let run = engine.begin(objects, expected);
        let applied =
            self.apply_stages(run, &judging, &revisions).await.map_err(|it| match it {
                Stopped::Outcome(outcome) => outcome,
                Stopped::Refused(error) => {
                    if let Some(api_version) = error.failure.missing_api_version() {
                        self.missing.note(self.key(), api_version);
                    }
                    let log: String =
                        changed(&error.done).changes.iter().map(|it| format!("{it}\n")).collect();
                    self.applying_failed(format!("{error}\n{log}"), &revisions, &digest)
                }
            })?;
        let drifted = self.tell_changes(&changed(&applied.changes), &revisions);
        let stale = self.take_inventory(&applied.changes);
        self.prune(&engine, &stale, &revisions).await.map_err(|message| {
            self.late_failure(reason::PRUNE_FAILED, message, &revisions, &digest)
        })?;
        let check = Check { applied: &applied, jobs_with_ttl, drifted, revisions: &revisions };
        self.check_health(&engine, check, &judging).await.map_err(|ended| match ended {
            Ended::Canceled(trigger) => Outcome::Canceled { trigger, revisions: revisions.clone() },
            Ended::Failed(message) => {
                self.late_failure(reason::HEALTH_CHECK_FAILED, message, &revisions, &digest)
            }
        })?;
        let finished = self.finished(&revisions, &digest);
        if self.is_guarded() {
            let live: Vec<Object> = applied.live.into_iter().flatten().collect();
            if self.guard.watch(&self.key(), &live, &digest) {
                self.slot.repeat();
            }
        }
        Ok(Outcome::Applied { revisions, finished })
    }

    /// Applies stage by stage; nobody is kept from working while a stage settles.
    async fn apply_stages(
        &mut self,
        mut run: Run<'_>,
        judge: &flux_apply::Judge<'_>,
        revisions: &Revisions,
    ) -> Result<Applied, Stopped> {
        let stopped = Stopped::Outcome;
        loop {
            let looked = self.patiently(run.look(), revisions).await.map_err(stopped)?;
            let Some(looked) = looked? else { return Ok(run.finish()) };
            if self.expect(&looked) {
                self.publish_progress(revisions).await.map_err(stopped)?;
            }
            let written = self.patiently(run.write(looked), revisions).await.map_err(stopped)??;
            match written.is_awaited() {
                true => self.slot.wait(run.settle(written, judge)).await?,
                false => run.settle(written, judge).await?,
            }
        }
    }

    /// Lists what is about to be written beside what is listed already; tells whether any is new.
    ///
    /// Whatever happens from here on, we know what is ours.
    ///
    /// # Upstream
    /// The inventory is written after a full success only, so that what a failed or killed pass
    /// has created is forgotten if the next revision lacks it.
    fn expect(&mut self, looked: &Looked) -> bool {
        let mut entries = self.object.status.inventory.clone().unwrap_or_default().entries;
        let listed: BTreeSet<String> = entries.iter().map(|it| it.id.clone()).collect();
        let count = entries.len();
        entries.extend(looked.writes().map(entry).filter(|it| !listed.contains(&it.id)));
        let is_new = entries.len() > count;
        if is_new {
            self.object.status.inventory = Some(Inventory { entries });
            self.is_telling = true;
        }
        is_new
    }

    fn finished(&self, revisions: &Revisions, digest: &str) -> Finished {
        let (took, revisions) = (self.begun.elapsed(), revisions.to_map());
        Finished { digest: digest.to_owned(), took, revisions }
    }

    fn late_failure(
        &self,
        reason: &'static str,
        message: String,
        revisions: &Revisions,
        digest: &str,
    ) -> Outcome {
        let finished = Some(self.finished(revisions, digest));
        let (told, revisions) = (None, revisions.clone());
        Outcome::Failed(Failure { reason, message, told, revisions, finished })
    }

    fn applying_failed(&self, message: String, revisions: &Revisions, digest: &str) -> Outcome {
        self.late_failure(reason::RECONCILIATION_FAILED, message, revisions, digest)
    }

    fn owner(&self) -> Owner {
        Owner {
            group: KUSTOMIZE.to_owned(),
            name: self.object.metadata.name.clone(),
            namespace: self.object.metadata.namespace.clone(),
        }
    }

    /// Marks the objects as ours, puts them into the form that is applied, and refuses secrets
    /// that nobody can read.
    fn finish_objects(&self, mut objects: Vec<Object>) -> Result<Vec<Object>, String> {
        flux_build::prepare(&mut objects, &manifests::value(&self.object)?);
        match objects.iter().find(|it| is_encrypted(it)) {
            None => Ok(objects),
            Some(secret) => Err(format!(
                "{} is SOPS encrypted, configuring decryption is required for this secret to be \
                 reconciled",
                secret.id().subject()
            )),
        }
    }

    fn ignored(&self) -> Result<IgnoreRules, flux_plan::SelectorError> {
        let text = |it: &Option<String>| it.clone().unwrap_or_default();
        let rules = self.object.spec.ignore.iter();
        let selectors: Vec<Option<Selector>> = rules
            .map(|rule| {
                rule.target.as_ref().map(|target| Selector {
                    group: text(&target.group),
                    version: text(&target.version),
                    kind: text(&target.kind),
                    name: text(&target.name),
                    namespace: text(&target.namespace),
                    labels: text(&target.label_selector),
                    annotations: text(&target.annotation_selector),
                })
            })
            .collect();
        let paths = self.object.spec.ignore.iter().map(|rule| rule.paths.as_slice());
        IgnoreRules::new(selectors.iter().map(Option::as_ref).zip(paths))
    }

    fn engine(&self, access: Access, ignored: IgnoreRules) -> Engine {
        let recreate = match self.object.spec.force {
            true => Recreate::Always,
            false => Recreate::OnRequest,
        };
        let settings = Settings {
            manager: crate::CONTROLLER,
            owner: self.owner(),
            recreate,
            ignored,
            custom_stages: self.options.custom_stages.clone(),
            takeover: flux_rules(crate::CONTROLLER, &self.options.override_managers),
            concurrency: self.options.concurrent_ssa,
            migrate_api_version: self.options.gates.is_on(gate::MIGRATE_API_VERSION),
        };
        Engine::new(access.cluster, access.watcher, settings)
    }

    /// Tells of changes, if there are any, and returns whether.
    fn tell_changes(&mut self, changes: &ChangeSet, revisions: &Revisions) -> bool {
        if !changes.is_empty() {
            self.is_telling = true;
            let text = changes.to_string();
            tracing::info!(
                output = text,
                revision = revisions.revision,
                "server-side apply completed"
            );
            self.tell(event(&self.object, Severity::Info, revisions, text));
        }
        !changes.is_empty()
    }

    /// Lists what was applied, and returns what is listed no longer.
    fn take_inventory(&mut self, changes: &ChangeSet) -> Vec<InventoryEntry> {
        let entries: Vec<InventoryEntry> = changes.changes.iter().map(entry).collect();
        let kept: BTreeSet<&str> = entries.iter().map(|it| it.id.as_str()).collect();
        let before = self.object.status.inventory.take().unwrap_or_default().entries;
        let stale = before.into_iter().filter(|it| !kept.contains(it.id.as_str())).collect();
        self.object.status.inventory = Some(Inventory { entries });
        stale
    }

    /// Deletes stale objects; those that may still be there go back into the inventory.
    async fn prune(
        &mut self,
        engine: &Engine,
        stale: &[InventoryEntry],
        revisions: &Revisions,
    ) -> Result<(), String> {
        if !self.object.spec.prune || stale.is_empty() {
            return Ok(());
        }
        let pruned = engine.prune(&ids(stale)).await;
        if let Some(error) = pruned.error {
            let settled =
                |it: &&flux_plan::Change| matches!(it.action, Action::Deleted | Action::Skipped);
            let settled: BTreeSet<String> =
                pruned.changes.changes.iter().filter(settled).map(|it| it.id.to_string()).collect();
            let left = stale.iter().filter(|it| !settled.contains(&it.id)).cloned();
            let inventory = self.object.status.inventory.get_or_insert_default();
            inventory.entries.extend(left);
            return Err(error.to_string());
        }
        let text = pruned.changes.to_string();
        tracing::info!(output = text, "garbage collection completed");
        self.tell(event(&self.object, Severity::Info, revisions, text));
        Ok(())
    }

    async fn check_health(
        &mut self,
        engine: &Engine,
        check: Check<'_>,
        judge: &flux_apply::Judge<'_>,
    ) -> Result<(), Ended> {
        let Check { applied, jobs_with_ttl, drifted, revisions } = check;
        let set = self.awaited(applied, judge);
        if set.is_empty() {
            report::health(&mut self.object, None, self.context.clock.now());
            return Ok(());
        }
        let own = |it: &Awaited| {
            let (id, metadata) = (it.id(), &self.object.metadata);
            id.kind == "Kustomization"
                && id.name == metadata.name
                && id.namespace == metadata.namespace
        };
        let set: Vec<Awaited> = set.into_iter().filter(|it| !own(it)).collect();
        let begun = Instant::now();
        let was_healthy = conditions::is_true(&self.object.status.conditions, HEALTHY);
        let is_new = self.object.status.last_applied_revision.as_deref()
            != Some(revisions.revision.as_str());
        self.progress(Step::Checking, &revisions.revision);
        let result = self.wait(engine, set, jobs_with_ttl, judge).await?;
        let (took, now) = (flux_api::Duration::new(begun.elapsed()), self.context.clock.now());
        match result {
            Ok(()) => {
                let message = format!("Health check passed in {took}");
                if !was_healthy || (is_new && drifted) {
                    self.tell(event(&self.object, Severity::Info, revisions, message.clone()));
                }
                report::health(&mut self.object, Some(Ok(&message)), now);
                Ok(())
            }
            Err(unhealthy) => {
                let message = unhealthy.to_string();
                report::health(&mut self.object, Some(Err(&message)), now);
                Err(Ended::Failed(format!("health check failed after {took}: {message}")))
            }
        }
    }

    /// Returns what is waited for: everything, what the spec lists, or nothing.
    fn awaited(&self, applied: &Applied, judge: &flux_apply::Judge<'_>) -> Vec<Awaited> {
        let spec = &self.object.spec;
        if spec.wait {
            return applied.awaited(judge);
        }
        let named = |it: &flux_api::ObjectKindReference| {
            let version = it.api_version.as_deref().filter(|v| !v.is_empty()).unwrap_or("apps/v1");
            let kind = GroupVersionKind::from_api_version(version, &it.kind);
            Awaited::named(kind, it.namespace.as_deref().unwrap_or_default(), &it.name)
        };
        spec.health_checks.iter().map(named).collect()
    }

    /// Waits for health without keeping others from working.
    async fn wait(
        &mut self,
        engine: &Engine,
        set: Vec<Awaited>,
        jobs_with_ttl: BTreeSet<ObjectId>,
        judge: &flux_apply::Judge<'_>,
    ) -> Result<Result<(), flux_apply::Unhealthy>, Ended> {
        let gates = &self.options.gates;
        let fail_fast = if gates.is_on(gate::NO_FAIL_FAST) { FailFast::No } else { FailFast::Yes };
        let timeout = timeout(&self.object).get();
        let options = WaitOptions { timeout, fail_fast, jobs_with_ttl };
        let is_done = set.iter().all(Awaited::is_current);
        let mut wait = std::pin::pin!(engine.wait_healthy(set, &options, judge));
        if is_done {
            return Ok(wait.await);
        }
        let (slot, is_canceled) = (self.slot, gates.is_on(gate::CANCEL_HEALTH_CHECK));
        let superseded = async {
            match is_canceled {
                true => slot.superseded().await,
                false => std::future::pending().await,
            }
        };
        let mut superseded = std::pin::pin!(superseded);
        let soon = async {
            tokio::select! {
                biased;
                trigger = &mut superseded => Some(Err(Ended::Canceled(trigger))),
                result = &mut wait => Some(Ok(result)),
                () = tokio::time::sleep(PATIENCE) => None,
            }
        };
        if let Some(result) = slot.wait(soon).await {
            return result;
        }
        self.publish().await.map_err(|e| {
            Ended::Failed(format!("unable to update the healthy status to progressing: {e}"))
        })?;
        let end = async {
            tokio::select! {
                biased;
                trigger = superseded => Err(Ended::Canceled(trigger)),
                result = wait => Ok(result),
            }
        };
        slot.wait(end).await
    }

    /// Deletes what was applied and takes the finalizer off.
    pub(crate) async fn finalize(&mut self, entries: &[InventoryEntry]) -> Outcome {
        let revisions = Revisions::applied(&self.object);
        if !entries.is_empty()
            && let Err(error) = self.delete_all(entries, &revisions).await
        {
            return Outcome::NotPruned(error);
        }
        self.object.metadata.finalizers.retain(|it| it != FINALIZER);
        Outcome::Finalized
    }

    async fn delete_all(
        &self,
        entries: &[InventoryEntry],
        revisions: &Revisions,
    ) -> Result<(), String> {
        let tell = |severity, text: String| {
            self.tell(event(&self.object, severity, revisions, text));
        };
        let cluster = &self.context.cluster;
        if !identity::can_act(cluster, &self.object, self.options).await {
            let subjects: Vec<String> = ids(entries).iter().map(|(id, _)| id.subject()).collect();
            let text = format!("unable to prune objects: \n{}", subjects.join("\n"));
            tracing::error!(text, "skipping pruning, failed to find account to impersonate");
            tell(Severity::Error, text);
            return Ok(());
        }
        let access = identity::access(&self.identities(), &self.object).await?;
        let engine = self.engine(access, IgnoreRules::default());
        let pruned = engine.prune(&ids(entries)).await;
        if let Some(error) = pruned.error {
            tell(Severity::Error, "pruning for deleted resource failed".to_owned());
            return Err(error.to_string());
        }
        tell(Severity::Info, pruned.changes.to_string());
        if self.object.spec.deletion_policy == Some(DeletionPolicy::WaitForTermination) {
            let deleted = pruned.changes.changes.into_iter();
            let deleted = deleted.filter(|it| it.action == Action::Deleted);
            let deleted: Vec<_> = deleted.map(|it| (it.id, it.version)).collect();
            let gone = engine.wait_gone(&deleted, timeout(&self.object).get());
            if let Err(error) = self.slot.wait(gone).await {
                let text = "failed to wait for resources termination";
                tracing::error!(%error, text);
                tell(Severity::Error, text.to_owned());
            }
        }
        Ok(())
    }
}

/// How long a step may take before it is told.
const PATIENCE: Duration = Duration::from_millis(300);

/// Why not everything was applied.
enum Stopped {
    Outcome(Outcome),
    Refused(ApplyError),
}

impl From<ApplyError> for Stopped {
    fn from(error: ApplyError) -> Self {
        Self::Refused(error)
    }
}

/// Returns the inventory entry of an object.
fn entry(change: &flux_plan::Change) -> InventoryEntry {
    InventoryEntry { id: change.id.to_string(), version: change.version.clone() }
}

/// How waiting for health ended early.
enum Ended {
    Canceled(String),
    Failed(String),
}

/// What is known when health is checked.
struct Check<'a> {
    applied: &'a Applied,
    jobs_with_ttl: BTreeSet<ObjectId>,
    drifted: bool,
    revisions: &'a Revisions,
}

/// Returns the changes that made a difference.
fn changed(changes: &ChangeSet) -> ChangeSet {
    changes.filtered(|it| !matches!(it.action, Action::Unchanged | Action::Skipped))
}

/// Reads inventory entries; one that is no id, which we never write, is passed over.
fn ids(entries: &[InventoryEntry]) -> Vec<(ObjectId, String)> {
    let read = |it: &InventoryEntry| Some((it.id.parse().ok()?, it.version.clone()));
    entries.iter().filter_map(read).collect()
}

fn known(inventory: Option<&Inventory>) -> BTreeSet<ObjectId> {
    let entries = inventory.map(|it| it.entries.as_slice()).unwrap_or_default();
    ids(entries).into_iter().map(|(id, _)| id).collect()
}

fn is_encrypted(object: &Object) -> bool {
    object.kind() == "Secret"
        && object.api_version() == "v1"
        && object.pointer("/sops").is_some()
        && !object
            .annotation(kustomize::DECRYPT)
            .is_some_and(|value| value.eq_ignore_ascii_case(kustomize::DISABLED))
}

/// Returns the Jobs that vanish by themselves once they are done.
fn jobs_with_ttl(objects: &[Object]) -> BTreeSet<ObjectId> {
    let vanishing = objects.iter().filter(|it| {
        it.kind() == "Job"
            && it.gvk().group == "batch"
            && it.pointer("/spec/ttlSecondsAfterFinished").is_some()
    });
    vanishing.map(Object::id).collect()
}
