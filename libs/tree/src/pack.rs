//! Writes the archive of an artifact: the same bytes whenever the content is the same.

use std::io::{self, Write};

use crate::ignore::Matcher;
use crate::{GzipWriter, Kind, Tree, TreeError, Visit, walk};

mod header;
#[cfg(test)]
mod tests;

/// Tar counts in blocks of so many bytes.
const BLOCK: usize = 512;

/// Contents are handed on in pieces of this size, as upstream does: where a block of compressed
/// data may end depends on it.
const CHUNK: usize = 32 * 1024;

/// Why an archive could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The tree could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The archive could not be written.
    #[error("failed to write archive")]
    Write(#[from] io::Error),
}

/// Writes the regular files and directories of `tree`, without what `ignored` matches, as tar.gz.
///
/// # Guarantees
/// Owners, times and all permissions but the execute bit are left out, and entries come in byte
/// order directory by directory, so the bytes depend on nothing but names and contents.
///
/// # Upstream
/// The bytes are those of `fluxcd/pkg/artifact/storage`, which is why the root stands in front as
/// `.`, directories carry no slash, and a directory can be missing while a file below it, brought
/// back by a later pattern, is there.
///
/// # Errors
/// The tree cannot be read or `out` cannot be written.
pub fn pack<W: Write>(tree: &dyn Tree, ignored: &Matcher, out: W) -> Result<W, PackError> {
    let mut gzip = GzipWriter::new(out)?;
    header::write(&mut gzip, ".", Kind::Directory, 0)?;
    walk::<PackError>(tree, "", &mut |path, kind| {
        if !matches!(kind, Kind::File { .. } | Kind::Directory) || ignored.is_ignored(path, kind) {
            return Ok(Visit::Continue);
        }
        if kind == Kind::Directory {
            header::write(&mut gzip, path, kind, 0)?;
            return Ok(Visit::Continue);
        }
        let content = tree.file_content(path)?;
        header::write(&mut gzip, path, kind, content.len() as u64)?;
        for chunk in content.chunks(CHUNK) {
            gzip.write_all(chunk)?;
        }
        let padding = content.len().next_multiple_of(BLOCK) - content.len();
        gzip.write_all([0; BLOCK].get(..padding).unwrap_or_default())?;
        Ok(Visit::Continue)
    })?;
    gzip.write_all(&[0; 2 * BLOCK])?;
    Ok(gzip.finish()?)
}
