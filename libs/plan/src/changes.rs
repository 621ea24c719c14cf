//! What became of each object.

use std::fmt;

use flux_manifest::{Object, ObjectId};

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was not there before.
    Created,
    /// It was there and differed.
    Configured,
    /// It was there as wanted, and not written.
    Unchanged,
    /// It is gone.
    Deleted,
    /// It was left alone because it, or its live state, says so.
    Skipped,
    /// Nobody knows, as after a failed request.
    Unknown,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
        })
    }
}

/// One object of a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which object.
    pub id: ObjectId,
    /// The version that it was applied in, without its group.
    pub version: String,
    /// What became of it.
    pub action: Action,
}

impl Change {
    /// Notes what became of an object.
    pub fn new(object: &Object, action: Action) -> Self {
        Self { id: object.id(), version: object.gvk().version, action }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id.subject(), self.action)
    }
}

/// What became of all objects, in the order in which they were applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet {
    /// The changes.
    pub changes: Vec<Change>,
}

impl ChangeSet {
    /// Adds what another step changed.
    pub fn append(&mut self, other: Self) {
        self.changes.extend(other.changes);
    }

    /// Keeps the changes that `wanted` accepts.
    pub fn filtered(&self, wanted: impl Fn(&Change) -> bool) -> Self {
        Self { changes: self.changes.iter().filter(|it| wanted(it)).cloned().collect() }
    }

    /// Tells whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Prints one line an object, without a final newline.
impl fmt::Display for ChangeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, change) in self.changes.iter().enumerate() {
            let newline = if n == 0 { "" } else { "\n" };
            write!(f, "{newline}{change}")?;
        }
        Ok(())
    }
}
