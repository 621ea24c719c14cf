//! From an object to its source, and from there to a stored chart.

use std::io;

use flux_api::names::reason;
use flux_api::{HelmChartSpec, HelmRepository, HelmRepositorySpec};
use flux_gostd::Regexp;

use super::archive::{Metadata, metadata};
use super::{Chart, HelmChartSource, PULLED};
use crate::pass::{Drift, Failed, Failure, Outcome, Progress, Published, Seen, UpToDate};

/// What names of charts look like.
const NAME: &str = r"^([-a-z0-9]+/?\.?)+$";

/// A chart as it came.
pub(super) struct Pulled {
    pub(super) bytes: Vec<u8>,
    pub(super) metadata: Metadata,
}

/// What is to be stored.
pub(super) enum Found {
    /// What is stored already.
    Stored,
    /// Something else.
    New(Pulled),
}

/// The chart cannot be what is meant.
pub(super) fn invalid(why: impl std::fmt::Display) -> Failure {
    Failure::fetch("InvalidChartReference", format!("invalid chart reference: {why}")).stalled()
}

/// The chart could not be had.
pub(super) fn pull_failed(why: impl std::fmt::Display) -> Failure {
    Failure::fetch("ChartPullError", format!("chart pull error: {why}"))
}

impl HelmChartSource {
    /// Looks at the source, and stores what is new.
    pub(super) async fn build(&self, seen: &Seen<HelmChartSpec>) -> Outcome<Chart> {
        let mut progress = Progress::default();
        match self.build_new(seen, &mut progress).await {
            Ok(outcome) => outcome,
            Err(failure) => Outcome::Failed(Box::new(Failed { failure, progress })),
        }
    }

    async fn build_new(
        &self,
        seen: &Seen<HelmChartSpec>,
        progress: &mut Progress,
    ) -> Result<Outcome<Chart>, Failure> {
        let object = &seen.object;
        let reference = &object.spec.source_ref;
        if reference.kind != "HelmRepository" {
            return Err(Failure::build(
                "ChartPackageError",
                format!(
                    "chart package error: charts from a {} cannot be packaged yet",
                    reference.kind
                ),
            ));
        }
        let repository = self.repository(seen).await?;
        let is_oci = repository.spec.kind.as_deref() == Some("oci");
        let found = if is_oci {
            check(&object.spec)?;
            self.chart_of_registry(seen, &repository).await?
        } else {
            let Some(artifact) = &repository.status.artifact else {
                let name = &reference.name;
                let message = format!("no artifact available for HelmRepository source '{name}'");
                return Err(Failure::fetch(reason::NO_SOURCE_ARTIFACT, message).quiet());
            };
            progress.source_revision = Some(artifact.revision.clone());
            check(&object.spec)?;
            self.chart_of_index(seen, (&repository, artifact)).await?
        };
        progress.is_fetched = true;
        match found {
            Found::Stored => Ok(up_to_date(seen, progress.clone())),
            Found::New(pulled) => self.store(seen, pulled, progress).await,
        }
    }

    async fn repository(&self, seen: &Seen<HelmChartSpec>) -> Result<HelmRepository, Failure> {
        let name = &seen.object.spec.source_ref.name;
        let namespace = &seen.object.metadata.namespace;
        let found = self.means.ctx.cluster.fetch::<HelmRepositorySpec>(namespace, name).await;
        found.map_err(|error| {
            let why = if error.is_not_found() {
                format!("HelmRepository.source.toolkit.fluxcd.io {name:?} not found")
            } else {
                error.to_string()
            };
            Failure::fetch("SourceUnavailable", format!("failed to get source: {why}"))
        })
    }

    async fn store(
        &self,
        seen: &Seen<HelmChartSpec>,
        pulled: Pulled,
        progress: &mut Progress,
    ) -> Result<Outcome<Chart>, Failure> {
        let Pulled { bytes, metadata: Metadata { name, version } } = pulled;
        // A part of the name that is the repository's stays with it.
        let chart = seen
            .object
            .spec
            .chart
            .rsplit_once('/')
            .map_or(name.clone(), |(path, _)| format!("{path}/{name}"));
        let message = format!("pulled '{name}' chart with version '{version}'");
        if !seen.has_revision(&version) {
            progress.drift = Some(Drift { reason: "NewChart", message: message.clone() });
        }
        let file = format!("{chart}-{version}.tgz");
        let content = move |out: &mut dyn io::Write| out.write_all(&bytes);
        let artifact = self.means.publish(seen, (&file, &version), content).await?;
        let (stored, progress, note) = ((PULLED, message), progress.clone(), Chart { name: chart });
        Ok(Outcome::Published(Box::new(Published { artifact, stored, progress, note })))
    }

    /// Reads what came, off the threads that others wait for.
    pub(super) async fn read(&self, bytes: Vec<u8>) -> Result<Pulled, Failure> {
        let limit = self.limits.chart_file;
        let read = tokio::task::spawn_blocking(move || {
            metadata(&bytes, limit).map(|metadata| Pulled { bytes, metadata })
        });
        let read = read.await.map_err(pull_failed)?;
        read.map_err(|why| {
            pull_failed(format!("failed to load downloaded chart archive as partial chart: {why}"))
        })
    }

    /// Reports whether the stored chart is this version, made for this generation.
    pub(super) fn is_stored(&self, seen: &Seen<HelmChartSpec>, name: &str, version: &str) -> bool {
        let status = &seen.object.status;
        status.observed_generation == seen.object.metadata.generation
            && seen.has_revision(version)
            && status.observed_chart_name.as_deref() == Some(name)
    }
}

/// Refuses what is asked for and cannot be done.
fn check(spec: &HelmChartSpec) -> Result<(), Failure> {
    let is_valid = Regexp::new(NAME).is_ok_and(|form| form.is_match(&spec.chart));
    if !is_valid {
        return Err(invalid(format!(
            "invalid chart name '{}': a valid name must be lower case letters and numbers and MAY \
             be separated with dashes (-), slashes (/) or periods (.)",
            spec.chart
        )));
    }
    if spec.verify.is_some() {
        let message = "chart verification error: signatures of charts cannot be checked yet";
        return Err(Failure::unverified(message));
    }
    let files: Vec<&str> = spec.values_files.iter().map(String::as_str).collect();
    if !matches!(files.as_slice(), [] | ["values.yaml"]) {
        let message = "chart package error: charts with values files cannot be packaged yet";
        return Err(Failure::build("ChartPackageError", message));
    }
    Ok(())
}

fn up_to_date(seen: &Seen<HelmChartSpec>, progress: Progress) -> Outcome<Chart> {
    let revision = seen.stored().map_or("", |artifact| artifact.revision.as_str());
    let trace = format!("artifact up-to-date with remote revision: '{revision}'");
    let name = seen.object.status.observed_chart_name.clone().unwrap_or_default();
    let message = format!(
        "pulled '{}' chart with version '{revision}'",
        name.rsplit('/').next().unwrap_or_default()
    );
    let stored = Some((PULLED, message));
    Outcome::UpToDate(Box::new(UpToDate { stored, trace, progress, note: Chart { name } }))
}
