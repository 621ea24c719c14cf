//! What Pods do, by annotation.

use std::time::Duration;

use serde_json::Value;

/// The annotation on workloads, templates and Pods that tells how their Pods behave:
/// `never-ready`, `crash-loop`, `ready-after=2s`, `fail-after=3s`.
pub const BEHAVIOUR: &str = "simulator.flux-rs.dev/behaviour";

/// What a Pod does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// It is ready at once; one that ends ends well.
    Normal,
    /// It runs and is never ready.
    NeverReady,
    /// Its containers end badly again and again.
    CrashLoop,
    /// It is ready, or ends well, after a while.
    ReadyAfter(Duration),
    /// It is ready at once and fails after a while.
    FailAfter(Duration),
}

impl Behaviour {
    pub(super) fn of(pod: &Value) -> Self {
        let text = text(&pod["metadata"]).unwrap_or_default();
        let (name, span) = text.split_once('=').unwrap_or((text, ""));
        let span = span.parse::<flux_gostd::Duration>().ok().and_then(flux_gostd::Duration::to_std);
        match (name, span) {
            ("never-ready", _) => Self::NeverReady,
            ("crash-loop", _) => Self::CrashLoop,
            ("ready-after", Some(span)) => Self::ReadyAfter(span),
            ("fail-after", Some(span)) => Self::FailAfter(span),
            _ => Self::Normal,
        }
    }
}

/// Returns the annotation in some metadata.
pub(super) fn text(metadata: &Value) -> Option<&str> {
    metadata.get("annotations")?.get(BEHAVIOUR)?.as_str()
}
