//! How a pass can end.

use flux_api::Artifact;
use flux_api::names::{condition, reason};

/// What happens after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It is tried again, with growing pauses.
    Retry,
    /// Nothing happens until the object changes.
    Stall,
    /// It is looked at again after the pause for dependencies.
    Wait,
}

/// What a failure says in the conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// This condition holds.
    Problem(&'static str),
    /// The source is not verified.
    Unverified,
    /// Nothing but Ready.
    Nothing,
}

/// Why there is no artifact for what the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) mark: Mark,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) class: Class,
}

impl Failure {
    /// The repository could not be had.
    pub(super) fn fetch(reason: &'static str, message: String) -> Self {
        let mark = Mark::Problem(condition::FETCH_FAILED);
        Self { mark, reason, message, class: Class::Retry }
    }

    /// The credentials are wrong or missing.
    pub(super) fn authentication(message: String) -> Self {
        Self::fetch(reason::AUTHENTICATION_FAILED, message)
    }

    /// The store refused.
    pub(super) fn storage(reason: &'static str, message: String) -> Self {
        let mark = Mark::Problem(condition::STORAGE_OPERATION_FAILED);
        Self { mark, reason, message, class: Class::Retry }
    }

    /// An included repository has nothing to include.
    pub(super) fn include(reason: &'static str, message: String) -> Self {
        let mark = Mark::Problem(condition::INCLUDE_UNAVAILABLE);
        Self { mark, reason, message, class: Class::Wait }
    }

    /// The signature is missing or wrong.
    pub(super) fn unverified(reason: &'static str, message: String) -> Self {
        Self { mark: Mark::Unverified, reason, message, class: Class::Retry }
    }

    /// Makes it final until the object changes.
    pub(super) fn stalled(self) -> Self {
        Self { class: Class::Stall, ..self }
    }
}

/// How far a pass came before it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was fetched.
    Before,
    /// A commit was fetched but not accepted.
    Fetched,
    /// A commit of this revision was accepted but not stored.
    Accepted(String),
}

/// What a signature proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub(super) mode: String,
    pub(super) message: String,
}

/// How a pass ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing was done because a person wants it so.
    Suspended,
    /// The artifacts of a deleted object are gone; `had_any` if there were some.
    Finalized { had_any: bool },
    /// The artifacts of a deleted object could not be removed.
    NotFinalized(String),
    /// Something is wrong.
    Failed { failure: Failure, stage: Stage },
    /// The server still has the revision of the stored artifact: seen without fetching.
    Unchanged { revision: String },
    /// The revision of the stored artifact was fetched again.
    UpToDate { revision: String, verified: Option<Verified> },
    /// There is a new artifact.
    Stored(Box<Stored>),
}

/// A new artifact and what it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) artifact: Artifact,
    pub(super) includes: Vec<Artifact>,
    /// The first line of the commit's message.
    pub(super) subject: String,
    pub(super) verified: Option<Verified>,
}
