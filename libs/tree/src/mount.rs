//! Trees placed inside another tree.

use std::borrow::Cow;
use std::sync::Arc;

use crate::{Entry, Kind, Tree, TreeError, path};

#[cfg(test)]
mod tests;

/// A tree with further trees in it, each at a directory of its own.
///
/// What the base holds at or below a mounted directory is hidden by it.
pub struct MountedTree {
    base: Arc<dyn Tree>,
    mounts: Vec<Mount>,
}

struct Mount {
    at: String,
    tree: Arc<dyn Tree>,
    from: String,
}

/// Which tree answers for a path.
enum Place<'a> {
    /// A mount, and the path in its tree.
    Mounted(&'a Mount, String),
    /// The base, which may or may not have something there.
    Base,
}

impl MountedTree {
    /// Returns a tree that holds what `base` holds.
    pub fn new(base: Arc<dyn Tree>) -> Self {
        Self { base, mounts: Vec::new() }
    }

    /// Shows the directory `from` of `tree` at the directory `at`; later mounts hide earlier ones.
    ///
    /// # Errors
    /// `at` is the root or climbs above it; `from` is not a directory of `tree`.
    pub fn mount(mut self, at: &str, tree: Arc<dyn Tree>, from: &str) -> Result<Self, TreeError> {
        let clean = path::clean(at).filter(|clean| !clean.is_empty());
        let at = clean.ok_or_else(|| TreeError::Escapes { path: at.to_owned() })?;
        let from = tree.resolve(from)?;
        if tree.entry_kind(&from)? != Kind::Directory {
            return Err(TreeError::NotADirectory { path: from });
        }
        self.mounts.push(Mount { at, tree, from });
        Ok(self)
    }

    fn place(&self, path: &str) -> Place<'_> {
        for mount in self.mounts.iter().rev() {
            if let Some(below) = path.strip_prefix(mount.at.as_str())
                && (below.is_empty() || below.starts_with('/'))
            {
                return Place::Mounted(mount, path::join_confined(&mount.from, below));
            }
        }
        Place::Base
    }

    /// Returns the names that lead from the directory `path` towards a mount.
    fn towards_mounts<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        self.mounts.iter().filter_map(move |mount| {
            let below = if path.is_empty() {
                mount.at.as_str()
            } else {
                mount.at.strip_prefix(path)?.strip_prefix('/')?
            };
            below.split('/').next()
        })
    }
}

impl Tree for MountedTree {
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError> {
        if let Place::Mounted(mount, inner) = self.place(path) {
            return mount.tree.entry_kind(&inner);
        }
        if self.towards_mounts(path).next().is_some() {
            return Ok(Kind::Directory);
        }
        self.base.entry_kind(path)
    }

    fn link_target(&self, path: &str) -> Result<String, TreeError> {
        match self.place(path) {
            Place::Mounted(mount, inner) => mount.tree.link_target(&inner),
            Place::Base => self.base.link_target(path),
        }
    }

    fn file_content(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError> {
        match self.place(path) {
            Place::Mounted(mount, inner) => mount.tree.file_content(&inner),
            Place::Base => self.base.file_content(path),
        }
    }

    fn directory(&self, path: &str) -> Result<Vec<Entry>, TreeError> {
        if let Place::Mounted(mount, inner) = self.place(path) {
            return mount.tree.directory(&inner);
        }
        let mut above = self.towards_mounts(path).peekable();
        let mut entries = match self.base.directory(path) {
            Err(TreeError::NotFound { .. } | TreeError::NotADirectory { .. })
                if above.peek().is_some() =>
            {
                Vec::new()
            }
            listed => listed?,
        };
        for name in above {
            entries.retain(|entry| entry.name != name);
            entries.push(Entry { name: name.to_owned(), kind: Kind::Directory });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}
