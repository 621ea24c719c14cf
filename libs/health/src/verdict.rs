//! What is found out about an object.

use std::fmt;

/// How far an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It is on its way.
    InProgress,
    /// It will not get there without help.
    Failed,
    /// It is what its spec asks for.
    Current,
    /// It is being deleted.
    Terminating,
    /// It does not exist.
    NotFound,
    /// It could not be judged.
    Unknown,
}

impl Status {
    /// Returns the name that kstatus uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Failed => "Failed",
            Self::Current => "Current",
            Self::Terminating => "Terminating",
            Self::NotFound => "NotFound",
            Self::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The status of an object with the reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How far the object is.
    pub status: Status,
    /// What a person should know; the error for [`Status::Unknown`].
    pub message: String,
    /// The standard condition that an object in progress or failed would carry.
    pub condition: Option<Condition>,
}

/// A standard condition, always with the status `True`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its type.
    pub kind: ConditionType,
    /// Its reason, one word.
    pub reason: String,
    /// Its message.
    pub message: String,
}

/// The types of standard conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionType {
    /// The object is in progress.
    Reconciling,
    /// The object has failed.
    Stalled,
}

impl ConditionType {
    /// Returns the name of the type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
        }
    }
}

impl Verdict {
    /// Returns the verdict on an object that is not there.
    pub fn not_found() -> Self {
        Self { status: Status::NotFound, message: "Resource not found".to_owned(), condition: None }
    }

    /// Returns the verdict on an object that could not be judged.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self { status: Status::Unknown, message: message.into(), condition: None }
    }

    pub(crate) fn current(message: impl Into<String>) -> Self {
        Self { status: Status::Current, message: message.into(), condition: None }
    }

    pub(crate) fn terminating(message: impl Into<String>) -> Self {
        Self { status: Status::Terminating, message: message.into(), condition: None }
    }

    pub(crate) fn in_progress(reason: &str, message: impl Into<String>) -> Self {
        Self::with_condition(Status::InProgress, ConditionType::Reconciling, reason, message.into())
    }

    pub(crate) fn failed(reason: &str, message: impl Into<String>) -> Self {
        Self::with_condition(Status::Failed, ConditionType::Stalled, reason, message.into())
    }

    fn with_condition(status: Status, kind: ConditionType, reason: &str, message: String) -> Self {
        let condition = Condition { kind, reason: reason.to_owned(), message: message.clone() };
        Self { status, message, condition: Some(condition) }
    }
}
