//! A directory on this machine, with or without a repository around it.
//!
//! In: the directory. Out: its content at the last commit, or as it is with all uncommitted
//! edits, under a revision that is the same as long as the content is.
//!
//! Start at [`Directory::open`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flux_tree::{DiskTree, Kind, MemoryTree, Subtree, Tree, TreeError, Visit, walk};
use gix::bstr::{BStr, ByteSlice as _};

use crate::store::Objects;
use crate::{Commit, GitError, GitTree, commit};

#[cfg(test)]
mod tests;

/// The branch that a directory without a repository, or without a commit, is said to be on.
const NO_BRANCH: &str = "worktree";

/// Which content of a directory counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What the last commit holds.
    Head,
    /// What stands in the directory, without what Git ignores.
    #[default]
    Worktree,
}

/// How much of a repository a directory inside of it stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The whole repository.
    #[default]
    Repository,
    /// The directory alone.
    Directory,
}

/// A directory whose content serves as a source.
#[derive(Clone)]
pub struct Directory {
    path: PathBuf,
    /// The directory that holds the objects of the repository.
    repository: Option<PathBuf>,
    /// The directory of the whole repository, or the directory itself outside of any.
    root: PathBuf,
    scope: Scope,
}

/// The content of a directory at one moment.
pub struct Snapshot {
    /// Names the content: `main@sha1:…` for that of a commit, `main@sha256:…` for edits.
    pub revision: String,
    /// The last commit, if there is one.
    pub commit: Option<Commit>,
    /// The files.
    pub tree: Arc<dyn Tree>,
}

/// One file that a snapshot holds.
struct Found {
    kind: Kind,
    content: Vec<u8>,
}

impl Directory {
    /// Opens `path`, which may lie anywhere in a repository or outside of any.
    ///
    /// # Errors
    /// It is no directory, or the repository around it is broken.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        let path = DiskTree::open(path)?.root().to_owned();
        let found = gix::discover(&path).ok().filter(|found| found.workdir().is_some());
        let root = found.as_ref().and_then(|found| found.workdir()?.canonicalize().ok());
        let root = root.unwrap_or_else(|| path.clone());
        let repository = found.map(|found| found.path().to_owned());
        Ok(Self { path, repository, root, scope: Scope::Repository })
    }

    /// Chooses how much of the repository around it the directory stands for.
    #[must_use]
    pub fn scoped(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// Returns where the content begins, as a path from the root of the repository.
    fn prefix(&self) -> String {
        let root = self.root();
        let inside = self.path.strip_prefix(&root).ok().filter(|_| self.scope == Scope::Directory);
        let parts = inside.into_iter().flat_map(|inside| inside.iter());
        parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// Returns the directory, absolute and without symlinks.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the directory of the whole repository, or the directory itself outside of any.
    pub fn root(&self) -> PathBuf {
        self.root.clone()
    }

    /// Reports whether there is a repository.
    pub fn is_repository(&self) -> bool {
        self.repository.is_some()
    }

    /// Opens the repository anew: what others did to it meanwhile is seen.
    fn repository(&self) -> Option<gix::Repository> {
        gix::open(self.repository.as_ref()?).ok()
    }

    /// Returns the address of every remote, in the order of their names.
    pub fn remote_urls(&self) -> Vec<String> {
        let Some(repository) = self.repository() else { return Vec::new() };
        let urls = repository.remote_names().into_iter().filter_map(|name| {
            let remote = repository.find_remote(BStr::new(name.as_bytes())).ok()?;
            let url = remote.url(gix::remote::Direction::Fetch)?;
            Some(url.to_bstring().to_string())
        });
        urls.collect()
    }

    /// Returns the branch that is checked out.
    pub fn branch(&self) -> String {
        let head = self.repository().and_then(|repository| {
            let name = repository.head_name().ok().flatten()?;
            Some(name.shorten().to_string())
        });
        head.unwrap_or_else(|| NO_BRANCH.to_owned())
    }

    /// Returns the content of the whole repository, or of the directory outside of any or if the
    /// scope says so.
    ///
    /// # Errors
    /// The directory or the objects of the repository cannot be read; [`Mode::Head`] is asked for
    /// and there is no commit.
    pub fn snapshot(&self, mode: Mode) -> Result<Snapshot, GitError> {
        let head = self.head()?;
        match (mode, head) {
            (Mode::Head, Some(head)) => Ok(head),
            (Mode::Head, None) => Err(GitError::Storage(format!(
                "{} has no commit to take the content from",
                self.path.display()
            ))),
            (Mode::Worktree, head) => self.worktree(head),
        }
    }

    fn head(&self) -> Result<Option<Snapshot>, GitError> {
        let Some(repository) = self.repository() else { return Ok(None) };
        let Ok(id) = repository.head_id() else { return Ok(None) };
        let id = id.detach();
        let objects = Arc::new(Objects::open(repository.objects.store_ref().path().to_owned())?);
        let branch = self.branch();
        let parsed = commit::read(&objects, &id, &format!("refs/heads/{branch}"))?;
        let revision = format!("{branch}@{}", parsed.commit.hash.digest());
        let mut tree: Arc<dyn Tree> = Arc::new(GitTree::new(objects, parsed.tree));
        let prefix = self.prefix();
        if !prefix.is_empty() {
            tree = match Subtree::new(tree, &prefix) {
                Ok(part) => Arc::new(part),
                // Nothing of the directory was committed yet.
                Err(TreeError::NotFound { .. }) => Arc::new(MemoryTree::new()),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(Some(Snapshot { revision, commit: Some(parsed.commit), tree }))
    }

    fn worktree(&self, head: Option<Snapshot>) -> Result<Snapshot, GitError> {
        let disk = DiskTree::open(&self.root())?;
        let files = self.files(&disk)?;
        let mut memory = MemoryTree::new();
        for (path, found) in &files {
            match found.kind {
                Kind::File { executable: true } => {
                    memory.insert_executable(path, found.content.clone())?;
                }
                Kind::Symlink => {
                    memory.insert_symlink(path, &String::from_utf8_lossy(&found.content))?;
                }
                _ => memory.insert(path, found.content.clone())?,
            }
        }
        if let Some(head) = head {
            if is_same(&*head.tree, &files)? {
                return Ok(head);
            }
            let revision = format!("{}@sha256:{}", self.branch(), digest(&files));
            return Ok(Snapshot { revision, commit: head.commit, tree: Arc::new(memory) });
        }
        let revision = format!("{}@sha256:{}", self.branch(), digest(&files));
        Ok(Snapshot { revision, commit: None, tree: Arc::new(memory) })
    }

    /// Returns every file that Git tracks or would track.
    fn files(&self, disk: &DiskTree) -> Result<BTreeMap<String, Found>, GitError> {
        let repository = self.repository();
        let mut ignored = match &repository {
            Some(repository) => Some(Ignored::new(repository)?),
            None => None,
        };
        let prefix = self.prefix();
        // Who names an ignored directory wants what is in it.
        if !prefix.is_empty() {
            let named = ignored.as_mut().is_some_and(|it| it.matches(&prefix, Kind::Directory));
            ignored = ignored.filter(|_| !named);
        }
        let mut files = BTreeMap::new();
        walk::<TreeError>(disk, &prefix, &mut |path, kind| {
            if flux_tree::path::name(path) == ".git" {
                return Ok(Visit::SkipChildren);
            }
            if let Some(ignored) = &mut ignored
                && ignored.matches(path, kind)
            {
                // A tracked file in an ignored directory still counts.
                let goes_in = kind == Kind::Directory && ignored.tracks_below(path);
                return Ok(if goes_in { Visit::Continue } else { Visit::SkipChildren });
            }
            let content = match kind {
                Kind::File { .. } => disk.file_content(path),
                Kind::Symlink => disk.link_target(path).map(|target| target.into_bytes().into()),
                Kind::Directory | Kind::Special => return Ok(Visit::Continue),
            };
            match content {
                Ok(content) => {
                    let inside = path.strip_prefix(prefix.as_str()).unwrap_or(path);
                    let inside = inside.trim_start_matches('/').to_owned();
                    files.insert(inside, Found { kind, content: content.into_owned() });
                }
                // Gone between two looks: an editor at work.
                Err(TreeError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
            Ok(Visit::Continue)
        })?;
        Ok(files)
    }
}

/// What Git would not track.
struct Ignored<'a> {
    stack: gix::AttributeStack<'a>,
    index: gix::worktree::IndexPersistedOrInMemory,
}

impl<'a> Ignored<'a> {
    fn new(repository: &'a gix::Repository) -> Result<Self, GitError> {
        let failed = |error: gix::Error| GitError::Storage(error.to_string());
        let index = repository.index_or_empty().map_err(failed)?;
        let index = gix::worktree::IndexPersistedOrInMemory::Persisted(index);
        let source = gix::worktree::stack::state::ignore::Source::WorktreeThenIdMappingIfNotSkipped;
        let stack = repository.excludes(&index, None, source).map_err(failed)?;
        Ok(Self { stack, index })
    }

    fn matches(&mut self, path: &str, kind: Kind) -> bool {
        let name = BStr::new(path.as_bytes());
        if self.index.entry_by_path(name).is_some() {
            return false;
        }
        let mode = match kind {
            Kind::Directory => gix::index::entry::Mode::DIR,
            _ => gix::index::entry::Mode::FILE,
        };
        self.stack.at_entry(name, Some(mode)).is_ok_and(|found| found.is_excluded())
    }

    fn tracks_below(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        self.index.prefixed_entries(BStr::new(prefix.as_bytes())).is_some_and(|e| !e.is_empty())
    }
}

/// Reports whether the tree of a commit holds exactly these files.
fn is_same(tree: &dyn Tree, files: &BTreeMap<String, Found>) -> Result<bool, TreeError> {
    let mut count = 0;
    let mut is_same = true;
    walk::<TreeError>(tree, "", &mut |path, kind| {
        let found = files.get(path);
        let is_equal = match (kind, found) {
            (Kind::Directory | Kind::Special, _) => return Ok(Visit::Continue),
            (_, None) => false,
            (kind, Some(found)) if kind != found.kind => false,
            (Kind::Symlink, Some(found)) => tree.link_target(path)?.as_bytes() == found.content,
            (Kind::File { .. }, Some(found)) => *tree.file_content(path)? == found.content,
        };
        count += 1;
        is_same &= is_equal;
        Ok(Visit::Continue)
    })?;
    Ok(is_same && count == files.len())
}

fn digest(files: &BTreeMap<String, Found>) -> String {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    for (path, found) in files {
        let kind = match found.kind {
            Kind::File { executable: true } => "x",
            Kind::Symlink => "l",
            _ => "f",
        };
        hash.update(format!("{kind} {} {}\0{path}", path.len(), found.content.len()));
        hash.update(&found.content);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
