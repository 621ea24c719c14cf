//! The events of a Kustomization, in upstream's words and metadata.

use std::collections::BTreeMap;

use flux_api::names::condition::READY;
use flux_api::names::event::{COMMIT_STATUS, COMMIT_STATUS_UPDATE, ORIGIN_REVISION, REVISION};
use flux_api::names::group::KUSTOMIZE;
use flux_api::{Kustomization, conditions};
use flux_runtime::{Event, Severity};

/// What an event is about besides the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Revisions {
    /// The revision of the source; empty if it makes no difference.
    pub(crate) revision: String,
    /// The revision that the source was made from; empty if nobody said.
    pub(crate) origin: String,
}

impl Revisions {
    /// Returns the revisions that were applied last.
    pub(crate) fn applied(kustomization: &Kustomization) -> Self {
        let status = &kustomization.status;
        Self {
            revision: status.last_applied_revision.clone().unwrap_or_default(),
            origin: status.last_applied_origin_revision.clone().unwrap_or_default(),
        }
    }

    /// Returns the revisions as history knows them.
    pub(crate) fn to_map(&self) -> BTreeMap<String, String> {
        let pairs = [(REVISION, &self.revision), (ORIGIN_REVISION, &self.origin)];
        let known = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        known.map(|(key, value)| (key.to_owned(), value.clone())).collect()
    }
}

/// Makes an event. Its reason is that of Ready at this moment.
pub(crate) fn event(
    about: &Kustomization,
    severity: Severity,
    revisions: &Revisions,
    message: impl Into<String>,
) -> Event {
    let ready = conditions::get(&about.status.conditions, READY);
    let reason = ready.map(|it| it.reason.clone()).filter(|reason| !reason.is_empty());
    let plain = match severity {
        Severity::Error => "error",
        Severity::Info | Severity::Trace => "info",
    };
    let full = |(key, value): (String, String)| (format!("{KUSTOMIZE}/{key}"), value);
    Event {
        severity,
        reason: reason.unwrap_or_else(|| plain.to_owned()),
        message: message.into(),
        metadata: revisions.to_map().into_iter().map(full).collect(),
    }
}

/// Makes the event that ends every successful pass.
pub(crate) fn finished(about: &Kustomization, took: flux_api::Duration) -> Event {
    let message = format!("Reconciliation finished in {took}, next run in {}", about.spec.interval);
    let mut event = event(about, Severity::Info, &Revisions::applied(about), message);
    let key = format!("{KUSTOMIZE}/{COMMIT_STATUS}");
    event.metadata.insert(key, COMMIT_STATUS_UPDATE.to_owned());
    event
}
