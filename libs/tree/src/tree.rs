//! The read-only view of a file tree that everything above reads through.

use std::borrow::Cow;
use std::io;

use crate::path;

#[cfg(test)]
mod tests;

/// As many symlinks as one resolution may follow.
const MAX_LINKS: usize = 255;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file; `executable` if anybody may execute it.
    File {
        /// Whether any execute bit is set.
        executable: bool,
    },
    /// A directory.
    Directory,
    /// A symbolic link, not followed.
    Symlink,
    /// A device, a socket, a pipe: present, but without content.
    Special,
}

impl Kind {
    /// Reports whether it is a regular file.
    pub fn is_file(self) -> bool {
        matches!(self, Self::File { .. })
    }
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, without the directory.
    pub name: String,
    /// What stands there, symlinks not followed.
    pub kind: Kind,
}

/// Why a tree could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Nothing stands at the path.
    #[error("`{path}` does not exist")]
    NotFound {
        /// The path as asked for.
        path: String,
    },
    /// A directory was expected.
    #[error("`{path}` is not a directory")]
    NotADirectory {
        /// The path as asked for.
        path: String,
    },
    /// A regular file was expected.
    #[error("`{path}` is not a regular file")]
    NotAFile {
        /// The path as asked for.
        path: String,
    },
    /// The path or a symlink on the way leaves the root.
    #[error("`{path}` leaves the root of the tree")]
    Escapes {
        /// The path as asked for.
        path: String,
    },
    /// Symlinks go round in a circle, or very nearly.
    #[error("`{path}` has too many levels of symbolic links")]
    TooManyLinks {
        /// The path as asked for.
        path: String,
    },
    /// The backing store failed.
    #[error("failed to read `{path}`")]
    Io {
        /// The path as asked for.
        path: String,
        /// What the store said.
        source: io::Error,
    },
}

impl TreeError {
    /// Returns the path that the failing call asked for.
    pub fn path(&self) -> &str {
        match self {
            Self::NotFound { path }
            | Self::NotADirectory { path }
            | Self::NotAFile { path }
            | Self::Escapes { path }
            | Self::TooManyLinks { path }
            | Self::Io { path, .. } => path,
        }
    }

    /// Reports whether nothing stands at the path.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

/// A tree of files that can only be read.
///
/// Paths are relative to the root and separated by `/`; the empty path is the root. What an
/// implementation provides takes cleaned paths in which no symlink stands before the last
/// component; what everybody calls ([`Tree::read`], [`Tree::list`], [`Tree::stat`],
/// [`Tree::resolve`]) takes any path and follows symlinks as long as they stay inside the root.
pub trait Tree: Send + Sync {
    /// Returns what stands at a cleaned path, not following a symlink there.
    ///
    /// # Errors
    /// Nothing is there, or the store failed.
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError>;

    /// Returns where the symlink at a cleaned path points to.
    ///
    /// # Errors
    /// No symlink is there, or the store failed.
    fn link_target(&self, path: &str) -> Result<String, TreeError>;

    /// Returns the content of the regular file at a cleaned path.
    ///
    /// # Errors
    /// No file is there, or the store failed.
    fn file_content(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError>;

    /// Returns the entries of the directory at a cleaned path, in the order of their names' bytes.
    ///
    /// # Errors
    /// No directory is there, or the store failed.
    fn directory(&self, path: &str) -> Result<Vec<Entry>, TreeError>;

    /// Returns the cleaned path that `path` leads to, without any symlink in it.
    ///
    /// # Errors
    /// It does not exist, or leads out of the root.
    fn resolve(&self, path: &str) -> Result<String, TreeError> {
        resolve(self, path)
    }

    /// Returns what stands at `path`, symlinks followed.
    ///
    /// # Errors
    /// It does not exist, or leads out of the root.
    fn stat(&self, path: &str) -> Result<Kind, TreeError> {
        self.entry_kind(&self.resolve(path)?)
    }

    /// Returns the content of the file at `path`, symlinks followed.
    ///
    /// # Errors
    /// No file is there, or it leads out of the root.
    fn read(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError> {
        self.file_content(&self.resolve(path)?)
    }

    /// Returns the entries of the directory at `path`, symlinks followed, in byte order.
    ///
    /// # Errors
    /// No directory is there, or it leads out of the root.
    fn list(&self, path: &str) -> Result<Vec<Entry>, TreeError> {
        self.directory(&self.resolve(path)?)
    }

    /// Reports whether a regular file can be read at `path`.
    fn is_file(&self, path: &str) -> bool {
        self.stat(path).is_ok_and(Kind::is_file)
    }

    /// Reports whether a directory can be listed at `path`.
    fn is_directory(&self, path: &str) -> bool {
        self.stat(path).is_ok_and(|kind| kind == Kind::Directory)
    }
}

/// Follows every symlink of `wanted`, component by component.
fn resolve<T: Tree + ?Sized>(tree: &T, wanted: &str) -> Result<String, TreeError> {
    let escapes = || TreeError::Escapes { path: wanted.to_owned() };
    let mut rest: Vec<String> =
        path::clean(wanted).ok_or_else(escapes)?.rsplit('/').map(str::to_owned).collect();
    let mut done: Vec<String> = Vec::new();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done.pop().ok_or_else(escapes)?;
                continue;
            }
            _ => done.push(part),
        }
        let here = done.join("/");
        match tree.entry_kind(&here)? {
            Kind::Symlink => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(TreeError::TooManyLinks { path: wanted.to_owned() });
                }
                let target = tree.link_target(&here)?;
                if target.starts_with('/') {
                    return Err(escapes());
                }
                done.pop();
                rest.extend(target.rsplit('/').map(str::to_owned));
            }
            Kind::Directory => {}
            _ if rest.iter().all(String::is_empty) => {}
            _ => return Err(TreeError::NotADirectory { path: here }),
        }
    }
    Ok(done.join("/"))
}

/// What a walk does after an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Goes on, into the entry if it is a directory.
    Continue,
    /// Does not go into this directory.
    SkipChildren,
}

/// Visits everything below `root` depth first, each directory before its entries, names in byte
/// order, symlinks reported and not followed.
///
/// The callback gets the path from the root of the tree. `root` itself is not visited.
///
/// # Errors
/// What the tree or the callback reports first.
pub fn walk<E: From<TreeError>>(
    tree: &dyn Tree,
    root: &str,
    visit: &mut dyn FnMut(&str, Kind) -> Result<Visit, E>,
) -> Result<(), E> {
    let start = tree.resolve(root)?;
    let mut stack = vec![(start.clone(), tree.directory(&start)?.into_iter())];
    while let Some((dir, entries)) = stack.last_mut() {
        let Some(entry) = entries.next() else {
            stack.pop();
            continue;
        };
        let here = path::child(dir, &entry.name);
        if visit(&here, entry.kind)? == Visit::Continue && entry.kind == Kind::Directory {
            let below = tree.directory(&here)?.into_iter();
            stack.push((here, below));
        }
    }
    Ok(())
}
