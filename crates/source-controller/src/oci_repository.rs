//! OCIRepository: from an artifact in a registry to an archive.

use std::sync::Arc;
use std::time::Duration;

use flux_api::names::condition;
use flux_api::{OciRepository, OciRepositorySpec, OciRepositoryStatus};

use crate::pass::{Means, News, Outcome, Rules, Seen, Settings, Source};

mod access;
mod fetch;
mod layer;
mod select;

/// How long one pass may take if the spec does not say.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reconciles OCIRepositories.
pub(crate) struct OciSource {
    pub(crate) means: Arc<Means>,
    /// Whether objects may name the service account that they log in as.
    pub(crate) object_level_identity: bool,
}

impl Source for OciSource {
    type Spec = OciRepositorySpec;
    type Note = ();

    const RULES: Rules = Rules {
        types: &[
            condition::STORAGE_OPERATION_FAILED,
            condition::FETCH_FAILED,
            condition::ARTIFACT_OUTDATED,
            condition::ARTIFACT_IN_STORAGE,
            condition::SOURCE_VERIFIED,
            condition::STALLED,
            condition::RECONCILING,
            condition::READY,
        ],
        failures: &[condition::FETCH_FAILED, condition::STORAGE_OPERATION_FAILED],
        forgets_storage_failures: true,
        latest: "latest.tar.gz",
    };

    fn settings(spec: &OciRepositorySpec) -> Settings {
        Settings { interval: spec.interval.get(), is_suspended: spec.suspend }
    }

    async fn fetch(&self, seen: &Seen<OciRepositorySpec>) -> Outcome<()> {
        self.pull(seen).await
    }

    fn record(object: &OciRepository, status: &mut OciRepositoryStatus, (): &()) {
        status.observed_ignore.clone_from(&object.spec.ignore);
        status.observed_layer_selector.clone_from(&object.spec.layer_selector);
    }

    fn news(object: &OciRepository, status: &OciRepositoryStatus, (): &()) -> News {
        let (mut revision, mut origin) = (String::new(), String::new());
        if let Some(artifact) = &status.artifact {
            revision.clone_from(&artifact.revision);
            let fact = |key: &str| artifact.metadata.get(key).filter(|text| !text.is_empty());
            if let Some(source) = fact("org.opencontainers.image.source") {
                origin += &format!(", origin source '{source}'");
            }
            if let Some(revision) = fact("org.opencontainers.image.revision") {
                origin += &format!(", origin revision '{revision}'");
            }
        }
        let url = &object.spec.url;
        News {
            message: format!("stored artifact with revision '{revision}' from '{url}'{origin}"),
            reason: flux_api::names::reason::NEW_ARTIFACT.to_owned(),
            recovery: flux_api::names::reason::SUCCEEDED.to_owned(),
        }
    }
}
