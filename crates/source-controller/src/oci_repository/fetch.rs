//! From an object to the digest that it means, and from there to an archive.

use std::future::Future;

use flux_api::names::reason;
use flux_api::{Artifact, OciRepositorySpec};
use flux_oci::{Client, Digest, Error, Manifest, Reference, Version};
use tokio::time::Instant;

use super::{OciSource, TIMEOUT, layer, select};
use crate::pass::{Drift, Failed, Failure, Outcome, Progress, Published, Seen, UpToDate, Verified};

/// A failure and how far the pass came before it.
type Stopped = Box<(Failure, Progress)>;

/// Ends what takes longer than the object allows.
async fn until<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout_at(deadline, work).await {
        Ok(result) => result,
        Err(_) => Err(Error::Connection { text: "context deadline exceeded".to_owned() }),
    }
}

/// What is to be stored.
struct Found {
    reference: Reference,
    digest: Digest,
    revision: String,
}

impl OciSource {
    /// Looks at the registry, and stores what is new.
    pub(super) async fn pull(&self, seen: &Seen<OciRepositorySpec>) -> Outcome<()> {
        match self.pull_new(seen).await {
            Ok(outcome) => outcome,
            Err(stopped) => {
                let (failure, progress) = *stopped;
                Outcome::Failed(Box::new(Failed { failure, progress }))
            }
        }
    }

    async fn pull_new(&self, seen: &Seen<OciRepositorySpec>) -> Result<Outcome<()>, Stopped> {
        let spec = &seen.object.spec;
        let deadline = Instant::now() + spec.timeout.map_or(TIMEOUT, |timeout| timeout.get());
        let access = self.access(&seen.object).await;
        let mut progress = Progress { traces: access.traces, ..Progress::default() };
        let stop = |failure: Failure, progress: &Progress| Box::new((failure, progress.clone()));
        let client = access.client.map_err(|failure| stop(failure, &progress))?;
        let found =
            find(&client, spec, deadline).await.map_err(|failure| stop(failure, &progress))?;
        let Found { reference, digest, revision } = &found;
        if !seen.has_revision(revision) {
            let message = format!("new revision '{revision}' for '{reference}'");
            progress.drift = Some(Drift { reason: reason::NEW_REVISION, message });
        }
        progress.verified = self
            .verified(seen, &client, &found)
            .await
            .map_err(|failure| stop(failure, &progress))?;
        let stored = (reason::SUCCEEDED, format!("stored artifact for digest '{revision}'"));
        if seen.has_revision(revision) && is_same_content(seen) {
            let trace = format!("artifact up-to-date with remote revision: '{revision}'");
            let stored = Some(stored);
            let same = UpToDate { stored, trace, progress, note: () };
            return Ok(Outcome::UpToDate(Box::new(same)));
        }
        let exact = reference.repository().at(digest.clone());
        let manifest = until(deadline, manifest(&client, &exact)).await.map_err(|error| {
            let message = format!("failed to pull artifact from '{}': {error}", spec.url);
            stop(Failure::fetch("OCIArtifactPullFailed", message), &progress)
        })?;
        let content = self
            .content(&client, (&exact, &manifest), (spec, deadline))
            .await
            .map_err(|failure| stop(failure, &progress))?;
        progress.is_fetched = true;
        let artifact =
            self.store(seen, &found, content).await.map_err(|failure| stop(failure, &progress))?;
        let metadata = manifest.annotations.unwrap_or_default();
        let artifact = Artifact { metadata, ..artifact };
        Ok(Outcome::Published(Box::new(Published { artifact, stored, progress, note: () })))
    }

    /// Checks the signatures that the spec asks for.
    async fn verified(
        &self,
        seen: &Seen<OciRepositorySpec>,
        _client: &Client,
        found: &Found,
    ) -> Result<Verified, Failure> {
        let Some(verify) = &seen.object.spec.verify else { return Ok(Verified::Unwanted) };
        // Nothing is taken on trust that somebody wanted to be checked.
        Err(Failure::unverified(format!(
            "failed to verify the signature using provider '{}': signatures of '{}' cannot be \
             checked yet",
            verify.provider, found.reference
        )))
    }

    /// Pulls the layer that the spec selects.
    async fn content(
        &self,
        client: &Client,
        (exact, manifest): (&Reference, &Manifest),
        (spec, deadline): (&OciRepositorySpec, Instant),
    ) -> Result<layer::Content, Failure> {
        let failed = |message: String| Failure::fetch("OCIArtifactLayerOperationFailed", message);
        let selector = spec.layer_selector.clone().unwrap_or_default();
        let layer = layer::choose(manifest, &selector).map_err(failed)?;
        let broken = |why: String| failed(format!("failed to get layer from artifact: {why}"));
        let mut file =
            layer::Spool::create(&self.means.scratch).map_err(|error| broken(error.to_string()))?;
        until(deadline, client.pull(exact.repository(), layer, &mut file))
            .await
            .map_err(|error| broken(error.to_string()))?;
        let operation = layer::Operation::of(&selector);
        let scratch = self.means.scratch.clone();
        let unpacked = tokio::task::spawn_blocking(move || file.finish(operation, &scratch)).await;
        match unpacked {
            Ok(Ok(content)) => Ok(content),
            Ok(Err(why)) => {
                Err(failed(format!("failed to extract layer contents from artifact: {why}")))
            }
            Err(error) => Err(failed(error.to_string())),
        }
    }

    async fn store(
        &self,
        seen: &Seen<OciRepositorySpec>,
        found: &Found,
        content: layer::Content,
    ) -> Result<Artifact, Failure> {
        let file = format!("{}.tar.gz", found.digest);
        let ignored = seen.object.spec.ignore.clone();
        let ready = tokio::task::spawn_blocking(move || content.with_rules(ignored.as_deref()));
        let failed = |why: String| Failure {
            reason: "SourceIgnoreError",
            ..Failure::storage(
                "SourceIgnoreError",
                format!("failed to load source ignore patterns from repository: {why}"),
            )
            .unmarked()
        };
        let ready = match ready.await {
            Ok(ready) => ready.map_err(|error| failed(error.to_string()))?,
            Err(error) => return Err(failed(error.to_string())),
        };
        let publish = move |out: &mut dyn std::io::Write| ready.write(out);
        self.means.publish(seen, (&file, &found.revision), publish).await
    }
}

async fn manifest(client: &Client, exact: &Reference) -> Result<Manifest, Error> {
    let content = client.image(exact).await?;
    content
        .manifest()
        .map_err(|error| Error::Malformed { what: exact.to_string(), why: error.to_string() })
}

/// Finds out what the object means now.
async fn find(
    client: &Client,
    spec: &OciRepositorySpec,
    deadline: Instant,
) -> Result<Found, Failure> {
    let url = &spec.url;
    let repository = select::repository(spec).map_err(|why| {
        let message = format!("URL validation failed for '{url}': {why}");
        Failure::fetch(reason::URL_INVALID, message).stalled()
    })?;
    let selected = select::reference(client, &repository, spec);
    let selected = tokio::time::timeout_at(deadline, selected).await;
    let selected = selected.unwrap_or_else(|_| Err("context deadline exceeded".to_owned()));
    let reference = selected.map_err(|why| {
        let message = format!("failed to determine the artifact tag for '{url}': {why}");
        Failure::fetch(reason::READ_OPERATION_FAILED, message)
    })?;
    let digest = match reference.version() {
        Version::Digest(digest) => Ok(digest.clone()),
        Version::Tag(_) => until(deadline, digest(client, &reference)).await,
    };
    let digest = digest.map_err(|error| {
        let message = format!("failed to determine artifact digest: {error}");
        Failure::fetch("OCIArtifactPullFailed", message)
    })?;
    let revision = select::revision(&reference, &digest);
    Ok(Found { reference, digest, revision })
}

/// Returns what a tag stands for; registries that do not tell have to send it.
async fn digest(client: &Client, reference: &Reference) -> Result<Digest, Error> {
    match client.head(reference).await {
        Ok(head) => Ok(head.digest),
        Err(_) => client.manifest(reference).await.map(|content| content.digest),
    }
}

/// Reports whether the settings that shape the content are those of the stored artifact.
fn is_same_content(seen: &Seen<OciRepositorySpec>) -> bool {
    let (spec, status) = (&seen.object.spec, &seen.object.status);
    spec.ignore == status.observed_ignore && spec.layer_selector == status.observed_layer_selector
}
