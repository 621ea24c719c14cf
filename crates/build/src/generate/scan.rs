//! The manifests of a directory that has no kustomization file.

use flux_kustomize::{FILE_NAMES, Kustomization};
use flux_tree::ignore::{self, Matcher};
use flux_tree::{Kind, Tree, TreeError};

use super::{Ignore, child, failure, join};
use crate::BuildError;

/// Returns the rules by which files are left out, if there are any.
pub(super) fn rules(
    tree: &dyn Tree,
    directory: &str,
    ignore: Ignore<'_>,
) -> Result<Option<Matcher>, TreeError> {
    let Ignore::Patterns(further) = ignore else { return Ok(None) };
    let domain: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    let mut patterns = ignore::load(tree)?;
    patterns.extend(ignore::parse(further, &domain));
    Ok(Some(Matcher::with_defaults(patterns, &domain)))
}

/// Looks for manifests.
pub(super) struct Scan<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) directory: &'a str,
    pub(super) rules: Option<&'a Matcher>,
    /// Names paths in error texts.
    pub(super) shown: &'a dyn Fn(&str) -> String,
}

impl Scan<'_> {
    /// Makes a kustomization file that names every manifest and every directory that has one.
    pub(super) fn kustomization(&self) -> Result<Kustomization, BuildError> {
        let mut file = Kustomization::default();
        let mut found = Vec::new();
        if self.tree.stat(self.directory).is_ok_and(|kind| kind == Kind::Directory) {
            self.walk(&mut found)?;
        }
        if found.is_empty() {
            // So that the file is not taken for an empty one.
            "_placeholder".clone_into(&mut file.namespace);
        }
        file.resources = found;
        Ok(file)
    }

    fn walk(&self, found: &mut Vec<String>) -> Result<(), BuildError> {
        let list = |directory: &str| {
            let entries = self.tree.directory(directory);
            entries.map(Vec::into_iter).map_err(|error| failure(error.to_string()))
        };
        let mut stack = vec![(self.directory.to_owned(), list(self.directory)?)];
        while let Some((directory, entries)) = stack.last_mut() {
            let Some(entry) = entries.next() else {
                stack.pop();
                continue;
            };
            let path = child(directory, &entry.name);
            if entry.kind == Kind::Directory {
                if FILE_NAMES.iter().any(|name| self.tree.is_file(&child(&path, name))) {
                    found.push(self.relative(&path));
                } else {
                    let below = list(&path)?;
                    stack.push((path, below));
                }
            } else if self.is_manifest(&path, entry.kind) {
                self.check(&path)?;
                found.push(self.relative(&path));
            }
        }
        Ok(())
    }

    fn is_manifest(&self, path: &str, kind: Kind) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        matches!(extension, Some("yaml" | "yml"))
            && !self.rules.is_some_and(|rules| rules.is_ignored(path, kind))
    }

    fn relative(&self, path: &str) -> String {
        let below = path.get(self.directory.len()..).unwrap_or(path);
        format!("./{}", below.trim_start_matches('/'))
    }

    fn check(&self, path: &str) -> Result<(), BuildError> {
        let shown = (self.shown)(path);
        let content = self.tree.read(path).map_err(|error| match error {
            TreeError::Escapes { .. } => {
                let root = (self.shown)("");
                failure(format!(
                    "fs-security-constraint walk {shown}: path '{shown}' is not in or below '{root}'"
                ))
            }
            TreeError::NotFound { .. } => {
                failure(format!("open {shown}: no such file or directory"))
            }
            TreeError::NotAFile { .. } => failure(format!("read {shown}: is a directory")),
            other => failure(format!("open {shown}: {other}")),
        })?;
        flux_kustomize::check_file(&content).map_err(|error| {
            failure(format!("failed to decode Kubernetes YAML from {shown}: {error}"))
        })
    }
}

/// Drops what is left out from a file's resources, components and definitions.
pub(super) fn filter(
    file: &mut Kustomization,
    tree: &dyn Tree,
    directory: &str,
    rules: &Matcher,
    shown: &dyn Fn(&str) -> String,
) -> Result<(), BuildError> {
    let lists =
        [(&mut file.resources, true), (&mut file.components, true), (&mut file.crds, false)];
    for (list, may_be_url) in lists {
        let mut kept = Vec::new();
        for name in std::mem::take(list) {
            if may_be_url && is_url(&name) {
                kept.push(name);
                continue;
            }
            let missing = || {
                let path = shown(&child(directory, name.trim_start_matches("./")));
                failure(format!("lstat {path}: no such file or directory"))
            };
            let path = join(directory, &name).ok_or_else(missing)?;
            let kind = tree.stat(&path).map_err(|_| missing())?;
            if !rules.is_ignored(&path, kind) {
                kept.push(name);
            }
        }
        *list = kept;
    }
    Ok(())
}

fn is_url(name: &str) -> bool {
    let scheme = name.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}
