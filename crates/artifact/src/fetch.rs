//! Gets an artifact from whoever stores it, and never believes a byte before its digest fits.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flux_api::Artifact;
use flux_tree::{MemoryTree, Symlinks, UnpackError, UnpackLimits, unpack, unpack_to_disk};
use futures::StreamExt as _;

use crate::Store;
use crate::digest::{Digest, Hasher, ParseDigestError};

#[cfg(test)]
mod tests;

/// How artifacts are fetched.
#[derive(Clone, Debug)]
pub struct FetchOptions {
    /// How often a failed download is tried again.
    pub retries: u32,
    /// The shortest wait before that, doubled each time.
    pub wait_min: Duration,
    /// The longest wait.
    pub wait_max: Duration,
    /// Bytes that a download may have.
    pub max_download: u64,
    /// What the archive may hold.
    pub limits: UnpackLimits,
    /// Host and port to ask instead of those in the address.
    pub host: Option<String>,
}

impl Default for FetchOptions {
    /// What upstream's controllers use.
    fn default() -> Self {
        Self {
            retries: 9,
            wait_min: Duration::from_secs(5),
            wait_max: Duration::from_secs(30),
            max_download: 1 << 30,
            limits: UnpackLimits::default(),
            host: None,
        }
    }
}

/// Why an artifact could not be had.
///
/// # Upstream
/// The texts are those of `fluxcd/pkg/http/fetch`.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server does not have it (any more).
    #[error("file not found")]
    NotFound,
    /// The server could not be reached, or the connection broke.
    #[error("failed to download archive: {0}")]
    Download(String),
    /// The server answered with another status.
    #[error("failed to download archive from {url} (status: {status})")]
    Status {
        /// The address.
        url: String,
        /// The status with its text.
        status: String,
    },
    /// There is more of it than allowed.
    #[error("artifact is {over} bytes greater than the max download size of {limit} bytes")]
    TooLarge {
        /// What there is too much, at least.
        over: u64,
        /// The limit.
        limit: u64,
    },
    /// A temporary file could not be written.
    #[error("failed to create temp file: {0}")]
    Temporary(io::Error),
    /// The artifact has no digest.
    #[error("failed to verify archive: empty digest")]
    NoDigest,
    /// What it has is no digest.
    #[error("failed to verify archive: failed to parse digest '{digest}': {cause}")]
    BadDigest {
        /// The text.
        digest: String,
        /// Why it is none.
        cause: ParseDigestError,
    },
    /// The bytes are other ones.
    #[error(
        "failed to verify archive: computed digest doesn't match provided '{0}' (check whether \
         file size exceeds max download size)"
    )]
    Mismatch(Digest),
    /// The archive is malformed.
    #[error("failed to extract archive (check whether file size exceeds max download size): {0}")]
    Unpack(#[from] UnpackError),
}

/// Gets artifacts, from the store in this process where possible and over HTTP otherwise.
#[derive(Clone)]
pub struct Fetcher {
    client: reqwest::Client,
    options: Arc<FetchOptions>,
    store: Option<Arc<Store>>,
}

impl Fetcher {
    /// Returns a fetcher that goes over HTTP.
    ///
    /// # Errors
    /// The TLS library cannot be set up.
    pub fn new(options: FetchOptions) -> Result<Self, FetchError> {
        let client = reqwest::Client::builder().build();
        let client = client.map_err(|error| FetchError::Download(explain(&error)))?;
        Ok(Self { client, options: Arc::new(options), store: None })
    }

    /// Takes the artifacts of `store` from its directory instead.
    #[must_use]
    pub fn with_store(mut self, store: Arc<Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Returns the files of an artifact.
    ///
    /// # Errors
    /// It cannot be had, is not what its digest says, or is no proper archive.
    pub async fn fetch(&self, artifact: &Artifact) -> Result<MemoryTree, FetchError> {
        let limits = self.options.limits;
        self.open(artifact, move |file| Ok(unpack(file, Symlinks::Skip, limits)?)).await
    }

    /// Unpacks an artifact into a directory, which is created if missing.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`], or the directory cannot be written.
    pub async fn fetch_to(&self, artifact: &Artifact, to: &Path) -> Result<(), FetchError> {
        let (limits, to) = (self.options.limits, to.to_owned());
        self.open(artifact, move |file| Ok(unpack_to_disk(file, &to, Symlinks::Skip, limits)?))
            .await
    }

    /// Returns the bytes of an artifact that is no archive: a chart, an index.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`].
    pub async fn fetch_bytes(&self, artifact: &Artifact) -> Result<Vec<u8>, FetchError> {
        self.open(artifact, |mut file| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(FetchError::Temporary)?;
            Ok(bytes)
        })
        .await
    }

    /// Hands the verified file of an artifact to `use_file`, away from the threads that wait for
    /// the network.
    async fn open<T: Send + 'static>(
        &self,
        artifact: &Artifact,
        use_file: impl FnOnce(File) -> Result<T, FetchError> + Send + 'static,
    ) -> Result<T, FetchError> {
        if artifact.digest.is_empty() {
            return Err(FetchError::NoDigest);
        }
        let digest = Digest::parse_lenient(&artifact.digest)
            .map_err(|cause| FetchError::BadDigest { digest: artifact.digest.clone(), cause })?;
        let limit = self.options.max_download;
        if let Some(found) = self.local(artifact) {
            let Local { path, is_ours } = found;
            let wanted = digest.clone();
            let look = move || {
                let file = File::open(path).map_err(|_| FetchError::NotFound)?;
                verified(file, &wanted, limit)
            };
            match away(look).await {
                Ok(file) => return away(move || use_file(file)).await,
                Err(error) if is_ours => return Err(error),
                // Another store has it; ours only looked as if it might.
                Err(_) => {}
            }
        }
        let (file, directory) = self.download(&artifact.url).await?;
        away(move || {
            let result = use_file(verified(file, &digest, limit)?);
            drop(directory);
            result
        })
        .await
    }

    /// Finds the file of an artifact in the store of this process.
    ///
    /// An artifact whose address names another host may still be ours, published before a restart
    /// that changed the address; its digest tells.
    fn local(&self, artifact: &Artifact) -> Option<Local> {
        let store = self.store.as_ref()?;
        let path = store.local_path(artifact).ok()?;
        Some(Local { path, is_ours: store.url(&artifact.path) == artifact.url })
    }

    async fn download(&self, url: &str) -> Result<(File, tempfile::TempDir), FetchError> {
        let url = self.address(url)?;
        let mut wait = self.options.wait_min;
        let mut left = self.options.retries;
        loop {
            let failed = match self.attempt(&url).await {
                Err(error) if is_worth_retrying(&error) && left > 0 => error,
                done => return done,
            };
            // Nothing is logged: the caller tells about the last failure only.
            drop(failed);
            tokio::time::sleep(wait.min(self.options.wait_max)).await;
            wait = wait.saturating_mul(2);
            left -= 1;
        }
    }

    fn address(&self, url: &str) -> Result<reqwest::Url, FetchError> {
        let failed = |reason: String| FetchError::Download(format!("{url}: {reason}"));
        let mut parsed = reqwest::Url::parse(url).map_err(|error| failed(error.to_string()))?;
        if let Some(host) = &self.options.host {
            let (name, port) = match host.rsplit_once(':') {
                Some((name, port)) => (name, port.parse().ok()),
                None => (host.as_str(), None),
            };
            let replaced = parsed.set_host(Some(name)).is_ok() && parsed.set_port(port).is_ok();
            if !replaced {
                return Err(failed(format!("cannot be asked for at {host}")));
            }
        }
        Ok(parsed)
    }

    async fn attempt(&self, url: &reqwest::Url) -> Result<(File, tempfile::TempDir), FetchError> {
        let broken = |error: reqwest::Error| FetchError::Download(explain(&error));
        let response = self.client.get(url.clone()).send().await.map_err(broken)?;
        match response.status() {
            reqwest::StatusCode::OK => {}
            reqwest::StatusCode::NOT_FOUND => return Err(FetchError::NotFound),
            status => {
                let (url, status) = (url.to_string(), status.to_string());
                return Err(FetchError::Status { url, status });
            }
        }
        let directory = tempfile::Builder::new().prefix("fetch-").tempdir();
        let directory = directory.map_err(FetchError::Temporary)?;
        let path = directory.path().join("archive");
        let mut file = tokio::fs::File::create(&path).await.map_err(FetchError::Temporary)?;
        let mut body = response.bytes_stream();
        let limit = self.options.max_download;
        let mut size = 0;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(broken)?;
            size += chunk.len() as u64;
            if size > limit {
                return Err(FetchError::TooLarge { over: size - limit, limit });
            }
            let written = tokio::io::AsyncWriteExt::write_all(&mut file, &chunk).await;
            written.map_err(FetchError::Temporary)?;
        }
        tokio::io::AsyncWriteExt::flush(&mut file).await.map_err(FetchError::Temporary)?;
        drop(file);
        Ok((File::open(&path).map_err(FetchError::Temporary)?, directory))
    }
}

/// A file in the store of this process, and whether the artifact's address leads there.
struct Local {
    path: PathBuf,
    is_ours: bool,
}

/// Does work on a thread that may wait for the disk.
async fn away<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| FetchError::Download(error.to_string()))?
}

/// Reports whether the server, rather than the request, is the reason.
fn is_worth_retrying(error: &FetchError) -> bool {
    match error {
        FetchError::Download(_) => true,
        FetchError::Status { status, .. } => {
            status.starts_with(['5', '4']) && {
                status.starts_with('5') || status.starts_with("429")
            }
        }
        _ => false,
    }
}

/// Returns the file, read from its beginning, if its bytes are the right ones.
fn verified(mut file: File, digest: &Digest, limit: u64) -> Result<File, FetchError> {
    use std::io::Seek as _;
    let size = file.metadata().map_err(FetchError::Temporary)?.len();
    if size > limit {
        return Err(FetchError::TooLarge { over: size - limit, limit });
    }
    let mut hasher = Hasher::new(digest.algorithm());
    io::copy(&mut file, &mut hasher).map_err(FetchError::Temporary)?;
    if hasher.finish() != *digest {
        return Err(FetchError::Mismatch(digest.clone()));
    }
    file.rewind().map_err(FetchError::Temporary)?;
    Ok(file)
}

fn explain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
