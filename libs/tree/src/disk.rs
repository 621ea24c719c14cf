//! A tree that is a directory on disk.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Entry, Kind, Tree, TreeError};

#[cfg(test)]
mod tests;

/// The files below a directory on disk, read when asked for.
#[derive(Clone, Debug)]
pub struct DiskTree {
    root: PathBuf,
}

impl DiskTree {
    /// Opens the directory `root`, whose own symlinks are followed.
    ///
    /// # Errors
    /// It does not exist or is no directory.
    pub fn open(root: &Path) -> Result<Self, TreeError> {
        let named = root.display().to_string();
        let canonical = fs::canonicalize(root).map_err(|source| failed(&named, source))?;
        if !canonical.is_dir() {
            return Err(TreeError::NotADirectory { path: named });
        }
        Ok(Self { root: canonical })
    }

    /// Returns the directory, absolute and without symlinks.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn at(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    /// Rewrites an absolute target inside the root so that it is relative to the link at `path`.
    fn inside(&self, path: &str, target: &str) -> String {
        let Ok(below) = Path::new(target).strip_prefix(&self.root) else {
            return target.to_owned();
        };
        let ups = "../".repeat(path.matches('/').count());
        format!("{ups}{}", below.to_string_lossy())
    }
}

fn failed(path: &str, source: io::Error) -> TreeError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => TreeError::NotFound { path },
        io::ErrorKind::NotADirectory => TreeError::NotADirectory { path },
        _ => TreeError::Io { path, source },
    }
}

fn kind_of(meta: &fs::Metadata) -> Kind {
    if meta.is_dir() {
        Kind::Directory
    } else if meta.is_symlink() {
        Kind::Symlink
    } else if meta.is_file() {
        Kind::File { executable: is_executable(meta) }
    } else {
        Kind::Special
    }
}

#[cfg(unix)]
fn is_executable(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_meta: &fs::Metadata) -> bool {
    false
}

impl Tree for DiskTree {
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError> {
        let meta = fs::symlink_metadata(self.at(path)).map_err(|source| failed(path, source))?;
        Ok(kind_of(&meta))
    }

    fn link_target(&self, path: &str) -> Result<String, TreeError> {
        let target = fs::read_link(self.at(path)).map_err(|source| failed(path, source))?;
        Ok(self.inside(path, &target.to_string_lossy()))
    }

    fn file_content(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError> {
        if !self.entry_kind(path)?.is_file() {
            return Err(TreeError::NotAFile { path: path.to_owned() });
        }
        fs::read(self.at(path)).map(Cow::Owned).map_err(|source| failed(path, source))
    }

    fn directory(&self, path: &str) -> Result<Vec<Entry>, TreeError> {
        let broken = |source| failed(path, source);
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.at(path)).map_err(broken)? {
            let entry = entry.map_err(broken)?;
            // A name that is no UTF-8 cannot be named by any manifest.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let meta = match entry.metadata() {
                Ok(meta) => meta,
                // Removed since the directory was read.
                Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(broken(source)),
            };
            entries.push(Entry { name, kind: kind_of(&meta) });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}
