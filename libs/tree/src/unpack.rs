//! Reads archives that nobody vouches for.

use std::cell::Cell;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use crate::{MemoryTree, TreeError, path};

#[cfg(test)]
mod tests;

/// Headers, long names and padding between the contents of two entries, in bytes.
const MAX_METADATA: u64 = 1 << 20;

/// What symlinks in an archive lead to. They are never created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symlinks {
    /// The archive is refused.
    Refuse,
    /// They are left out.
    Skip,
}

/// How much an archive may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Files and directories together.
    pub entries: usize,
}

impl Default for UnpackLimits {
    /// A gigabyte in a million entries.
    fn default() -> Self {
        Self { bytes: 1 << 30, entries: 1_000_000 }
    }
}

/// Why an archive was refused.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The bytes are no gzip stream.
    #[error("requires gzip-compressed body: {0}")]
    NotGzip(io::Error),
    /// The bytes are no tar archive, or end too soon.
    #[error("tar error: {0}")]
    NotTar(io::Error),
    /// A name that is empty, absolute, or climbs.
    #[error("tar contained invalid name error {name:?}")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// The files together are larger than allowed.
    #[error("tar {name:?} is bigger than max archive size of {limit} bytes")]
    TooLarge {
        /// The entry with which it got too much.
        name: String,
        /// The limit.
        limit: u64,
    },
    /// More files and directories than allowed.
    #[error("tar has more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
    /// A symlink where none is allowed.
    #[error("tar file entry {name} is a symlink, which is not allowed in this context")]
    Symlink {
        /// The entry.
        name: String,
    },
    /// A device or the like.
    #[error("tar file entry {name} contained unsupported file type {kind:?}")]
    Unsupported {
        /// The entry.
        name: String,
        /// What it is.
        kind: EntryType,
    },
    /// A file runs through another file.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The directory that is unpacked to cannot be written.
    #[error("error writing to {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

/// Unpacks a tar.gz into memory.
///
/// # Errors
/// The archive is malformed, too large, or holds what must not be there.
pub fn unpack(
    archive: impl Read,
    symlinks: Symlinks,
    limits: UnpackLimits,
) -> Result<MemoryTree, UnpackError> {
    let mut tree = MemoryTree::new();
    read(archive, symlinks, limits, &mut |item| {
        match item.content {
            None => tree.create_directory(item.path)?,
            Some(content) => {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes).map_err(UnpackError::NotTar)?;
                if item.executable {
                    tree.insert_executable(item.path, bytes)?;
                } else {
                    tree.insert(item.path, bytes)?;
                }
            }
        }
        Ok(())
    })?;
    Ok(tree)
}

/// Unpacks a tar.gz into the directory `to`, which is created if missing.
///
/// # Assumptions
/// Nobody else writes below `to` meanwhile, and it holds no symlinks.
///
/// # Errors
/// As [`unpack`], and `to` cannot be written.
pub fn unpack_to_disk(
    archive: impl Read,
    to: &Path,
    symlinks: Symlinks,
    limits: UnpackLimits,
) -> Result<(), UnpackError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| UnpackError::Write { path, source }
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    read(archive, symlinks, limits, &mut |item| {
        let here = to.join(item.path);
        let Some(content) = item.content else {
            return fs::create_dir_all(&here).map_err(failed(&here));
        };
        if let Some(parent) = here.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        let mut file = create(&here, item.executable).map_err(failed(&here))?;
        copy(content, &mut file, &here)
    })
}

/// Copies a file out, telling a broken archive from a full disk.
fn copy(from: &mut dyn Read, to: &mut fs::File, path: &Path) -> Result<(), UnpackError> {
    let mut buffer = [0; 32 * 1024];
    loop {
        let count = from.read(&mut buffer).map_err(UnpackError::NotTar)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        let failed = |source| UnpackError::Write { path: path.to_owned(), source };
        to.write_all(bytes).map_err(failed)?;
    }
}

#[cfg(unix)]
fn create(path: &Path, executable: bool) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mode = if executable { 0o700 } else { 0o600 };
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _executable: bool) -> io::Result<fs::File> {
    fs::File::create(path)
}

/// One entry on its way out.
struct Item<'a> {
    path: &'a str,
    executable: bool,
    /// `None` for a directory.
    content: Option<&'a mut dyn Read>,
}

fn read(
    archive: impl Read,
    symlinks: Symlinks,
    limits: UnpackLimits,
    keep: &mut dyn FnMut(Item<'_>) -> Result<(), UnpackError>,
) -> Result<(), UnpackError> {
    let mut plain = MultiGzDecoder::new(archive);
    // The first byte comes by itself: a body that is no gzip is told apart from a broken tar.
    let mut first = [0; 1];
    let count = plain.read(&mut first).map_err(UnpackError::NotGzip)?;
    let joined = io::Cursor::new(first).take(count as u64).chain(plain);
    let left = Rc::new(Cell::new(MAX_METADATA));
    let bounded = Bounded { inner: joined, left: Rc::clone(&left) };
    let mut archive = tar::Archive::new(bounded);
    let (mut bytes, mut count) = (0_u64, 0_usize);
    for entry in archive.entries().map_err(UnpackError::NotTar)? {
        let mut entry = entry.map_err(UnpackError::NotTar)?;
        left.set(entry.size().saturating_add(MAX_METADATA));
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        count += 1;
        if count > limits.entries {
            return Err(UnpackError::TooManyEntries { limit: limits.entries });
        }
        bytes = bytes.saturating_add(entry.size());
        if bytes > limits.bytes {
            return Err(UnpackError::TooLarge { name, limit: limits.bytes });
        }
        let path = valid_path(&name)?;
        // A name that ends in a slash is a directory, whatever the oldest writers say it is.
        let is_directory = kind.is_dir() || (kind.is_file() && name.ends_with('/'));
        if is_directory {
            keep(Item { path: &path, executable: false, content: None })?;
        } else if matches!(
            kind,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse | EntryType::Link
        ) {
            let executable = entry.header().mode().map_err(UnpackError::NotTar)? & 0o111 != 0;
            keep(Item { path: &path, executable, content: Some(&mut entry) })?;
        } else if kind.is_symlink() {
            if symlinks == Symlinks::Refuse {
                return Err(UnpackError::Symlink { name });
            }
        } else {
            return Err(UnpackError::Unsupported { name, kind });
        }
    }
    Ok(())
}

/// Returns the cleaned path of an entry, refusing whatever could mean a place outside.
fn valid_path(name: &str) -> Result<String, UnpackError> {
    let is_suspect = name.is_empty()
        || name.contains('\\')
        || name.contains('\0')
        || name.starts_with('/')
        || name.contains("../");
    let clean = if is_suspect { None } else { path::clean(name) };
    clean.ok_or_else(|| UnpackError::InvalidName { name: name.to_owned() })
}

/// Ends a stream that goes on for longer than its current entry may.
struct Bounded<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(count as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("entry is larger than it says"))?);
        Ok(count)
    }
}
