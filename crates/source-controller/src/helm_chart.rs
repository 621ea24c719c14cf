//! HelmChart: from a chart in a repository to a stored one.

use std::sync::Arc;

use flux_api::names::{condition, reason};
use flux_api::{HelmChart, HelmChartSpec, HelmChartStatus};

use crate::options::HelmLimits;
use crate::pass::{Means, News, Outcome, Rules, Seen, Settings, Source};

mod archive;
mod build;
mod oci;
mod repository;

/// That a chart was taken as it is.
const PULLED: &str = "ChartPullSucceeded";

/// Reconciles HelmCharts.
pub(crate) struct HelmChartSource {
    pub(crate) means: Arc<Means>,
    pub(crate) limits: HelmLimits,
}

/// The name of a chart that is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chart {
    pub(crate) name: String,
}

impl Source for HelmChartSource {
    type Spec = HelmChartSpec;
    type Note = Chart;

    const RULES: Rules = Rules {
        types: &[
            condition::STORAGE_OPERATION_FAILED,
            condition::FETCH_FAILED,
            condition::BUILD_FAILED,
            condition::ARTIFACT_OUTDATED,
            condition::ARTIFACT_IN_STORAGE,
            condition::SOURCE_VERIFIED,
            condition::STALLED,
            condition::RECONCILING,
            condition::READY,
        ],
        failures: &[
            condition::BUILD_FAILED,
            condition::FETCH_FAILED,
            condition::STORAGE_OPERATION_FAILED,
        ],
        forgets_storage_failures: false,
        latest: "latest.tar.gz",
    };

    fn settings(spec: &HelmChartSpec) -> Settings {
        Settings { interval: spec.interval.get(), is_suspended: spec.suspend }
    }

    async fn fetch(&self, seen: &Seen<HelmChartSpec>) -> Outcome<Chart> {
        self.build(seen).await
    }

    fn record(_object: &HelmChart, status: &mut HelmChartStatus, chart: &Chart) {
        status.observed_chart_name = Some(chart.name.clone());
        status.observed_values_files.clear();
    }

    fn news(_object: &HelmChart, status: &HelmChartStatus, _chart: &Chart) -> News {
        let stored = flux_api::conditions::get(&status.conditions, condition::ARTIFACT_IN_STORAGE);
        let (reason, message) = stored
            .map_or((reason::SUCCEEDED.to_owned(), String::new()), |it| {
                (it.reason.clone(), it.message.clone())
            });
        News { message, recovery: reason.clone(), reason }
    }
}
