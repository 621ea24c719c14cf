//! Repositories inside of repositories.

use std::sync::Arc;

use flux_tree::{MountedTree, Tree, path};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice as _};

use super::Session;
use crate::commit;
use crate::fetch::{Destination, History, fetch};
use crate::refs::Advertised;
use crate::store::Objects;
use crate::{Credentials, GitError, GitTree, Remote, TransportError};

/// Submodules of submodules are followed no further.
const MAX_DEPTH: usize = 10;

/// The file that says where submodules come from.
const FILE: &str = ".gitmodules";

/// One submodule: where it goes, where it comes from, at which commit.
struct Submodule {
    path: String,
    remote: Remote,
    commit: ObjectId,
}

impl Session<'_> {
    /// Puts every submodule of a tree into it.
    pub(super) fn with_submodules(
        &self,
        tree: GitTree,
        depth: usize,
    ) -> Result<Arc<dyn Tree>, GitError> {
        let found = submodules(self.remote, &tree)?;
        if found.is_empty() || depth >= MAX_DEPTH {
            return Ok(Arc::new(tree));
        }
        let mut whole = MountedTree::new(Arc::new(tree));
        for submodule in found {
            let inner = self.submodule(&submodule, depth)?;
            whole = whole.mount(&submodule.path, inner, "")?;
        }
        Ok(Arc::new(whole))
    }

    fn submodule(&self, wanted: &Submodule, depth: usize) -> Result<Arc<dyn Tree>, GitError> {
        let remote = &wanted.remote;
        let failed = |cause| GitError::Clone { url: remote.shown(), cause };
        let mut connection = remote.connect(self.cancel)?;
        let mut advertised = Advertised::read(&mut connection, self.cancel).map_err(failed)?;
        let objects = Arc::new(Objects::create(&self.options.scratch)?);
        let into = Destination { objects: &objects, cancel: self.cancel };
        let tips = tips(&advertised)?;
        let (wants, history) = match tips.contains(&wanted.commit) {
            true => (vec![wanted.commit], History::None),
            false => (tips, History::Full),
        };
        fetch(&mut connection, &mut advertised, wants, history, into).map_err(failed)?;
        if objects.find(&wanted.commit)?.is_none() {
            return Err(failed(TransportError::Protocol("object not found".to_owned())));
        }
        let parsed = commit::read(&objects, &wanted.commit, "")?;
        let inner = Session { remote, connection: &mut connection, ..*self };
        inner.with_submodules(GitTree::new(objects, parsed.tree), depth + 1)
    }
}

/// Returns everything that a server offers, tags included: a submodule may be at any of it.
fn tips(advertised: &Advertised) -> Result<Vec<ObjectId>, GitError> {
    let is_shown = |name: &str| name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
    let refs = advertised.refs.iter().filter(|found| is_shown(&found.name));
    let mut ids: Vec<_> =
        refs.map(|found| super::object_id(found.commit())).collect::<Result<_, _>>()?;
    ids.sort();
    ids.dedup();
    Ok(ids)
}

fn submodules(parent: &Remote, tree: &GitTree) -> Result<Vec<Submodule>, GitError> {
    let text = match tree.file_content(FILE) {
        Ok(text) => text,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let broken = |error: gix::Error| GitError::Submodule(format!("unable to read {FILE}: {error}"));
    let none = gix::config::File::default();
    let file = gix::submodule::File::from_bytes(&text, None, &none).map_err(broken)?;
    let mut found = Vec::new();
    for name in file.names() {
        let at = file.path(name).map_err(broken)?;
        let Some(at) = at.to_str().ok().and_then(path::clean).filter(|at| !at.is_empty()) else {
            return Err(GitError::Submodule(format!("submodule '{name}' has no valid path")));
        };
        // A section without an entry in the tree is a leftover, as for git.
        let Some(commit) = tree.submodule_at(&at) else { continue };
        let key = format!("submodule.{name}.url");
        let url = file.config().string(&key).unwrap_or_default();
        found.push(Submodule { path: at, remote: remote(parent, url.as_ref())?, commit });
    }
    Ok(found)
}

/// Returns where a submodule is: at an address of its own, or at one relative to the parent's.
///
/// Credentials go along only to the server that they belong to.
fn remote(parent: &Remote, url: &BStr) -> Result<Remote, GitError> {
    let url = url.to_str_lossy();
    if url.starts_with("./") || url.starts_with("../") {
        let mut address = parent.url.clone();
        let base = address.path.to_str_lossy().into_owned();
        let joined = path::join(&base, &url).ok_or_else(|| {
            GitError::Submodule(format!("submodule address '{url}' is not valid"))
        })?;
        address.path = format!("/{joined}").into();
        return Ok(Remote { url: address, ..parent.clone() });
    }
    let remote = Remote::parse(&url)?;
    let is_same_server = remote.url.scheme == parent.url.scheme
        && remote.url.host() == parent.url.host()
        && remote.url.port == parent.url.port;
    let own = remote.credentials != Credentials::None;
    Ok(match (is_same_server, own) {
        (true, false) => Remote { url: remote.url, ..parent.clone() },
        (true, true) => {
            Remote { url: remote.url, credentials: remote.credentials, ..parent.clone() }
        }
        (false, _) => Remote { proxy: parent.proxy.clone(), ..remote },
    })
}
