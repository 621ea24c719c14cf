//! Brings kustomize bases from Git repositories, and files from web servers.
//!
//! In: what a kustomization file names. Out: the files, as the [`Fetcher`] of a build. Never:
//! other programs, files but temporary ones, credentials: what needs some is out of reach.
//!
//! Start at [`Network`]. Whoever refuses remote bases uses [`flux_kustomize::NoRemote`] instead.
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flux_git::{Cancel, Checked, CheckoutOptions, Reference, Remote, Submodules};
use flux_kustomize::{BuildError, Cause, Fetcher, FileError, RepoSpec};
use flux_tree::{Entry, Kind, Tree, TreeError};
use tokio::runtime::Handle;

/// Largest file.
const MOST: usize = 64 << 20;
/// Longest time that a file takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Fetches from the network. Each call waits, so it is for threads that may block.
#[derive(Clone, Debug)]
pub struct Network {
    runtime: Handle,
    scratch: PathBuf,
}

impl Network {
    /// Fetches on a runtime, of whose threads the caller's is none. Repositories are kept in a
    /// directory for temporary files as long as they are read.
    pub fn new(runtime: Handle, scratch: impl Into<PathBuf>) -> Self {
        Self { runtime, scratch: scratch.into() }
    }

    async fn get(url: &str) -> Result<Vec<u8>, FileError> {
        let failed = |error: reqwest::Error| {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            FileError::Failed(BuildError::with_cause(
                format!("Get \"{url}\": {text}"),
                Cause::Remote,
            ))
        };
        let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(failed)?;
        let mut answer = client.get(url).send().await.map_err(failed)?;
        let status = answer.status();
        if !status.is_success() {
            let text = status.canonical_reason().unwrap_or_default();
            return Err(FileError::Status(status.as_u16(), text.to_owned()));
        }
        let mut content = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if content.len() + chunk.len() > MOST {
                let text = format!("Get \"{url}\": the file is larger than {MOST} bytes");
                return Err(FileError::Failed(BuildError::new(text)));
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content)
    }

    fn clone(&self, spec: &RepoSpec) -> Result<Arc<dyn Tree>, String> {
        let remote = Remote::parse(&address(&spec.clone_spec())).map_err(|e| e.to_string())?;
        if remote.is_ssh() {
            return Err("bases over SSH need keys, and there are none".to_owned());
        }
        let cancel = Cancel::after(Duration::from_secs(spec.timeout_seconds));
        let options = CheckoutOptions {
            reference: reference(&remote, &spec.reference, &cancel)?,
            last_observed: None,
            submodules: match spec.submodules {
                true => Submodules::Fetch,
                false => Submodules::Leave,
            },
            scratch: self.scratch.clone(),
        };
        match flux_git::checkout(&remote, &options, &cancel).map_err(|e| e.to_string())? {
            Checked::Fetched(checkout) => Ok(checkout.tree),
            Checked::Empty | Checked::Unchanged { .. } => Err("it has no commit".to_owned()),
        }
    }
}

/// Writes `user@host:path` as an address.
fn address(spec: &str) -> String {
    match spec.split_once(':') {
        Some((host, path)) if !spec.contains("://") => format!("ssh://{host}/{path}"),
        _ => spec.to_owned(),
    }
}

/// Finds what a name stands for, in the order in which Git looks it up.
fn reference(remote: &Remote, wanted: &str, cancel: &Cancel) -> Result<Reference, String> {
    let is_hash = matches!(wanted.len(), 40 | 64) && wanted.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hash {
        return Ok(Reference { commit: wanted.to_owned(), ..Reference::default() });
    }
    let wanted = if wanted.is_empty() { "HEAD" } else { wanted };
    let refs = flux_git::list(remote, cancel).map_err(|error| error.to_string())?;
    let places = ["", "refs/", "refs/tags/", "refs/heads/"];
    let mut names = places.iter().map(|place| format!("{place}{wanted}"));
    let found = names.find_map(|name| refs.iter().find(|known| known.name == name));
    let found = found.ok_or_else(|| format!("couldn't find remote ref {wanted}"))?;
    Ok(Reference { commit: found.commit().to_string(), ..Reference::default() })
}

impl Fetcher for Network {
    fn repository(&self, spec: &RepoSpec) -> Result<Box<dyn Tree>, BuildError> {
        let tree = Network::clone(self, spec).map_err(|error| {
            let url = spec.clone_spec();
            let at = match spec.reference.as_str() {
                "" => String::new(),
                reference => format!(" at '{reference}'"),
            };
            let text = format!("failed to fetch repository '{url}'{at}: {error}");
            BuildError::with_cause(text, Cause::Remote)
        })?;
        Ok(Box::new(Shared(tree)))
    }

    fn file(&self, url: &str) -> Result<Vec<u8>, FileError> {
        self.runtime.block_on(Self::get(url))
    }
}

/// A tree that others may hold as well.
struct Shared(Arc<dyn Tree>);

impl Tree for Shared {
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError> {
        self.0.entry_kind(path)
    }

    fn link_target(&self, path: &str) -> Result<String, TreeError> {
        self.0.link_target(path)
    }

    fn file_content(&self, path: &str) -> Result<std::borrow::Cow<'_, [u8]>, TreeError> {
        self.0.file_content(path)
    }

    fn directory(&self, path: &str) -> Result<Vec<Entry>, TreeError> {
        self.0.directory(path)
    }
}
