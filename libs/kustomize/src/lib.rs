//! Builds a kustomization directory into objects, as kustomize v5.8.1 does.
//!
//! In: a file tree, a directory in it, and [`Options`]. Out: the objects in their order, and
//! warnings. Never: writing files, the network except through the caller's [`Fetcher`], programs
//! (charts, functions and plugins outside of kustomize itself are refused in the original's words).
//!
//! Start at [`build`]. `target` evaluates one kustomization file, `transform` and `generate` hold
//! its parts, `merge` is the strategic merge, `name_reference` follows changed names. Which
//! fields are concerned is data, in `data/`.
#![forbid(unsafe_code)]

mod config;
mod error;
mod field;
pub mod filter;
mod generate;
mod gotext;
mod hash;
mod id;
mod json_patch;
mod kustomization;
mod load;
mod merge;
mod name_reference;
mod node;
mod origin;
mod path;
mod pattern;
mod plugin;
mod read;
mod remote;
mod resmap;
mod resource;
mod schema;
mod scope;
mod selector;
mod shape;
mod shared;
mod target;
#[cfg(test)]
mod tests;
mod transform;
mod variables;

use flux_tree::Tree;
use flux_yaml::Node;
use serde_json::Value;

pub use error::{BuildError, Cause};
pub use field::FieldSpec;
pub use id::Gvk;
pub use kustomization::{
    ConfigMapArgs, FILE_NAMES, FieldOptions, FieldSelector, GeneratorOptions, Image, Kustomization,
    Label, LegacySortOptions, Metadata, Patch, PatchOptions, Replacement, Replica, SecretArgs,
    SortOptions, SourceSelector, TargetSelector, Variable, VariableTarget,
};
pub use remote::{Fetcher, FileError, NoRemote, RepoSpec};
pub use selector::Selector;

/// The version of kustomize whose behaviour this is.
pub const UPSTREAM_VERSION: &str = "v5.8.1";

/// Whether files outside of the kustomization's directory may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// They are refused; directories outside are fine.
    Refused,
    /// They are read.
    Allowed,
}

/// By whose rules a directory is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// As kustomize-controller builds: all files of the tree may be read, nothing outside of it,
    /// and a schema of the user's adds to the built-in one.
    Flux,
    /// As the `kustomize` command builds.
    Plain {
        /// Whether files outside of the kustomization's directory may be read.
        outside: Outside,
    },
}

/// The order of the objects, where the kustomization file does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they are named in the files.
    Fifo,
    /// By kind, because the caller asks for it.
    Legacy,
    /// By kind, because nobody says otherwise.
    Unspecified,
}

/// How a directory is built.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// What the root of the tree is called in error texts, an absolute path.
    pub root: &'a str,
    /// By whose rules.
    pub rules: Rules,
    /// The order of the objects.
    pub order: Order,
    /// Brings what is on the network.
    pub fetcher: &'a dyn Fetcher,
}

/// Something worth telling the user, though the build went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub String);

/// What a directory was built into.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// The objects in their order.
    pub objects: Vec<Node>,
    /// What is worth telling.
    pub warnings: Vec<Warning>,
}

impl Output {
    /// Prints the objects as kustomize does.
    ///
    /// # Errors
    /// An object has no form in JSON: a key stands in it twice, or a value does not fit its type.
    pub fn to_yaml(&self) -> Result<String, BuildError> {
        let mut text = String::new();
        for (index, object) in self.objects.iter().enumerate() {
            if index > 0 {
                text.push_str("---\n");
            }
            let at = |error: BuildError| error.context("map[string]interface {}(nil)");
            text.push_str(&flux_yaml::to_string(&object_value(object).map_err(at)?));
        }
        Ok(text)
    }
}

/// Turns a built object into the value that it is printed as.
///
/// # Errors
/// The object has no form in JSON.
pub fn object_value(object: &Node) -> Result<Value, BuildError> {
    node::to_value(object)
}

/// Builds the directory at `path` in `tree`.
///
/// # Errors
/// What the original reports, in its words, with [`Options::root`] in front of paths.
///
/// # Guarantees
/// Time and memory are bounded: by the size of the tree's files, by limits on nesting, on what
/// aliases expand to and on the number of kustomization files that are evaluated.
pub fn build(tree: &dyn Tree, path: &str, options: &Options<'_>) -> Result<Output, BuildError> {
    let loader = load::Loader::new(tree, path, options)?;
    let mut session = target::Session::default();
    let resources = target::build(&loader, options, &mut session)?;
    let objects = resources.into_items().into_iter().map(|resource| resource.node).collect();
    Ok(Output { objects, warnings: session.warnings })
}

/// Reads the objects of a file as a build would, in order to find mistakes before it.
///
/// # Errors
/// The text is no YAML, or a document is no Kubernetes object.
pub fn check_file(text: &[u8]) -> Result<(), BuildError> {
    match read::resources(text, &scope::Scopes::default()) {
        // What crashes the original does so only when it builds.
        Err(error) if error.cause() != Cause::Crash => Err(error),
        _ => Ok(()),
    }
}

/// Prints a value as Go's `json.Marshal` does, as error texts have it.
pub fn json_text(value: &Value) -> String {
    gotext::json(value)
}

/// Passes all numbers of a value through floating point, as Go does when it reads JSON into maps.
pub fn through_floats(value: Value) -> Value {
    json_patch::as_floats(value)
}
