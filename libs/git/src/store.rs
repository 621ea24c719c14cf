//! Objects on disk, as they came from a server.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gix::objs::{Find as _, Kind};
use gix::odb::{HandleArc, Store};
use tempfile::TempDir;

use crate::GitError;

/// No object may take more memory than this.
pub(crate) const MAX_OBJECT: usize = 2 << 30;

/// A directory of packs that is removed when the last tree that reads from it is gone.
pub(crate) struct Objects {
    handle: Mutex<HandleArc>,
    directory: PathBuf,
    _scratch: Option<TempDir>,
}

impl Objects {
    /// Creates an empty store in a new directory below `scratch`.
    pub(crate) fn create(scratch: &Path) -> Result<Self, GitError> {
        let failed = |error: std::io::Error| GitError::Storage(error.to_string());
        let directory = tempfile::Builder::new().prefix("git-").tempdir_in(scratch);
        let directory = directory.map_err(failed)?;
        std::fs::create_dir_all(directory.path().join("objects/pack")).map_err(failed)?;
        Self::at(directory.path().join("objects"), Some(directory))
    }

    /// Opens the objects of a repository that stays where it is.
    pub(crate) fn open(directory: PathBuf) -> Result<Self, GitError> {
        Self::at(directory, None)
    }

    fn at(directory: PathBuf, scratch: Option<TempDir>) -> Result<Self, GitError> {
        let options = gix::odb::store::init::Options {
            alloc_limit_bytes: Some(MAX_OBJECT),
            ..Default::default()
        };
        let none = &mut std::iter::empty();
        let store = Store::at_opts(directory.clone(), gix::hash::Kind::Sha1, none, options)
            .map_err(|error| GitError::Storage(error.to_string()))?;
        let handle = Mutex::new(Arc::new(store).to_cache_arc());
        Ok(Self { handle, directory, _scratch: scratch })
    }

    /// Returns the directory that holds `pack`.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns an object, `None` if it is not here.
    pub(crate) fn find(&self, id: &gix::oid) -> Result<Option<(Kind, Vec<u8>)>, GitError> {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = Vec::new();
        match handle.try_find(id, &mut buffer) {
            Ok(None) => Ok(None),
            Ok(Some(found)) => {
                let kind = found.kind;
                Ok(Some((kind, buffer)))
            }
            Err(error) => Err(GitError::Object { id: id.to_string(), reason: error.to_string() }),
        }
    }

    /// Returns an object that must be here and of this kind.
    pub(crate) fn read(&self, id: &gix::oid, kind: Kind) -> Result<Vec<u8>, GitError> {
        let failed = |reason: &str| GitError::Object { id: id.to_string(), reason: reason.into() };
        match self.find(id)? {
            Some((found, content)) if found == kind => Ok(content),
            Some(_) => Err(failed("it is of another kind")),
            None => Err(failed("object not found")),
        }
    }
}
