//! Which commit a GitRepository asks for.

use crate::refs::RemoteRef;
use crate::{GitError, Hash};

#[cfg(test)]
mod tests;

/// The branch that is taken if nothing is asked for.
const DEFAULT_BRANCH: &str = "master";

/// What `spec.ref` holds; empty texts are fields that are not set.
///
/// # Upstream
/// A commit beats a name, a name a tag, a tag a range, a range a branch, contrary to what the
/// documentation of the fields says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// The name of a branch.
    pub branch: String,
    /// The name of a tag.
    pub tag: String,
    /// A range of versions, matched against tags.
    pub semver: String,
    /// The full name of a reference.
    pub name: String,
    /// The hash of a commit.
    pub commit: String,
}

/// What is to be looked up, the precedence applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    Commit(&'a str),
    Name(&'a str),
    Tag(&'a str),
    Range(&'a str),
    Branch(&'a str),
}

impl Reference {
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        if !self.commit.is_empty() {
            Wanted::Commit(&self.commit)
        } else if !self.name.is_empty() {
            Wanted::Name(&self.name)
        } else if !self.tag.is_empty() {
            Wanted::Tag(&self.tag)
        } else if !self.semver.is_empty() {
            Wanted::Range(&self.semver)
        } else if !self.branch.is_empty() {
            Wanted::Branch(&self.branch)
        } else {
            Wanted::Branch(DEFAULT_BRANCH)
        }
    }

    /// Returns the revision that `commit`, reached through the reference `full`, is known by.
    pub(crate) fn revision(&self, full: &str, commit: &Hash) -> String {
        if !self.name.is_empty() {
            return format!("{}@{}", self.name, commit.digest());
        }
        match short(full) {
            Some(short) => format!("{short}@{}", commit.digest()),
            None => commit.digest(),
        }
    }
}

/// Returns what follows `refs/heads/` or the like.
fn short(full: &str) -> Option<&str> {
    full.splitn(3, '/').nth(2)
}

pub(crate) fn branch_ref(name: &str) -> String {
    format!("refs/heads/{name}")
}

pub(crate) fn tag_ref(name: &str) -> String {
    format!("refs/tags/{name}")
}

/// Finds a reference by its full name; `^{}` behind the name of a tag changes nothing.
pub(crate) fn find<'a>(refs: &'a [RemoteRef], name: &str) -> Option<&'a RemoteRef> {
    let name = name.strip_suffix("^{}").unwrap_or(name);
    refs.iter().find(|found| found.name == name)
}

/// Checks the name of a reference.
pub(crate) fn check_name(name: &str) -> Result<(), GitError> {
    if name.starts_with('/') || name.ends_with('/') {
        return Err(GitError::InvalidRef(name.to_owned()));
    }
    Ok(())
}
