//! Bucket: from the objects of a store to an archive.

use std::sync::Arc;
use std::time::Duration;

use flux_api::names::{condition, reason};
use flux_api::{Bucket, BucketSpec, BucketStatus};

use crate::pass::{Means, News, Outcome, Rules, Seen, Settings, Source};

mod access;
mod fetch;
mod index;

/// How long a step may take if the spec does not say.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reconciles Buckets.
pub(crate) struct BucketSource {
    pub(crate) means: Arc<Means>,
    /// Whether objects may name the service account that they log in as.
    pub(crate) object_level_identity: bool,
}

impl Source for BucketSource {
    type Spec = BucketSpec;
    /// How many objects there are.
    type Note = usize;

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
        forgets_storage_failures: true,
        latest: "latest.tar.gz",
    };

    fn settings(spec: &BucketSpec) -> Settings {
        Settings { interval: spec.interval.get(), is_suspended: spec.suspend }
    }

    async fn fetch(&self, seen: &Seen<BucketSpec>) -> Outcome<usize> {
        self.download(seen).await
    }

    fn record(object: &Bucket, status: &mut BucketStatus, _count: &usize) {
        status.observed_ignore.clone_from(&object.spec.ignore);
    }

    fn news(object: &Bucket, _status: &BucketStatus, count: &usize) -> News {
        let name = &object.spec.bucket_name;
        News {
            message: format!("stored artifact with {count} fetched files from '{name}' bucket"),
            reason: reason::NEW_ARTIFACT.to_owned(),
            recovery: reason::SUCCEEDED.to_owned(),
        }
    }
}
