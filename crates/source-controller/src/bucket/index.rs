//! What a bucket holds, in one digest.

use std::collections::BTreeMap;

use flux_artifact::{Algorithm, Hasher};
use flux_tree::Kind;
use flux_tree::ignore::{self, Matcher};

/// The object that says what is left out.
pub(super) const IGNORE_FILE: &str = ".sourceignore";

/// Keys and their etags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    etags: BTreeMap<String, String>,
}

impl Index {
    pub(super) fn insert(&mut self, key: String, etag: String) {
        self.etags.insert(key, etag);
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.etags.remove(key);
    }

    pub(super) fn etag(&self, key: &str) -> Option<&str> {
        self.etags.get(key).map(String::as_str)
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.etags.keys().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.etags.len()
    }

    /// Returns the revision: a digest over keys and etags, keys in byte order.
    pub(super) fn revision(&self) -> String {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        for (key, etag) in &self.etags {
            hasher.update(format!("{key} {etag}\n").as_bytes());
        }
        hasher.finish().to_string()
    }
}

/// Chooses which objects are of interest.
pub(super) struct Filter {
    rules: Matcher,
}

impl Filter {
    /// Reads the rules of the bucket and of the object, of which the latter count more.
    ///
    /// # Upstream
    /// Nothing is left out by default, not even what belongs to version control.
    pub(super) fn new(bucket: Option<&str>, object: Option<&str>) -> Self {
        let mut patterns = ignore::parse(bucket.unwrap_or_default(), &[]);
        patterns.extend(ignore::parse(object.unwrap_or_default(), &[]));
        Self { rules: Matcher::new(patterns) }
    }

    pub(super) fn takes(&self, key: &str) -> bool {
        let is_directory = key.ends_with('/');
        !is_directory
            && key != IGNORE_FILE
            && !self.rules.is_ignored(key, Kind::File { executable: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_is_a_digest_of_sorted_lines() {
        let mut index = Index::default();
        assert_eq!(
            index.revision(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        index.insert("b".to_owned(), "2".to_owned());
        index.insert("a".to_owned(), "1".to_owned());
        // The digest of "a 1\nb 2\n".
        assert_eq!(
            index.revision(),
            "sha256:2951835de33689a441bfa61bc7af99b1f0305ca8ec0ab4dd508f14f57b27ca23"
        );
    }

    #[test]
    fn only_rules_that_somebody_wrote_leave_objects_out() {
        let filter = Filter::new(Some("*.md\n"), Some("!/keep.md\n"));
        let taken = ["a.yaml", ".git/config", "x.jpg", "keep.md"];
        assert!(taken.iter().all(|key| filter.takes(key)));
        let left = ["README.md", "sub/x.md", "dir/", ".sourceignore"];
        assert!(!left.iter().any(|key| filter.takes(key)));
    }
}
