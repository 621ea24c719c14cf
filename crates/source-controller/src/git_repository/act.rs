//! Fetches, packs and stores.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flux_api::names::reason;
use flux_api::{Artifact, GitRepository, GitRepositorySpec};
use flux_artifact::{PublishError, Store, Version};
use flux_git::signature::TrustedKeys;
use flux_git::{
    Cancel, Checked, CheckoutOptions, Commit, GitError, Reference, Remote, SparseTree, Submodules,
};
use flux_runtime::{Event, Severity};
use flux_tree::{Kind, MountedTree, Symlinks, Tree, TreeError, UnpackLimits, ignore, pack, unpack};
use jiff::Timestamp;

use super::decide::{Content, Fetch};
use super::observe::{Access, Observed, Presence};
use super::outcome::{Failure, Outcome, Stage, Stored, Verified};
use super::verify;
use super::{Reconciler, place};
use crate::Override;
use crate::secrets::Data;

/// How long one Git operation may take if the spec does not say.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Reconciler {
    /// Removes superseded artifacts, and a stored one that is not what it says.
    pub(super) async fn tidy(&self, seen: &Observed) -> Vec<Event> {
        let Some(artifact) = seen.object.status.artifact.clone() else { return Vec::new() };
        let mut events = Vec::new();
        let (store, now) = (Arc::clone(&self.store), self.ctx.clock.precise());
        let is_corrupt = matches!(seen.artifact, Presence::Corrupt(_));
        let swept = tokio::task::spawn_blocking(move || {
            let collected = store.collect_garbage(&artifact, now);
            if is_corrupt {
                // What cannot be removed is replaced by the next artifact of that name.
                store.remove(&artifact).ok();
            }
            collected
        });
        match swept.await {
            Ok(Ok(count)) if count > 0 => {
                let message = format!("garbage collected {count} artifacts");
                events.push(trace(reason::GARBAGE_COLLECTION_SUCCEEDED, message));
            }
            Ok(Err(error)) => tracing::warn!(%error, "garbage collection failed"),
            _ => {}
        }
        if let Presence::Corrupt(error) = &seen.artifact {
            events.push(Event {
                severity: Severity::Error,
                reason: reason::ARTIFACT_VERIFICATION_FAILED.to_owned(),
                message: format!("failed to verify integrity of artifact: {error}"),
                metadata: Default::default(),
            });
        }
        events
    }

    /// Removes all artifacts of a deleted object.
    pub(super) async fn finalize(&self, seen: &Observed) -> Outcome {
        let (store, object) = (Arc::clone(&self.store), seen.object.clone());
        let removed = tokio::task::spawn_blocking(move || store.remove_all(place(&object))).await;
        match removed {
            Ok(Ok(had_any)) => Outcome::Finalized { had_any },
            Ok(Err(error)) => Outcome::NotFinalized(error.to_string()),
            Err(error) => Outcome::NotFinalized(error.to_string()),
        }
    }

    /// Looks at the repository, and stores what is new.
    pub(super) async fn fetch(&self, seen: &Observed, fetch: Fetch<'_>) -> Outcome {
        let timeout = seen.object.spec.timeout.map_or(TIMEOUT, |timeout| timeout.get());
        let cancel = Cancel::after(timeout);
        let source = match fetch.access {
            Access::Remote(remote) => Source::Remote(remote.clone()),
            Access::Local(local) => Source::Local(local.clone()),
        };
        let job = Job {
            object: seen.object.clone(),
            source,
            known: fetch.known,
            includes: fetch.includes.to_vec(),
            content: fetch.content,
            keys: seen.keys.clone(),
            store: Arc::clone(&self.store),
            scratch: self.scratch.clone(),
            cancel: cancel.clone(),
            now: self.ctx.clock.precise(),
        };
        let work = tokio::task::spawn_blocking(move || job.run());
        match self.ctx.shutdown.or(work).await {
            Some(Ok(outcome)) => outcome,
            Some(Err(error)) => failed(
                Failure::fetch(reason::GIT_OPERATION_FAILED, error.to_string()),
                Stage::Before,
            ),
            None => {
                cancel.cancel();
                let message = "failed to checkout and determine revision: context canceled";
                let failure = Failure::fetch(reason::GIT_OPERATION_FAILED, message.to_owned());
                failed(failure, Stage::Before)
            }
        }
    }
}

fn trace(reason: &str, message: String) -> Event {
    Event {
        severity: Severity::Trace,
        reason: reason.to_owned(),
        message,
        metadata: Default::default(),
    }
}

fn failed(failure: Failure, stage: Stage) -> Outcome {
    Outcome::Failed { failure, stage }
}

enum Source {
    Remote(Box<Remote>),
    Local(Override),
}

/// Everything that the blocking part of a pass needs.
struct Job {
    object: GitRepository,
    source: Source,
    known: Option<String>,
    includes: Vec<Artifact>,
    content: Content,
    keys: Option<Result<Data, Failure>>,
    store: Arc<Store>,
    scratch: PathBuf,
    cancel: Cancel,
    now: Timestamp,
}

/// A revision and its files.
struct Fetched {
    revision: String,
    /// Names the file of the artifact.
    hash: String,
    commit: Option<Commit>,
    tree: Arc<dyn Tree>,
}

impl Job {
    fn run(&self) -> Outcome {
        let fetched = match self.fetched() {
            Ok(fetched) => fetched,
            Err(outcome) => return *outcome,
        };
        if let Err(why) = self.check_sparse_paths(&*fetched.tree) {
            let message = format!("failed to sparse checkout directories : {why}");
            let failure = Failure::fetch(reason::GIT_OPERATION_FAILED, message);
            return failed(failure, Stage::Fetched);
        }
        let verified = match self.verify(&fetched) {
            Ok(verified) => verified,
            Err(failure) => return failed(failure, Stage::Fetched),
        };
        let recorded = self.object.status.artifact.as_ref();
        let is_same_revision = recorded.is_some_and(|a| a.revision == fetched.revision);
        if is_same_revision && self.content == Content::Same {
            return Outcome::UpToDate { revision: fetched.revision, verified };
        }
        let accepted = Stage::Accepted(fetched.revision.clone());
        let tree = match self.with_includes(Arc::clone(&fetched.tree)) {
            Ok(tree) => tree,
            Err(failure) => return failed(failure, accepted),
        };
        match self.publish(&fetched, &*tree) {
            Ok(artifact) => Outcome::Stored(Box::new(Stored {
                artifact,
                includes: self.includes.clone(),
                subject: fetched.commit.map_or(fetched.revision, |commit| commit.subject()),
                verified,
            })),
            Err(failure) => failed(failure, accepted),
        }
    }

    /// Returns the wanted revision and its files; an outcome if there is nothing to go on with.
    fn fetched(&self) -> Result<Fetched, Box<Outcome>> {
        let broken = |error: GitError| {
            let message = format!("failed to checkout and determine revision: {error}");
            let failure = Failure::fetch(reason::GIT_OPERATION_FAILED, message);
            Box::new(failed(failure, Stage::Before))
        };
        let content = match &self.source {
            Source::Local(local) => self.snapshot(local).map_err(broken)?,
            Source::Remote(remote) => match self.checkout(remote).map_err(broken)? {
                Checked::Unchanged { revision, .. } => {
                    return Err(Box::new(Outcome::Unchanged { revision }));
                }
                Checked::Empty => {
                    let message = "git repository is empty".to_owned();
                    let failure = Failure::fetch("EmptyGitRepository", message);
                    return Err(Box::new(failed(failure, Stage::Before)));
                }
                Checked::Fetched(checkout) => Fetched {
                    revision: checkout.revision,
                    hash: checkout.commit.hash.to_string(),
                    commit: Some(checkout.commit),
                    tree: checkout.tree,
                },
            },
        };
        if self.known.as_ref() == Some(&content.revision) && content.commit.is_none() {
            return Err(Box::new(Outcome::Unchanged { revision: content.revision }));
        }
        Ok(content)
    }

    fn checkout(&self, remote: &Remote) -> Result<Checked, GitError> {
        let reference = self.object.spec.reference.clone().unwrap_or_default();
        let options = CheckoutOptions {
            reference: Reference {
                branch: reference.branch.unwrap_or_default(),
                tag: reference.tag.unwrap_or_default(),
                semver: reference.semver.unwrap_or_default(),
                name: reference.name.unwrap_or_default(),
                commit: reference.commit.unwrap_or_default(),
            },
            last_observed: self.known.clone(),
            submodules: match self.object.spec.recurse_submodules {
                true => Submodules::Fetch,
                false => Submodules::Leave,
            },
            scratch: self.scratch.clone(),
        };
        flux_git::checkout(remote, &options, &self.cancel)
    }

    fn snapshot(&self, local: &Override) -> Result<Fetched, GitError> {
        let snapshot = local.directory.snapshot(local.mode)?;
        let hash = snapshot.revision.rsplit(':').next().unwrap_or_default().to_owned();
        Ok(Fetched {
            revision: snapshot.revision,
            hash,
            commit: snapshot.commit,
            tree: snapshot.tree,
        })
    }

    /// Checks that every directory of a sparse checkout exists.
    fn check_sparse_paths(&self, tree: &dyn Tree) -> Result<(), String> {
        for path in &self.object.spec.sparse_checkout {
            let clean = flux_tree::path::join_confined("", path);
            tree.entry_kind(&clean).map_err(|_| {
                format!(
                    "sparse checkout dir '{path}' does not exist in repository: \
                     lstat {clean}: no such file or directory"
                )
            })?;
        }
        Ok(())
    }

    fn verify(&self, fetched: &Fetched) -> Result<Option<Verified>, Failure> {
        let Some(keys) = &self.keys else { return Ok(None) };
        // What lies on the user's own disk needs no signature.
        let (Source::Remote(_), Some(commit)) = (&self.source, &fetched.commit) else {
            return Ok(None);
        };
        let keys = keys.as_ref().map_err(Failure::clone)?;
        let entries = keys.iter().map(|(name, content)| (name.as_str(), content.as_slice()));
        let check = verify::Check {
            mode: self.object.spec.verify.as_ref().and_then(|verify| verify.mode.as_deref()),
            keys: TrustedKeys::from_entries(entries),
            now: self.now.as_second(),
        };
        verify::verify(commit, &check).map(Some)
    }

    /// Narrows a tree to what the spec asks for, and puts the included artifacts in.
    fn with_includes(&self, tree: Arc<dyn Tree>) -> Result<Arc<dyn Tree>, Failure> {
        let spec: &GitRepositorySpec = &self.object.spec;
        let mut tree = tree;
        if !spec.sparse_checkout.is_empty() {
            let prefixes = spec.sparse_checkout.iter();
            let prefixes = prefixes.map(|p| p.strip_prefix("./").unwrap_or(p).to_owned());
            tree = Arc::new(SparseTree::new(tree, prefixes));
        }
        for (include, artifact) in spec.include.iter().zip(&self.includes) {
            let name = &include.repository.name;
            let from = include.from_path.as_deref().unwrap_or_default();
            let to = include.to_path.as_deref().filter(|to| !to.is_empty()).unwrap_or(name);
            tree = self.include(tree, artifact, (from, to)).map_err(|why| {
                let message = format!("failed to copy '{name}' include from {from} to {to}: {why}");
                Failure::storage("CopyFailure", message)
            })?;
        }
        Ok(tree)
    }

    fn include(
        &self,
        tree: Arc<dyn Tree>,
        artifact: &Artifact,
        (from, to): (&str, &str),
    ) -> Result<Arc<dyn Tree>, String> {
        let at = flux_tree::path::join_confined("", to);
        let is_taken = match tree.directory(&at) {
            Ok(entries) => !entries.is_empty(),
            Err(TreeError::NotFound { .. }) => false,
            Err(error) => return Err(error.to_string()),
        };
        if is_taken || at.is_empty() {
            return Err(format!("destination already exists: {to}"));
        }
        let path = self.store.local_path(artifact).map_err(|error| error.to_string())?;
        let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        let limits = UnpackLimits { bytes: u64::MAX, ..UnpackLimits::default() };
        let included = unpack(file, Symlinks::Skip, limits).map_err(|error| error.to_string())?;
        let from = flux_tree::path::join_confined("", from);
        if included.entry_kind(&from).map_err(|error| error.to_string())? != Kind::Directory {
            return Err(format!("`{from}` is not a directory"));
        }
        let mounted = MountedTree::new(tree).mount(&at, Arc::new(included), &from);
        Ok(Arc::new(mounted.map_err(|error| error.to_string())?))
    }

    /// Packs a tree and stores it.
    fn publish(&self, fetched: &Fetched, tree: &dyn Tree) -> Result<Artifact, Failure> {
        let ignored = self.object.spec.ignore.as_deref();
        let rules = ignore::artifact_rules(tree, ignored).map_err(|error| Failure {
            mark: super::outcome::Mark::Nothing,
            reason: "SourceIgnoreError",
            message: format!("failed to load source ignore patterns from repository: {error}"),
            class: super::outcome::Class::Retry,
        })?;
        let version = Version { revision: &fetched.revision, now: self.now };
        let file = format!("{}.tar.gz", fetched.hash);
        let write = |out: &mut dyn io::Write| pack(tree, &rules, out).map(|_| ());
        self.store.publish(place(&self.object), &file, version, write).map_err(|error| {
            let why = match &error {
                PublishError::Content(cause) => explain(&**cause),
                PublishError::Store(error) => error.to_string(),
            };
            let message = format!("unable to archive artifact to storage: {why}");
            Failure::storage(reason::ARCHIVE_OPERATION_FAILED, message)
        })
    }
}

/// Writes an error and its causes in one line.
fn explain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", explain(source)),
        None => error.to_string(),
    }
}
