//! The files of a commit, read from the object store when asked for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use flux_tree::{Entry, Kind, Tree, TreeError};
use gix::ObjectId;
use gix::objs::tree::EntryKind;

use crate::GitError;
use crate::store::Objects;

/// The files of one commit.
///
/// A submodule is an empty directory.
pub struct GitTree {
    objects: Arc<Objects>,
    root: ObjectId,
    /// Directories that were read, in byte order of their names.
    directories: Mutex<HashMap<ObjectId, Arc<Vec<Item>>>>,
}

struct Item {
    name: String,
    kind: Kind,
    id: ObjectId,
    is_submodule: bool,
}

impl GitTree {
    pub(crate) fn new(objects: Arc<Objects>, root: ObjectId) -> Self {
        Self { objects, root, directories: Mutex::default() }
    }

    /// Returns the object at a path, with what kind of entry names it.
    pub(crate) fn object_at(&self, path: &str) -> Result<(Kind, ObjectId), TreeError> {
        let (kind, id, _) = self.locate(path)?;
        Ok((kind, id))
    }

    /// Returns the commit that the submodule at `path` is to be at.
    pub(crate) fn submodule_at(&self, path: &str) -> Option<ObjectId> {
        let (_, id, is_submodule) = self.locate(path).ok()?;
        is_submodule.then_some(id)
    }

    fn locate(&self, path: &str) -> Result<(Kind, ObjectId, bool), TreeError> {
        let mut here = (Kind::Directory, self.root, false);
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if here.0 != Kind::Directory {
                return Err(TreeError::NotADirectory { path: path.to_owned() });
            }
            let missing = || TreeError::NotFound { path: path.to_owned() };
            if here.2 {
                return Err(missing());
            }
            let items = self.items(here.1, path)?;
            let at = items.binary_search_by(|item| item.name.as_str().cmp(part));
            let item = at.ok().and_then(|at| items.get(at)).ok_or_else(missing)?;
            here = (item.kind, item.id, item.is_submodule);
        }
        Ok(here)
    }

    fn items(&self, id: ObjectId, path: &str) -> Result<Arc<Vec<Item>>, TreeError> {
        let known = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(items) = known.get(&id) {
            return Ok(Arc::clone(items));
        }
        drop(known);
        let raw = self.objects.read(&id, gix::objs::Kind::Tree).map_err(|e| failed(path, e))?;
        let mut items = Vec::new();
        for entry in gix::objs::TreeRefIter::from_bytes(&raw, id.kind()) {
            let entry = entry.map_err(|e| failed(path, broken(id, e.to_string())))?;
            let name = String::from_utf8_lossy(entry.filename).into_owned();
            if matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\0']) {
                return Err(failed(path, broken(id, format!("invalid path {name:?}"))));
            }
            let kind = match entry.mode.kind() {
                EntryKind::Tree | EntryKind::Commit => Kind::Directory,
                EntryKind::Blob => Kind::File { executable: false },
                EntryKind::BlobExecutable => Kind::File { executable: true },
                EntryKind::Link => Kind::Symlink,
            };
            let is_submodule = entry.mode.kind() == EntryKind::Commit;
            items.push(Item { name, kind, id: entry.oid.to_owned(), is_submodule });
        }
        items.sort_by(|a, b| a.name.cmp(&b.name));
        let items = Arc::new(items);
        let mut known = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id, Arc::clone(&items));
        Ok(items)
    }

    fn blob(&self, path: &str, id: ObjectId) -> Result<Vec<u8>, TreeError> {
        self.objects.read(&id, gix::objs::Kind::Blob).map_err(|e| failed(path, e))
    }
}

fn broken(id: ObjectId, reason: String) -> GitError {
    GitError::Object { id: id.to_string(), reason }
}

fn failed(path: &str, error: GitError) -> TreeError {
    TreeError::Io { path: path.to_owned(), source: io::Error::other(error) }
}

impl Tree for GitTree {
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError> {
        self.object_at(path).map(|(kind, _)| kind)
    }

    fn link_target(&self, path: &str) -> Result<String, TreeError> {
        match self.object_at(path)? {
            (Kind::Symlink, id) => Ok(String::from_utf8_lossy(&self.blob(path, id)?).into_owned()),
            _ => Err(TreeError::NotFound { path: path.to_owned() }),
        }
    }

    fn file_content(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError> {
        match self.object_at(path)? {
            (Kind::File { .. }, id) => self.blob(path, id).map(Cow::Owned),
            _ => Err(TreeError::NotAFile { path: path.to_owned() }),
        }
    }

    fn directory(&self, path: &str) -> Result<Vec<Entry>, TreeError> {
        let (kind, id, is_submodule) = self.locate(path)?;
        if kind != Kind::Directory {
            return Err(TreeError::NotADirectory { path: path.to_owned() });
        }
        if is_submodule {
            return Ok(Vec::new());
        }
        let items = self.items(id, path)?;
        let entry = |item: &Item| Entry { name: item.name.clone(), kind: item.kind };
        Ok(items.iter().map(entry).collect())
    }
}
