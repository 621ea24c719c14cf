//! Artifacts on disk.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flux_api::{Artifact, Time};
use flux_tree::path as tree_path;
use jiff::Timestamp;

use crate::digest::{Algorithm, Digest, Hasher, ParseDigestError};

#[cfg(test)]
mod tests;

/// Files that are not complete yet begin with this.
const TEMPORARY: &str = ".incoming-";

/// No more files of one object than this are looked at.
const MAX_FILES: usize = 1_000;

/// How a store is set up.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The directory, which must exist.
    pub path: PathBuf,
    /// Host and port, or a whole address, under which others reach the file server.
    pub advertised: String,
    /// How long a superseded artifact stays at least.
    pub retention_ttl: Duration,
    /// How many artifacts of an object stay at least.
    pub retention_records: usize,
    /// How digests are computed.
    pub algorithm: Algorithm,
}

impl StoreOptions {
    /// Returns the defaults of upstream for a directory and an address.
    pub fn new(path: impl Into<PathBuf>, advertised: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            advertised: advertised.into(),
            retention_ttl: Duration::from_secs(60),
            retention_records: 2,
            algorithm: Algorithm::Sha256,
        }
    }
}

/// Why the file system refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory of a store is not there.
    #[error("invalid dir path: {}", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A path leads out of the store.
    #[error("path `{path}` leads out of the storage")]
    Escapes {
        /// The path.
        path: String,
    },
    /// An operation failed.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

/// Why an archive did not get into the store.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The file system refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The content could not be made.
    #[error("{0}")]
    Content(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a stored artifact is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It says no digest.
    #[error("artifact has no digest")]
    NoDigest,
    /// What it says is no digest.
    #[error("failed to parse artifact digest '{digest}': {cause}")]
    BadDigest {
        /// The text.
        digest: String,
        /// Why it is none.
        cause: ParseDigestError,
    },
    /// The file has another digest.
    #[error("computed digest doesn't match '{0}'")]
    Mismatch(Digest),
    /// The file cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where an artifact of an object goes.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Kind of the object.
    pub kind: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

impl Place<'_> {
    fn directory(&self) -> String {
        format!("{}/{}/{}", self.kind.to_lowercase(), self.namespace, self.name)
    }
}

/// A directory of artifacts.
///
/// # Guarantees
/// A file is there under its name with its whole content or not at all, however the process ends.
#[derive(Clone, Debug)]
pub struct Store {
    options: StoreOptions,
}

impl Store {
    /// Opens a store, and removes what a process that was killed left half-written.
    ///
    /// # Errors
    /// The directory does not exist.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        if !options.path.is_dir() {
            return Err(StoreError::NoDirectory { path: options.path });
        }
        let store = Self { options };
        store.remove_unfinished()?;
        Ok(store)
    }

    /// Returns the directory.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    /// Returns where others find the file at `path` below the store.
    pub fn url(&self, path: &str) -> String {
        let host = &self.options.advertised;
        let path = path.trim_start_matches('/');
        if host.starts_with("http://") || host.starts_with("https://") {
            format!("{host}/{path}")
        } else {
            format!("http://{host}/{path}")
        }
    }

    /// Writes the address of the artifact that holds now into it.
    pub fn refresh_url(&self, artifact: &mut Artifact) {
        if !artifact.path.is_empty() {
            artifact.url = self.url(&artifact.path);
        }
    }

    /// Returns the path of an artifact on disk.
    ///
    /// # Errors
    /// Its path leads out of the store.
    pub fn local_path(&self, artifact: &Artifact) -> Result<PathBuf, StoreError> {
        self.below(&artifact.path)
    }

    /// Reports whether an artifact is there as a regular file.
    pub fn contains(&self, artifact: &Artifact) -> bool {
        let path = self.local_path(artifact).ok();
        let meta = path.and_then(|path| fs::symlink_metadata(path).ok());
        meta.is_some_and(|meta| meta.is_file())
    }

    /// Computes the digest of an artifact's file and compares it with what the artifact says.
    ///
    /// # Errors
    /// They differ, or the file cannot be read.
    pub fn verify(&self, artifact: &Artifact) -> Result<(), VerifyError> {
        if artifact.digest.is_empty() {
            return Err(VerifyError::NoDigest);
        }
        let wanted: Digest = artifact
            .digest
            .parse()
            .map_err(|cause| VerifyError::BadDigest { digest: artifact.digest.clone(), cause })?;
        let path = self.local_path(artifact)?;
        let failed = |source| StoreError::Io { operation: "read", path: path.clone(), source };
        let mut hasher = Hasher::new(wanted.algorithm());
        let mut file = File::open(&path).map_err(failed)?;
        io::copy(&mut file, &mut hasher).map_err(failed)?;
        if hasher.finish() == wanted { Ok(()) } else { Err(VerifyError::Mismatch(wanted)) }
    }

    /// Stores what `content` writes as the file `file` of an object, replacing it if it is there.
    ///
    /// # Errors
    /// The content cannot be made or stored; then nothing has changed.
    pub fn publish<E: std::error::Error + Send + Sync + 'static>(
        &self,
        place: Place<'_>,
        file: &str,
        version: Version<'_>,
        content: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<Artifact, PublishError> {
        let path = format!("{}/{file}", place.directory());
        let target = self.below(&path)?;
        let directory = target.parent().unwrap_or(&self.options.path);
        create_directory(directory)?;
        let failed = |operation, source| StoreError::Io { operation, path: target.clone(), source };
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(directory)
            .map_err(|source| failed("create", source))?;
        let hasher = Hasher::new(self.options.algorithm);
        let mut sink = Sink { file: BufWriter::new(temporary), hasher, size: 0 };
        content(&mut sink).map_err(|error| match sink.take_error() {
            Some(source) => failed("write", source).into(),
            None => PublishError::Content(Box::new(error)),
        })?;
        let Sink { file, hasher, size } = sink;
        let temporary = file.into_inner().map_err(|error| failed("write", error.into_error()))?;
        // Ages are told by this time, which is the caller's and not that of the file system.
        let modified = std::time::SystemTime::from(version.now);
        temporary.as_file().set_modified(modified).map_err(|source| failed("write", source))?;
        temporary.persist(&target).map_err(|error| failed("rename", error.error))?;
        Ok(Artifact {
            digest: hasher.finish().to_string(),
            last_update_time: Time::new(version.now),
            metadata: std::collections::BTreeMap::new(),
            url: self.url(&path),
            path,
            revision: version.revision.to_owned(),
            size: Some(i64::try_from(size).unwrap_or(i64::MAX)),
        })
    }

    /// Returns where others find the link `name` beside an artifact.
    pub fn link_url(&self, artifact: &Artifact, name: &str) -> String {
        let directory = artifact.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        // Links are never advertised with a scheme of their own.
        let host = &self.options.advertised;
        format!("http://{host}/{directory}/{name}")
    }

    /// Points the link `name` beside an artifact to it, and returns where others find it.
    ///
    /// # Errors
    /// The file system refused.
    pub fn link(&self, artifact: &Artifact, name: &str) -> Result<String, StoreError> {
        let target = self.local_path(artifact)?;
        let directory = target.parent().unwrap_or(&self.options.path);
        let link = directory.join(name);
        let beside = directory.join(format!("{TEMPORARY}{name}"));
        let failed = |source| StoreError::Io { operation: "symlink", path: link.clone(), source };
        remove_file(&beside)?;
        symlink(&target, &beside).map_err(failed)?;
        fs::rename(&beside, &link).map_err(failed)?;
        Ok(self.link_url(artifact, name))
    }

    /// Removes one artifact; it is no failure if it is not there.
    ///
    /// # Errors
    /// The file system refused.
    pub fn remove(&self, artifact: &Artifact) -> Result<(), StoreError> {
        remove_file(&self.local_path(artifact)?)
    }

    /// Removes everything of an object. Reports whether there was anything.
    ///
    /// # Errors
    /// The file system refused.
    pub fn remove_all(&self, place: Place<'_>) -> Result<bool, StoreError> {
        let path = self.below(&place.directory())?;
        match fs::remove_dir_all(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(StoreError::Io { operation: "remove", path, source }),
        }
    }

    /// Removes what is older than the retention time or more than the retained number, but
    /// never `current`. Returns how many files went.
    ///
    /// # Errors
    /// The file system refused.
    pub fn collect_garbage(&self, current: &Artifact, now: Timestamp) -> Result<usize, StoreError> {
        let current = self.local_path(current)?;
        let Some(directory) = current.parent() else { return Ok(0) };
        let files = stored_files(directory)?;
        let garbage = self.garbage(&files, &current, now);
        for path in &garbage {
            remove_file(path)?;
            let mut lock = (*path).clone().into_os_string();
            lock.push(".lock");
            remove_file(Path::new(&lock))?;
        }
        Ok(garbage.len())
    }

    /// Chooses what goes: everything expired, then the oldest until few enough remain.
    fn garbage<'a>(&self, files: &'a [Stored], current: &Path, now: Timestamp) -> Vec<&'a PathBuf> {
        let is_expired = |file: &Stored| {
            let age = now.duration_since(file.modified).try_into().unwrap_or(Duration::ZERO);
            age > self.options.retention_ttl && file.path != current
        };
        let expired: HashSet<_> =
            files.iter().filter(|file| is_expired(file)).map(|file| &file.path).collect();
        let mut remaining = files.len() - expired.len();
        let mut garbage: Vec<&PathBuf> = expired.iter().copied().collect();
        garbage.sort();
        for file in files {
            if remaining <= self.options.retention_records {
                break;
            }
            if file.path != current && !expired.contains(&file.path) {
                garbage.push(&file.path);
                remaining -= 1;
            }
        }
        garbage
    }

    fn below(&self, path: &str) -> Result<PathBuf, StoreError> {
        let clean = tree_path::clean(path).filter(|clean| !clean.is_empty());
        let clean = clean.ok_or_else(|| StoreError::Escapes { path: path.to_owned() })?;
        Ok(self.options.path.join(clean))
    }

    fn remove_unfinished(&self) -> Result<(), StoreError> {
        let mut pending = vec![self.options.path.clone()];
        while let Some(directory) = pending.pop() {
            for entry in read_directory(&directory)? {
                let is_unfinished = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    pending.push(entry.path());
                } else if is_unfinished {
                    remove_file(&entry.path())?;
                }
            }
        }
        Ok(())
    }
}

/// What an artifact is a version of.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// The revision of the source.
    pub revision: &'a str,
    /// The time of day.
    pub now: Timestamp,
}

/// Reports whether a file is not complete, or no artifact at all.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with(TEMPORARY)
}

/// One file of an object.
struct Stored {
    path: PathBuf,
    modified: Timestamp,
}

/// Returns the artifacts in a directory, the oldest first.
fn stored_files(directory: &Path) -> Result<Vec<Stored>, StoreError> {
    let mut files = Vec::new();
    for entry in read_directory(directory)? {
        let path = entry.path();
        let is_lock = path.extension().is_some_and(|extension| extension == "lock");
        // A file that went away meanwhile needs no removal.
        let Ok(meta) = entry.metadata() else { continue };
        if !meta.is_file() || is_lock || is_hidden(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let failed = |source| StoreError::Io { operation: "stat", path: path.clone(), source };
        let modified = meta.modified().map_err(failed)?;
        let modified = Timestamp::try_from(modified)
            .map_err(|error| failed(io::Error::other(error.to_string())))?;
        files.push(Stored { modified, path });
        if files.len() >= MAX_FILES {
            break;
        }
    }
    files.sort_by(|a, b| (a.modified, &a.path).cmp(&(b.modified, &b.path)));
    Ok(files)
}

fn read_directory(directory: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    let failed = |source| StoreError::Io { operation: "list", path: directory.to_owned(), source };
    match fs::read_dir(directory) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    fs::copy(target, link).map(|_| ())
}

fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::Io { operation: "remove", path: path.to_owned(), source }),
    }
}

fn create_directory(path: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| StoreError::Io {
        operation: "mkdir",
        path: path.to_owned(),
        source,
    })
}

/// Writes, computes the digest and counts.
struct Sink {
    file: BufWriter<tempfile::NamedTempFile>,
    hasher: Hasher,
    size: u64,
}

impl Sink {
    /// Tells whether it was the disk that failed: a full one, for instance.
    fn take_error(&mut self) -> Option<io::Error> {
        self.file.flush().err()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or(bytes));
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
