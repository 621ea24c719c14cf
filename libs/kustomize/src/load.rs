//! Files and directories that kustomization files name.
//!
//! # Upstream
//! There are absolute paths in all error texts. The tree's root is shown under the name that the
//! caller gave it; what is outside of the tree does not exist.

use std::borrow::Cow;
use std::sync::Arc;

use flux_tree::{Kind, Tree, TreeError};

use crate::error::{BuildError, Result, fail};
use crate::origin::join;
use crate::remote::{FileError, RepoSpec};
use crate::{Options, Rules};

/// A tree that is given by the caller or was fetched.
#[derive(Clone)]
enum Source<'a> {
    Given(&'a dyn Tree),
    Fetched(Arc<dyn Tree>),
}

impl Source<'_> {
    fn tree(&self) -> &dyn Tree {
        match self {
            Self::Given(tree) => *tree,
            Self::Fetched(tree) => tree.as_ref(),
        }
    }
}

/// Loads what one kustomization file names.
pub(crate) struct Loader<'a> {
    options: &'a Options<'a>,
    source: Source<'a>,
    /// What the tree's root is called.
    tree_root: String,
    /// The directory, from the tree's root.
    directory: String,
    referrer: Option<&'a Loader<'a>>,
    repository: Option<RepoSpec>,
}

/// A path: what it is called, and where it is unless that is outside of the tree.
struct Place {
    shown: String,
    inside: Option<String>,
}

/// What a path leads to.
enum Found {
    Directory(String),
    File(String),
}

/// Why a path leads nowhere.
enum Lost {
    Missing(String),
    NotADirectory(String),
    Outside,
    Failed(String),
}

impl<'a> Loader<'a> {
    /// Begins at a directory of the tree.
    pub(crate) fn new(tree: &'a dyn Tree, path: &str, options: &'a Options<'a>) -> Result<Self> {
        let top = Self {
            options,
            source: Source::Given(tree),
            tree_root: options.root.to_owned(),
            directory: String::new(),
            referrer: None,
            repository: None,
        };
        if let Some(spec) = RepoSpec::parse(path) {
            return Self::fetched(options, spec, None);
        }
        let place = top.place(path);
        let at = |error: BuildError| error.context("must build at directory");
        let directory = top.confirm_directory(&place).map_err(at)?;
        Ok(Self { directory, ..top })
    }

    /// What the directory is called.
    pub(crate) fn root(&self) -> String {
        join(&self.tree_root, &self.directory)
    }

    fn is_fenced(&self) -> bool {
        matches!(self.options.rules, Rules::Flux)
    }

    fn is_restricted(&self) -> bool {
        let in_repository = self.repository.is_some();
        in_repository
            || matches!(self.options.rules, Rules::Plain { outside: crate::Outside::Refused })
    }

    fn place(&self, path: &str) -> Place {
        if path.starts_with('/') {
            let root = join("", &self.tree_root);
            let path = join("", path);
            let inside =
                path.strip_prefix(&root).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            let inside = inside.map(|rest| rest.trim_start_matches('/').to_owned());
            return Place { shown: path, inside };
        }
        let joined = join(&self.directory, path);
        let inside = Some(joined.clone()).filter(|path| path != ".." && !path.starts_with("../"));
        Place { shown: join(&self.tree_root, &joined), inside }
    }

    /// Follows symbolic links to the end.
    fn find(&self, place: &Place) -> Result<Found, Lost> {
        let Some(path) = &place.inside else { return Err(Lost::Missing(place.shown.clone())) };
        let tree = self.source.tree();
        let resolved = tree.resolve(path).map_err(|error| self.lost(path, error))?;
        match tree.entry_kind(&resolved) {
            Ok(Kind::Directory) => Ok(Found::Directory(resolved)),
            Ok(_) => Ok(Found::File(resolved)),
            Err(error) => Err(self.lost(path, error)),
        }
    }

    fn lost(&self, path: &str, error: TreeError) -> Lost {
        let tree = self.source.tree();
        // The shortest path to which nothing leads.
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let mut paths = ends.filter_map(|at| path.get(..at));
        let first = paths.find(|path| tree.stat(path).is_err()).unwrap_or(path);
        match error {
            TreeError::NotFound { .. } => Lost::Missing(join(&self.tree_root, first)),
            TreeError::NotADirectory { .. } | TreeError::NotAFile { .. } => {
                Lost::NotADirectory(join(&self.tree_root, first))
            }
            TreeError::Escapes { .. } if self.is_fenced() => Lost::Outside,
            TreeError::Escapes { .. } => Lost::Missing(join(&self.tree_root, first)),
            TreeError::TooManyLinks { .. } => {
                Lost::Failed("EvalSymlinks: too many links".to_owned())
            }
            TreeError::Io { source, .. } => Lost::Failed(source.to_string()),
        }
    }

    fn outside(&self, operation: &str, place: &Place) -> BuildError {
        let (shown, root) = (&place.shown, &self.tree_root);
        BuildError::new(format!(
            "fs-security-constraint {operation} {shown}: path '{shown}' is not in or below '{root}'"
        ))
    }

    /// Makes a path absolute and free of links, as the original puts it.
    fn cleaned(&self, place: &Place) -> Result<Found> {
        let shown = &place.shown;
        let failure = |problem: String| {
            BuildError::new(format!("evalsymlink failure on '{shown}' : {problem}"))
        };
        self.find(place).map_err(|lost| match lost {
            Lost::Missing(path) => failure(format!("lstat {path}: no such file or directory")),
            Lost::NotADirectory(path) => failure(format!("lstat {path}: not a directory")),
            Lost::Outside => self.outside("abs", place),
            Lost::Failed(problem) => failure(problem),
        })
    }

    fn confirm_directory(&self, place: &Place) -> Result<String> {
        let at = |error: BuildError| error.context("not a valid directory");
        match self.cleaned(place).map_err(at)? {
            Found::Directory(path) => Ok(path),
            Found::File(_) => fail!("'{}': file is not directory", place.shown),
        }
    }

    /// Reads a file, or gets it from the network.
    pub(crate) fn load(&self, path: &str) -> Result<Cow<'_, [u8]>> {
        if is_url(path) {
            return self.fetch_file(path).map(Cow::Owned);
        }
        let place = self.place(path);
        let found = if self.is_restricted() {
            match self.cleaned(&place)? {
                Found::Directory(_) => return fail!("'{}' must resolve to a file", place.shown),
                Found::File(path) if is_below(&path, &self.directory) => path,
                Found::File(_) => {
                    let root = self.root();
                    return fail!("security; file '{}' is not in or below '{root}'", place.shown);
                }
            }
        } else {
            self.open(&place)?
        };
        let read = self.source.tree().file_content(&found);
        read.map_err(|error| BuildError::new(format!("open {}: {error}", place.shown)))
    }

    fn open(&self, place: &Place) -> Result<String> {
        let shown = &place.shown;
        if place.inside.is_none() && self.is_fenced() {
            return Err(self.outside("read", place));
        }
        match self.find(place) {
            Ok(Found::File(path)) => Ok(path),
            Ok(Found::Directory(_)) => fail!("read {shown}: is a directory"),
            Err(Lost::Missing(_)) => fail!("open {shown}: no such file or directory"),
            Err(Lost::NotADirectory(_)) => fail!("open {shown}: not a directory"),
            Err(Lost::Outside) => Err(self.outside("read", place)),
            Err(Lost::Failed(problem)) => fail!("open {shown}: {problem}"),
        }
    }

    fn fetch_file(&self, url: &str) -> Result<Vec<u8>> {
        match self.options.fetcher.file(url) {
            Ok(content) => Ok(content),
            Err(FileError::Failed(error)) => Err(error),
            Err(FileError::Status(..)) if RepoSpec::parse(url).is_some() => {
                fail!("URL is a git repository")
            }
            Err(FileError::Status(code, text)) => Err(BuildError::with_cause(
                format!("HTTP Error: status code {code} ({text})"),
                crate::Cause::Remote,
            )),
        }
    }

    /// Goes to a directory that the kustomization file names, or to a repository.
    pub(crate) fn enter<'b>(&'b self, path: &str) -> Result<Loader<'b>>
    where
        'a: 'b,
    {
        if path.is_empty() {
            return fail!("new root cannot be empty");
        }
        if let Some(spec) = RepoSpec::parse(path) {
            self.refuse_repository_cycle(&spec)?;
            return Loader::fetched(self.options, spec, Some(self));
        }
        if path.starts_with('/') {
            return fail!("new root '{path}' cannot be absolute");
        }
        let place = self.place(path);
        let at = |error: BuildError| error.context("must build at directory");
        let directory = self.confirm_directory(&place).map_err(at)?;
        let entered = Loader {
            options: self.options,
            source: self.source.clone(),
            tree_root: self.tree_root.clone(),
            directory,
            referrer: Some(self),
            repository: None,
        };
        self.refuse_cycle(&entered)?;
        // Below a repository its restrictions hold.
        Ok(Loader { repository: self.repository.clone(), ..entered })
    }

    fn fetched(
        options: &'a Options<'a>,
        spec: RepoSpec,
        referrer: Option<&'a Loader<'a>>,
    ) -> Result<Self> {
        let tree: Arc<dyn Tree> = Arc::from(options.fetcher.repository(&spec)?);
        let entered = Self {
            options,
            source: Source::Fetched(tree),
            tree_root: spec.clone_spec(),
            directory: String::new(),
            referrer,
            repository: Some(spec.clone()),
        };
        let place = entered.place(&spec.path);
        match entered.cleaned(&place)? {
            Found::Directory(directory) => Ok(Self { directory, ..entered }),
            Found::File(file) => {
                fail!("'{}' refers to file '{file}'; expecting directory", place.shown)
            }
        }
    }

    fn ancestors(&self) -> impl Iterator<Item = &Loader<'_>> {
        let mut next = Some(self);
        std::iter::from_fn(move || {
            let loader = next?;
            next = loader.referrer;
            Some(loader)
        })
    }

    fn refuse_cycle(&self, candidate: &Loader<'_>) -> Result<()> {
        let candidate_root = candidate.root();
        for visited in self.ancestors() {
            let root = visited.root();
            if visited.tree_root == candidate.tree_root
                && is_below(&visited.directory, &candidate.directory)
            {
                return fail!(
                    "cycle detected: candidate root '{candidate_root}' contains visited root '{root}'"
                );
            }
        }
        Ok(())
    }

    fn refuse_repository_cycle(&self, spec: &RepoSpec) -> Result<()> {
        let specs = self.ancestors().filter_map(|loader| loader.repository.as_ref());
        for visited in specs {
            if visited.raw.starts_with(&spec.raw) {
                return fail!(
                    "cycle detected: URI '{}' referenced by previous URI '{}'",
                    spec.raw,
                    visited.raw
                );
            }
        }
        Ok(())
    }
}

fn is_below(path: &str, directory: &str) -> bool {
    directory.is_empty()
        || path == directory
        || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

fn is_url(path: &str) -> bool {
    let scheme = path.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}
