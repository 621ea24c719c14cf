//! How a pass can end.

use flux_api::Artifact;
use flux_api::names::{condition, reason};
use flux_runtime::{Event, Severity};

/// What happens after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It is tried again, with growing pauses.
    Retry,
    /// The same, but only the cluster is told.
    Quiet,
    /// Nothing happens until the object changes.
    Stall,
}

/// What a failure says in the conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// This condition holds.
    Problem(&'static str),
    /// The source is not verified.
    Unverified,
    /// Nothing but Ready.
    Nothing,
}

/// Why there is no artifact for what the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) mark: Mark,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) class: Class,
    /// Reason and message in conditions, where they are not those of the event.
    pub(crate) shown: Option<(&'static str, String)>,
}

impl Failure {
    fn new(mark: Mark, reason: &'static str, message: String) -> Self {
        Self { mark, reason, message, class: Class::Retry, shown: None }
    }

    /// The source could not be had.
    pub(crate) fn fetch(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Mark::Problem(condition::FETCH_FAILED), reason, message.into())
    }

    /// The credentials are wrong or missing.
    pub(crate) fn authentication(message: impl Into<String>) -> Self {
        Self::fetch(reason::AUTHENTICATION_FAILED, message)
    }

    /// A chart could not be built.
    pub(crate) fn build(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Mark::Problem(condition::BUILD_FAILED), reason, message.into())
    }

    /// The store refused.
    pub(crate) fn storage(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Mark::Problem(condition::STORAGE_OPERATION_FAILED), reason, message.into())
    }

    /// The signature is missing or wrong.
    pub(crate) fn unverified(message: impl Into<String>) -> Self {
        Self::new(Mark::Unverified, reason::VERIFICATION_FAILED, message.into())
    }

    /// Makes it final until the object changes.
    pub(crate) fn stalled(self) -> Self {
        Self { class: Class::Stall, ..self }
    }

    /// Tells only the cluster.
    pub(crate) fn quiet(self) -> Self {
        Self { class: Class::Quiet, ..self }
    }

    /// Says something else in conditions than in events.
    pub(crate) fn shown_as(self, reason: &'static str, message: String) -> Self {
        Self { shown: Some((reason, message)), ..self }
    }

    /// Leaves the conditions as they are.
    pub(crate) fn unmarked(self) -> Self {
        Self { mark: Mark::Nothing, ..self }
    }
}

/// That what is stored is not what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drift {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// What is known about signatures after a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verified {
    /// What was known before.
    #[default]
    Unchanged,
    /// Nothing is to be known.
    Unwanted,
}

/// How far a pass came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Whether the content was had.
    pub(crate) is_fetched: bool,
    /// What was found to be new.
    pub(crate) drift: Option<Drift>,
    /// What is known of signatures.
    pub(crate) verified: Verified,
    /// What is told in the cluster only.
    pub(crate) traces: Vec<Event>,
    /// The revision of what the content is made from.
    pub(crate) source_revision: Option<String>,
}

/// A pass that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) progress: Progress,
}

/// A pass that found nothing new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UpToDate<N> {
    /// Reason and message of what is in the store; `None` leaves them.
    pub(crate) stored: Option<(&'static str, String)>,
    /// What is told in the cluster only.
    pub(crate) trace: String,
    pub(crate) progress: Progress,
    pub(crate) note: N,
}

/// A pass that stored something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published<N> {
    pub(crate) artifact: Artifact,
    /// Reason and message of what is in the store.
    pub(crate) stored: (&'static str, String),
    pub(crate) progress: Progress,
    pub(crate) note: N,
}

/// How a pass ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<N> {
    /// Nothing was done because a person wants it so.
    Suspended,
    /// The process ends.
    Interrupted,
    /// The artifacts of a deleted object are gone; `had_any` if there were some.
    Finalized { had_any: bool },
    /// The artifacts of a deleted object could not be removed.
    NotFinalized(String),
    /// Something is wrong.
    Failed(Box<Failed>),
    /// The source still is what is stored.
    UpToDate(Box<UpToDate<N>>),
    /// There is a new artifact.
    Published(Box<Published<N>>),
}

impl<N> Outcome<N> {
    /// Returns how far the pass came; `None` if nothing was to be done.
    pub(crate) fn progress(&self) -> Option<&Progress> {
        match self {
            Self::Failed(failed) => Some(&failed.progress),
            Self::UpToDate(same) => Some(&same.progress),
            Self::Published(published) => Some(&published.progress),
            Self::Suspended
            | Self::Interrupted
            | Self::Finalized { .. }
            | Self::NotFinalized(_) => None,
        }
    }
}

/// Makes an event that is told in the cluster only.
pub(crate) fn trace(reason: &str, message: String) -> Event {
    Event {
        severity: Severity::Trace,
        reason: reason.to_owned(),
        message,
        metadata: Default::default(),
    }
}
