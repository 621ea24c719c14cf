//! What a Kustomization has applied, as it stands in its status.

use std::collections::BTreeSet;

use flux_manifest::{ObjectId, ParseIdError};
use serde::{Deserialize, Serialize};

use crate::ChangeSet;

/// One applied object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The object's id, `namespace_name_group_kind`.
    pub id: String,
    /// The version that it was applied in.
    pub v: String,
}

/// All applied objects, in the order of application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The objects.
    pub entries: Vec<Entry>,
}

impl Inventory {
    /// Lists everything in a change set, skipped and unchanged objects too.
    pub fn from_changes(changes: &ChangeSet) -> Self {
        let entry =
            |change: &crate::Change| Entry { id: change.id.to_string(), v: change.version.clone() };
        Self { entries: changes.changes.iter().map(entry).collect() }
    }

    /// Returns the ids with their versions.
    ///
    /// # Errors
    /// The first entry that is no id.
    pub fn ids(&self) -> Result<Vec<(ObjectId, String)>, ParseIdError> {
        self.entries.iter().map(|entry| Ok((entry.id.parse()?, entry.v.clone()))).collect()
    }

    /// Returns what this inventory holds and `newer` does not: the stale objects.
    ///
    /// # Guarantees
    /// An object that changed its API version only is not stale.
    pub fn stale(&self, newer: &Self) -> Self {
        let kept: BTreeSet<&str> = newer.entries.iter().map(|entry| entry.id.as_str()).collect();
        let stale = self.entries.iter().filter(|entry| !kept.contains(entry.id.as_str()));
        Self { entries: stale.cloned().collect() }
    }

    /// Adds entries that are not listed yet, as for objects whose deletion was not confirmed.
    pub fn merge(&mut self, other: &Self) {
        let missing = other.stale(self);
        self.entries.extend(missing.entries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(ids: &[(&str, &str)]) -> Inventory {
        let entry = |(id, v): &(&str, &str)| Entry { id: (*id).to_owned(), v: (*v).to_owned() };
        Inventory { entries: ids.iter().map(entry).collect() }
    }

    #[test]
    fn a_new_version_of_an_object_does_not_make_it_stale() {
        let old = inventory(&[("d_a_batch_CronJob", "v1beta1"), ("d_b__ConfigMap", "v1")]);
        let new = inventory(&[("d_a_batch_CronJob", "v1")]);
        assert_eq!(old.stale(&new), inventory(&[("d_b__ConfigMap", "v1")]));
    }

    #[test]
    fn what_could_not_be_deleted_stays_listed_once() {
        let mut new = inventory(&[("d_a__ConfigMap", "v1")]);
        let undeleted = inventory(&[("d_b__ConfigMap", "v1")]);
        new.merge(&undeleted);
        new.merge(&undeleted);
        assert_eq!(new, inventory(&[("d_a__ConfigMap", "v1"), ("d_b__ConfigMap", "v1")]));
    }
}
