//! Helm releases, coarse: the controller's own crate will refine them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::meta::{is_false, is_zero};
use crate::names::group::HELM;
use crate::resource::resource_status;
use crate::{Condition, Definition, Duration, Resource};

/// A Helm release.
pub type HelmRelease = Resource<HelmReleaseSpec>;

/// What to install, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmReleaseSpec {
    /// How often to look.
    pub interval: Duration,
    /// Whether nothing happens until this is taken back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Everything else.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// What was installed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmReleaseStatus {
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The request that was handled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The generation that this speaks of.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Everything else.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}
resource_status!(HelmReleaseStatus);

impl Definition for HelmReleaseSpec {
    const GROUP: &'static str = HELM;
    const VERSION: &'static str = "v2";
    const KIND: &'static str = "HelmRelease";
    const PLURAL: &'static str = "helmreleases";
    type Status = HelmReleaseStatus;
}
