//! One layer, and what becomes of it.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use flux_api::LayerSelector;
use flux_oci::{Descriptor, Manifest};
use flux_tree::ignore::{self, Matcher};
use flux_tree::{DiskTree, Symlinks, TreeError, UnpackLimits, pack, unpack_to_disk};
use tempfile::TempDir;

/// What is done with a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// It is an archive, whose files are stored.
    Extract,
    /// It is stored as it is.
    Copy,
}

impl Operation {
    pub(super) fn of(selector: &LayerSelector) -> Self {
        match selector.operation.as_deref() {
            Some("copy") => Self::Copy,
            _ => Self::Extract,
        }
    }
}

/// Chooses the first layer, or the first of a media type.
pub(super) fn choose<'a>(
    manifest: &'a Manifest,
    selector: &LayerSelector,
) -> Result<&'a Descriptor, String> {
    let wanted = selector.media_type.as_deref().filter(|wanted| !wanted.is_empty());
    let Some(wanted) = wanted else {
        return manifest.layers.first().ok_or_else(|| "no layers found in artifact".to_owned());
    };
    let found = manifest.layers.iter().find(|layer| layer.media_type == wanted);
    found.ok_or_else(|| format!("failed to find layer with media type '{wanted}' in artifact"))
}

/// A layer on its way to the disk.
pub(super) struct Spool {
    file: File,
}

impl Spool {
    pub(super) fn create(scratch: &Path) -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile_in(scratch)? })
    }

    /// Turns a complete layer into content.
    pub(super) fn finish(
        mut self,
        operation: Operation,
        scratch: &Path,
    ) -> Result<Content, String> {
        self.file.rewind().map_err(|error| error.to_string())?;
        if operation == Operation::Copy {
            return Ok(Content::File(self.file));
        }
        let directory = tempfile::Builder::new().prefix("oci-").tempdir_in(scratch);
        let directory = directory.map_err(|error| error.to_string())?;
        let limits = UnpackLimits { bytes: u64::MAX, ..UnpackLimits::default() };
        let archive = io::BufReader::new(self.file);
        unpack_to_disk(archive, directory.path(), Symlinks::Skip, limits)
            .map_err(|error| crate::pass::explain(&error))?;
        Ok(Content::Directory(directory))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What a layer holds.
pub(super) enum Content {
    /// One file.
    File(File),
    /// The files of an archive, which go with this value.
    Directory(TempDir),
}

/// What a layer holds, and which of it is stored.
pub(super) enum Ready {
    File(File),
    Tree { tree: DiskTree, rules: Matcher, _directory: TempDir },
}

impl Content {
    /// Finds out what is left out. A file is stored whatever the rules say.
    pub(super) fn with_rules(self, ignored: Option<&str>) -> Result<Ready, TreeError> {
        match self {
            Self::File(file) => Ok(Ready::File(file)),
            Self::Directory(directory) => {
                let tree = DiskTree::open(directory.path())?;
                let rules = ignore::artifact_rules(&tree, ignored)?;
                Ok(Ready::Tree { tree, rules, _directory: directory })
            }
        }
    }
}

impl Ready {
    /// Writes what is stored.
    pub(super) fn write(self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::File(mut file) => {
                let mut buffer = [0; 32 * 1024];
                loop {
                    let count = file.read(&mut buffer)?;
                    let Some(bytes) = buffer.get(..count).filter(|it| !it.is_empty()) else {
                        return Ok(());
                    };
                    out.write_all(bytes)?;
                }
            }
            Self::Tree { tree, rules, .. } => {
                pack(&tree, &rules, out).map(|_| ()).map_err(io::Error::other)
            }
        }
    }
}
