//! The store, as a pass sees it.

use std::io;
use std::sync::Arc;

use flux_api::names::reason;
use flux_api::{
    Artifact, BucketStatus, Definition, HelmChartStatus, HelmRepositoryStatus, OciRepositoryStatus,
    ResourceStatus,
};
use flux_artifact::{PublishError, VerifyError, Version};
use flux_runtime::{Event, Severity};

use super::outcome::{Failure, Outcome, trace};
use super::{Means, Seen, place};

/// What the statuses of these kinds share.
pub(crate) trait SourceStatus: ResourceStatus {
    fn artifact(&self) -> Option<&Artifact>;
    fn artifact_mut(&mut self) -> &mut Option<Artifact>;
    fn url_mut(&mut self) -> &mut Option<String>;
    /// Records the revision of what the content is made from.
    fn set_source_revision(&mut self, _revision: &str) {}
}

macro_rules! source_status {
    ($($status:ty $(, $more:item)?;)*) => {
        $(impl SourceStatus for $status {
            $($more)?
            fn artifact(&self) -> Option<&Artifact> {
                self.artifact.as_ref()
            }
            fn artifact_mut(&mut self) -> &mut Option<Artifact> {
                &mut self.artifact
            }
            fn url_mut(&mut self) -> &mut Option<String> {
                &mut self.url
            }
        })*
    };
}
source_status! {
    OciRepositoryStatus;
    BucketStatus;
    HelmRepositoryStatus;
    HelmChartStatus, fn set_source_revision(&mut self, revision: &str) {
        self.observed_source_artifact_revision = Some(revision.to_owned());
    };
}

/// Whether the store has an artifact.
#[derive(Debug)]
pub(crate) enum Presence {
    /// The object has none yet.
    None,
    /// It is there and is what its digest says.
    Stored,
    /// It is gone.
    Gone,
    /// It is there and is something else.
    Corrupt(VerifyError),
}

impl Means {
    pub(super) async fn presence(&self, artifact: Option<Artifact>) -> Presence {
        let Some(artifact) = artifact else { return Presence::None };
        let store = Arc::clone(&self.store);
        let checked = tokio::task::spawn_blocking(move || {
            if !store.contains(&artifact) {
                return Presence::Gone;
            }
            match store.verify(&artifact) {
                Ok(()) => Presence::Stored,
                Err(error) => Presence::Corrupt(error),
            }
        });
        checked.await.unwrap_or(Presence::Gone)
    }

    /// Removes superseded artifacts, and a stored one that is not what it says.
    pub(super) async fn tidy(
        &self,
        artifact: Option<&Artifact>,
        presence: &Presence,
    ) -> Vec<Event> {
        let Some(artifact) = artifact.cloned() else { return Vec::new() };
        let mut events = Vec::new();
        let (store, now) = (Arc::clone(&self.store), self.ctx.clock.precise());
        let is_corrupt = matches!(presence, Presence::Corrupt(_));
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
        if let Presence::Corrupt(error) = presence {
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
    pub(super) async fn finalize<S: Definition, N>(&self, seen: &Seen<S>) -> Outcome<N> {
        let (store, object) = (Arc::clone(&self.store), seen.object.clone());
        let removed = tokio::task::spawn_blocking(move || store.remove_all(place(&object))).await;
        match removed {
            Ok(Ok(had_any)) => Outcome::Finalized { had_any },
            Ok(Err(error)) => Outcome::NotFinalized(error.to_string()),
            Err(error) => Outcome::NotFinalized(error.to_string()),
        }
    }

    /// Stores what `content` writes.
    pub(crate) async fn publish<S, E>(
        &self,
        seen: &Seen<S>,
        (file, revision): (&str, &str),
        content: impl FnOnce(&mut dyn io::Write) -> Result<(), E> + Send + 'static,
    ) -> Result<Artifact, Failure>
    where
        S: Definition,
        E: std::error::Error + Send + Sync + 'static,
    {
        let (store, now) = (Arc::clone(&self.store), self.ctx.clock.precise());
        let (object, file, revision) = (seen.object.clone(), file.to_owned(), revision.to_owned());
        let stored = tokio::task::spawn_blocking(move || {
            let version = Version { revision: &revision, now };
            store.publish(place(&object), &file, version, content)
        });
        let failed = |why: String| {
            let message = format!("unable to archive artifact to storage: {why}");
            Failure::storage(reason::ARCHIVE_OPERATION_FAILED, message)
        };
        match stored.await {
            Ok(Ok(artifact)) => Ok(artifact),
            Ok(Err(PublishError::Content(cause))) => Err(failed(explain(&*cause))),
            Ok(Err(PublishError::Store(error))) => Err(failed(error.to_string())),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

/// Writes an error and its causes in one line.
pub(crate) fn explain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", explain(source)),
        None => error.to_string(),
    }
}
