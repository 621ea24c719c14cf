//! HelmRepository: from the index of a repository to a stored one.

use std::sync::Arc;
use std::time::Duration;

use flux_api::names::{condition, reason};
use flux_api::{HelmRepository, HelmRepositorySpec, HelmRepositoryStatus};

use crate::helm::size;
use crate::pass::{Means, News, Outcome, Rules, Seen, Settings, Source};

mod access;
mod fetch;

pub(crate) use access::way;

/// How often is looked if the spec does not say.
const INTERVAL: Duration = Duration::from_secs(60);

/// How long a download may take if the spec does not say.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reconciles HelmRepositories.
pub(crate) struct HelmRepositorySource {
    pub(crate) means: Arc<Means>,
    /// The largest index that is taken, in bytes.
    pub(crate) max_index: u64,
}

impl Source for HelmRepositorySource {
    type Spec = HelmRepositorySpec;
    type Note = ();

    const RULES: Rules = Rules {
        types: &[
            condition::STORAGE_OPERATION_FAILED,
            condition::FETCH_FAILED,
            condition::ARTIFACT_OUTDATED,
            condition::ARTIFACT_IN_STORAGE,
            condition::STALLED,
            condition::RECONCILING,
            condition::READY,
        ],
        failures: &[condition::FETCH_FAILED, condition::STORAGE_OPERATION_FAILED],
        forgets_storage_failures: false,
        latest: "index.yaml",
    };

    fn settings(spec: &HelmRepositorySpec) -> Settings {
        let interval = spec.interval.map_or(INTERVAL, |interval| interval.get());
        Settings { interval, is_suspended: spec.suspend }
    }

    fn is_static(spec: &HelmRepositorySpec) -> bool {
        spec.kind.as_deref() == Some("oci")
    }

    async fn fetch(&self, seen: &Seen<HelmRepositorySpec>) -> Outcome<()> {
        self.download(seen).await
    }

    fn record(_object: &HelmRepository, _status: &mut HelmRepositoryStatus, (): &()) {}

    fn news(object: &HelmRepository, status: &HelmRepositoryStatus, (): &()) -> News {
        let bytes = status.artifact.as_ref().and_then(|artifact| artifact.size).unwrap_or_default();
        let size = size::human(u64::try_from(bytes).unwrap_or_default());
        News {
            message: format!("stored fetched index of size {size} from '{}'", object.spec.url),
            reason: reason::NEW_ARTIFACT.to_owned(),
            recovery: reason::SUCCEEDED.to_owned(),
        }
    }
}
