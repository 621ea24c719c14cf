//! Charts of repositories over HTTP.

use std::sync::Arc;

use flux_api::{Artifact, HelmChartSpec, HelmRepository};

use super::HelmChartSource;
use super::build::{Found, invalid, pull_failed};
use crate::helm::getter::{self, Getter};
use crate::helm::index::{Index, NotFound};
use crate::helm_repository::way;
use crate::pass::{Failure, Seen};

/// The version that is meant and where it is.
struct Wanted {
    version: String,
    urls: Vec<String>,
}

impl HelmChartSource {
    /// Takes a chart that the stored index of a repository names.
    pub(super) async fn chart_of_index(
        &self,
        seen: &Seen<HelmChartSpec>,
        (repository, artifact): (&HelmRepository, &Artifact),
    ) -> Result<Found, Failure> {
        let spec = &seen.object.spec;
        let version = spec.version.clone().unwrap_or_default();
        let Wanted { version, urls } = self.wanted(artifact, (spec.chart.clone(), version)).await?;
        if self.is_stored(seen, &spec.chart, &version) {
            return Ok(Found::Stored);
        }
        let failed = |why: &dyn std::fmt::Display| {
            pull_failed(format!("failed to download chart for remote reference: {why}"))
        };
        let base = getter::parse(&repository.spec.url).map_err(|why| failed(&why))?;
        let way = way(&self.means.ctx.cluster, repository).await?;
        let getter = Getter::new(base, way).map_err(|why| failed(&why))?;
        let url = urls.first().ok_or_else(|| {
            let name = &spec.chart;
            failed(&format!("chart '{name}' has no downloadable URLs"))
        })?;
        let url = getter.resolve(url).map_err(|why| failed(&why))?;
        let bytes = getter.get(&url, self.limits.chart).await.map_err(|error| failed(&error))?;
        self.read(bytes).await.map(Found::New)
    }

    /// Looks a chart up in the stored index.
    async fn wanted(
        &self,
        artifact: &Artifact,
        (name, version): (String, String),
    ) -> Result<Wanted, Failure> {
        let (store, artifact) = (Arc::clone(&self.means.store), artifact.clone());
        let looked_up = tokio::task::spawn_blocking(move || {
            let broken = |why: &dyn std::fmt::Display| {
                pull_failed(format!("failed to get chart version for remote reference: {why}"))
            };
            let path = store.local_path(&artifact).map_err(|error| broken(&error))?;
            let bytes = std::fs::read(path).map_err(|error| broken(&error))?;
            let index = Index::parse(&bytes).map_err(|error| broken(&error))?;
            let entry = index.find(&name, &version).map_err(|error: NotFound| {
                invalid(format!("failed to get chart version for remote reference: {error}"))
            })?;
            Ok(Wanted { version: entry.version().to_owned(), urls: entry.urls().to_vec() })
        });
        looked_up.await.unwrap_or_else(|error| Err(pull_failed(error)))
    }
}
