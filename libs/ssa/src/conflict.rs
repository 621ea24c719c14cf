//! Fields that an apply would change although others own them.

use std::collections::BTreeMap;
use std::fmt;

use crate::managed::Manager;
use crate::path::Path;

/// One field that somebody else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Who owns it.
    pub manager: Manager,
    /// The field.
    pub path: Path,
}

impl Conflict {
    /// Returns the message of the cause that stands for this conflict.
    pub fn message(&self) -> String {
        format!("conflict with {}", self.manager)
    }
}

/// All conflicts of one apply; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts(pub Vec<Conflict>);

/// Prints the message of the 409: a single conflict on one line, several grouped by manager.
impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return write!(f, "Apply failed with 1 conflict: {}: {}", only.message(), only.path);
        }
        let mut groups: BTreeMap<String, Vec<&Conflict>> = BTreeMap::new();
        for conflict in &self.0 {
            groups.entry(conflict.manager.sort_key()).or_default().push(conflict);
        }
        let mut lines = Vec::with_capacity(self.0.len() + groups.len());
        for conflicts in groups.values() {
            if let Some(first) = conflicts.first() {
                lines.push(format!("conflicts with {}:", first.manager));
            }
            lines.extend(conflicts.iter().map(|conflict| format!("- {}", conflict.path)));
        }
        write!(f, "Apply failed with {} conflicts: {}", self.0.len(), lines.join("\n"))
    }
}

impl std::error::Error for Conflicts {}
