//! From an object to the index of its repository, and from there to a stored one.

use std::io;

use flux_api::HelmRepositorySpec;
use flux_api::names::reason;
use flux_artifact::{Algorithm, Digest, Hasher};

use super::{HelmRepositorySource, access};
use crate::helm::getter::{self, Getter};
use crate::helm::index::Index;
use crate::pass::{Drift, Failed, Failure, Outcome, Progress, Published, Seen, UpToDate};

/// The file in which a repository says what it offers.
const INDEX_FILE: &str = "index.yaml";

impl HelmRepositorySource {
    /// Looks at the repository, and stores what is new.
    pub(super) async fn download(&self, seen: &Seen<HelmRepositorySpec>) -> Outcome<()> {
        let mut progress = Progress::default();
        match self.download_new(seen, &mut progress).await {
            Ok(outcome) => outcome,
            Err(failure) => Outcome::Failed(Box::new(Failed { failure, progress })),
        }
    }

    async fn download_new(
        &self,
        seen: &Seen<HelmRepositorySpec>,
        progress: &mut Progress,
    ) -> Result<Outcome<()>, Failure> {
        let bytes = self.index(seen).await?;
        let algorithm = seen.stored().and_then(|artifact| artifact.revision.parse::<Digest>().ok());
        let algorithm = algorithm.map_or(Algorithm::default(), |digest| digest.algorithm());
        let parsed = tokio::task::spawn_blocking(move || {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(&bytes);
            (hasher.finish().to_string(), bytes)
        });
        let broken = |error: &dyn std::fmt::Display| {
            let message = format!("failed to load Helm repository from index YAML: {error}");
            Failure::fetch("IndexationFailed", message)
        };
        let (revision, bytes) = parsed.await.map_err(|error| broken(&error))?;
        let stored = (reason::SUCCEEDED, format!("stored artifact: revision '{revision}'"));
        if seen.has_revision(&revision) {
            // What is known already is not even read.
            let trace = format!("artifact up-to-date with remote revision: '{revision}'");
            let (stored, progress) = (Some(stored), progress.clone());
            let same = UpToDate { stored, trace, progress, note: () };
            return Ok(Outcome::UpToDate(Box::new(same)));
        }
        let written = tokio::task::spawn_blocking(move || {
            let index =
                Index::parse(&bytes).map_err(|error| format!("failed to load index: {error}"))?;
            drop(bytes);
            index.to_json().map_err(|error| error.to_string())
        });
        let written = written.await.map_err(|error| broken(&error))?;
        let json = written.map_err(|error| broken(&error))?;
        progress.is_fetched = true;
        let message = format!("new index revision '{revision}'");
        progress.drift = Some(Drift { reason: reason::NEW_REVISION, message });
        let hash = revision.rsplit(':').next().unwrap_or_default();
        let file = format!("index-{hash}.yaml");
        let content = move |out: &mut dyn io::Write| out.write_all(&json);
        let artifact = self.means.publish(seen, (&file, &revision), content).await?;
        let progress = progress.clone();
        Ok(Outcome::Published(Box::new(Published { artifact, stored, progress, note: () })))
    }

    /// Gets the index as it is.
    async fn index(&self, seen: &Seen<HelmRepositorySpec>) -> Result<Vec<u8>, Failure> {
        let base = getter::parse(&seen.object.spec.url).map_err(|why| {
            let message = format!("invalid Helm repository URL: {why}");
            Failure::fetch(reason::URL_INVALID, message).stalled()
        })?;
        let way = access::way(&self.means.ctx.cluster, &seen.object).await?;
        let getter = Getter::new(base, way).map_err(|why| {
            let message = format!("failed to construct Helm client: {why}");
            Failure::fetch(reason::FAILED, message).stalled()
        })?;
        let url = getter.address(INDEX_FILE);
        getter.get(&url, self.max_index).await.map_err(|error| {
            Failure::fetch(
                reason::FAILED,
                format!(
                    "failed to fetch Helm repository index: failed to cache index to temporary \
                     file: {error}"
                ),
            )
        })
    }
}
