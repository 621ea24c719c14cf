//! A part of a tree.

use std::borrow::Cow;
use std::sync::Arc;

use flux_tree::{Entry, Kind, Tree, TreeError};

#[cfg(test)]
mod tests;

/// The files of a tree whose paths begin with one of several texts.
///
/// # Upstream
/// Texts, not directories: `app` lets `app/x` and `apple` through, as go-git's sparse checkout
/// does. Directories are there if a file in them is.
pub struct SparseTree {
    inner: Arc<dyn Tree>,
    prefixes: Vec<String>,
}

impl SparseTree {
    /// Returns the part of `inner` below `prefixes`.
    pub fn new(inner: Arc<dyn Tree>, prefixes: impl IntoIterator<Item = String>) -> Self {
        Self { inner, prefixes: prefixes.into_iter().collect() }
    }

    fn shows(&self, path: &str, kind: Kind) -> Result<bool, TreeError> {
        if path.is_empty() || self.prefixes.iter().any(|prefix| path.starts_with(prefix)) {
            return Ok(true);
        }
        if kind != Kind::Directory {
            return Ok(false);
        }
        let inside = format!("{path}/");
        if !self.prefixes.iter().any(|prefix| prefix.starts_with(&inside)) {
            // A prefix such as `app/` does not begin the path `app` and yet means it.
            return Ok(self.prefixes.iter().any(|prefix| inside.starts_with(prefix)));
        }
        for entry in self.inner.directory(path)? {
            if self.shows(&format!("{inside}{}", entry.name), entry.kind)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn check(&self, path: &str) -> Result<Kind, TreeError> {
        let kind = self.inner.entry_kind(path)?;
        if self.shows(path, kind)? {
            return Ok(kind);
        }
        Err(TreeError::NotFound { path: path.to_owned() })
    }
}

impl Tree for SparseTree {
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError> {
        self.check(path)
    }

    fn link_target(&self, path: &str) -> Result<String, TreeError> {
        self.check(path)?;
        self.inner.link_target(path)
    }

    fn file_content(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError> {
        self.check(path)?;
        self.inner.file_content(path)
    }

    fn directory(&self, path: &str) -> Result<Vec<Entry>, TreeError> {
        self.check(path)?;
        let mut shown = Vec::new();
        for entry in self.inner.directory(path)? {
            let here =
                if path.is_empty() { entry.name.clone() } else { format!("{path}/{}", entry.name) };
            if self.shows(&here, entry.kind)? {
                shown.push(entry);
            }
        }
        Ok(shown)
    }
}
