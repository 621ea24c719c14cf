//! The kustomization file: found or made, and completed by the spec's fields.

mod merge;
mod scan;

use flux_kustomize::{FILE_NAMES, Kustomization};
use flux_tree::{Kind, Tree, path};
use serde_json::Value;

use crate::{BuildError, Options, Stage};

/// Whether there was a kustomization file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// There was none.
    Created,
    /// There was one.
    Unchanged,
}

/// The kustomization file that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Whether there was one.
    pub action: Action,
    /// Its path in the tree.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// Which files the scan for manifests leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ignore<'a> {
    /// None, as in the controller, where the artifact lacks them already.
    #[default]
    Nothing,
    /// What `.sourceignore` files and these further patterns say, as on the command line.
    Patterns(&'a str),
}

fn failure(text: impl Into<String>) -> BuildError {
    BuildError::new(Stage::Generate, text)
}

/// Finds or makes the kustomization file of a directory and completes it by the spec's fields.
pub(crate) fn generate(
    tree: &dyn Tree,
    directory: &str,
    kustomization: &Value,
    options: &Options<'_>,
) -> Result<Generated, BuildError> {
    let shown = |path: &str| match path {
        "" => options.root.to_owned(),
        path => format!("{}/{path}", options.root.trim_end_matches('/')),
    };
    let rules = scan::rules(tree, directory, options.ignore);
    let rules =
        rules.map_err(|error| failure(format!("failed to load ignore patterns: {error}")))?;
    let found =
        FILE_NAMES.iter().map(|name| child(directory, name)).find(|file| tree.is_file(file));
    let (mut file, path, action) = match found {
        Some(path) => {
            let content = tree.read(&path).map_err(|error| failure(error.to_string()))?;
            let mut file = Kustomization::parse_lenient(&content);
            if let Ok(file) = &mut file
                && file.resources.is_empty()
            {
                // So that a file that names nothing is not taken for an empty one.
                file.build_metadata = vec!["originAnnotations".to_owned()];
            }
            (file.map_err(|error| failure(error.to_string()))?, path, Action::Unchanged)
        }
        None => {
            let scan = scan::Scan { tree, directory, rules: rules.as_ref(), shown: &shown };
            (scan.kustomization()?, child(directory, "kustomization.yaml"), Action::Created)
        }
    };
    if file.kind.is_empty() {
        "Kustomization".clone_into(&mut file.kind);
    }
    if file.api_version.is_empty() {
        "kustomize.config.k8s.io/v1beta1".clone_into(&mut file.api_version);
    }
    if let Some(rules) = &rules {
        scan::filter(&mut file, tree, directory, rules, &shown)?;
    }
    merge::merge(&mut file, tree, directory, kustomization)?;
    if tree.stat(directory).is_ok_and(|kind| kind != Kind::Directory) {
        let path = shown(&path);
        return Err(failure(format!(
            "open {path}: not a directory remove {path}: not a directory"
        )));
    }
    Ok(Generated { action, path, text: file.to_yaml() })
}

fn child(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Joins a path of a kustomization file to its directory; nothing if it leaves the tree.
fn join(directory: &str, name: &str) -> Option<String> {
    path::join(directory, name)
}
