//! Repositories that are served from directories on this machine.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use flux_git::local::{Directory, Mode};
use tokio::sync::watch;

#[cfg(test)]
mod tests;

/// A directory that stands for a repository.
#[derive(Clone)]
pub struct Override {
    /// The directory.
    pub directory: Directory,
    /// Which of its content counts.
    pub mode: Mode,
}

/// Directories by the address of the repository that they stand for, cheap to clone.
#[derive(Clone)]
pub struct Overrides {
    directories: Arc<RwLock<BTreeMap<String, Override>>>,
    changes: watch::Sender<u64>,
}

impl Default for Overrides {
    fn default() -> Self {
        Self { directories: Arc::default(), changes: watch::Sender::new(0) }
    }
}

impl std::fmt::Debug for Overrides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let directories = self.directories.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(directories.keys()).finish()
    }
}

impl Overrides {
    /// Lets `directory` stand for the repository at `url`, whatever protocol leads there.
    pub fn insert(&self, url: &str, directory: Override) {
        let mut directories = self.directories.write().unwrap_or_else(PoisonError::into_inner);
        directories.insert(key(url), directory);
        drop(directories);
        self.content_changed();
    }

    /// Returns the directory that stands for the repository at `url`.
    pub fn get(&self, url: &str) -> Option<Override> {
        let directories = self.directories.read().unwrap_or_else(PoisonError::into_inner);
        directories.get(&key(url)).cloned()
    }

    /// Tells the controller to look at all directories at once.
    pub fn content_changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// Returns host and path of an address, which are the same for all protocols.
fn key(url: &str) -> String {
    let (rest, is_url) = match url.split_once("://") {
        Some((_, rest)) => (rest, true),
        None => (url, false),
    };
    let rest = match rest.split_once('@') {
        Some((user, rest)) if !user.contains('/') => rest,
        _ => rest,
    };
    // `git@host:path` is how ssh writes it.
    let (host, path) = match (rest.split_once('/'), rest.split_once(':')) {
        (_, Some((host, path))) if !is_url && !host.contains('/') => (host, path),
        (Some((host, path)), _) => (host, path),
        (None, _) => (rest, ""),
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    format!("{}/{path}", host.to_ascii_lowercase())
}
