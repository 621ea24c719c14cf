//! From a file tree and a Flux Kustomization to the objects to apply.
//!
//! In: the tree of an artifact, the Kustomization as an object, and what its `substituteFrom`
//! names, as [`Lookup`]s. Out: [`Built`], whose text is what `status.history` digests. Never: a
//! cluster, the network except through the caller's fetcher, writing to the tree.
//!
//! The controller, `flux build` and `flux diff` all start at [`build`]; what is to be looked up
//! before that, [`references`] says. [`prepare`] gives the objects the form in which they are
//! applied. The parts, in their order: `generate` makes the kustomization file, kustomize builds
//! it, [`Decryptor`]s decrypt (as [`Sops`] does), `substitute` replaces variables, `objects` reads the result.
#![forbid(unsafe_code)]

mod decrypt;
mod error;
mod generate;
mod objects;
mod overlay;
mod sops;
mod spec;
mod substitute;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use flux_kustomize::{Order, Rules};
use flux_manifest::Object;
use flux_tree::{Tree, path};
use flux_yaml::Node;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use decrypt::{Decryptor, NoDecryption};
pub use error::{BuildError, Stage};
pub use flux_envsubst::Undefined;
pub use flux_kustomize::{Fetcher, FileError, NoRemote, RepoSpec};
pub use generate::{Action, Generated, Ignore};
pub use objects::{common_metadata, prepare};
pub use sops::Sops;
pub use substitute::{Lookup, Reference, ReferenceKind, references};

use overlay::Overlay;
use substitute::Substitution;

/// How a Kustomization is built.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// What the root of the tree is called in error texts, an absolute path.
    pub root: &'a str,
    /// Brings remote bases; [`NoRemote`] refuses them.
    pub fetcher: &'a dyn Fetcher,
    /// Decrypts what is encrypted.
    pub decryptor: &'a dyn Decryptor,
    /// What a variable that is not set means; upstream refuses it by default.
    pub undefined: Undefined,
    /// Which files the scan for manifests leaves out; the controller leaves out none.
    pub ignore: Ignore<'a>,
    /// Whether `substituteFrom` is looked at.
    pub variables: Variables,
}

/// Which variables are substituted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variables {
    /// Those of `substituteFrom` and those of `substitute`.
    All,
    /// Only those of `substitute`, as a dry run without a cluster does.
    InlineOnly,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            root: "/",
            fetcher: &NoRemote,
            decryptor: &NoDecryption,
            undefined: Undefined::Refuse,
            ignore: Ignore::Nothing,
            variables: Variables::All,
        }
    }
}

/// What a Kustomization was built into.
#[derive(Clone, Debug)]
pub struct Built {
    /// The text, as the original writes it.
    pub yaml: String,
    /// `sha256:` and the digest of the text, as `status.history` has it.
    pub digest: String,
    /// The objects in the order of the build, lists taken apart.
    pub objects: Vec<Object>,
    /// What is worth telling, though the build went on.
    pub warnings: Vec<String>,
    /// The kustomization file that was built.
    pub generated: Generated,
}

/// Builds a Kustomization.
///
/// `lookups` holds the outcome for each of [`references`], in that order.
///
/// # Errors
/// What the original reports, and the stage at which it does.
pub fn build(
    tree: &dyn Tree,
    kustomization: &Value,
    lookups: &[Lookup],
    options: &Options<'_>,
) -> Result<Built, BuildError> {
    let directory = find_path(tree, kustomization, options.root)?;
    let generated = generate::generate(tree, &directory, kustomization, options)?;
    let mut overlay = Overlay::new(tree);
    overlay.insert(&generated.path, generated.text.clone().into_bytes());
    let decrypted = options.decryptor.sources(&overlay, &directory);
    for (path, content) in decrypted.map_err(|error| BuildError::new(Stage::Decrypt, error))? {
        overlay.insert(&path, content);
    }
    let output = flux_kustomize::build(
        &overlay,
        &directory,
        &flux_kustomize::Options {
            root: options.root,
            rules: Rules::Flux,
            order: Order::Fifo,
            fetcher: options.fetcher,
        },
    );
    let output = output.map_err(|error| BuildError::from_kustomize(&error))?;
    let warnings = output.warnings.into_iter().map(|warning| warning.0).collect();
    let values = finish(output.objects, kustomization, lookups, options)?;
    let (yaml, objects) = objects::print(values)?;
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(yaml.as_bytes())));
    Ok(Built { yaml, digest, objects, warnings, generated })
}

/// Finds the directory that `spec.path` names, which never leaves the tree.
fn find_path(tree: &dyn Tree, kustomization: &Value, root: &str) -> Result<String, BuildError> {
    let wanted = spec::text(kustomization, "path").unwrap_or_default();
    let joined = path::join_confined("", wanted);
    match tree.resolve(&joined) {
        Ok(path) => Ok(path),
        Err(_) => {
            let shown = format!("{root}/{joined}");
            let text = format!("stat {shown}: no such file or directory");
            Err(BuildError::new(Stage::Path, text))
        }
    }
}

/// Decrypts objects and replaces variables in them, one after the other.
fn finish(
    nodes: Vec<Node>,
    kustomization: &Value,
    lookups: &[Lookup],
    options: &Options<'_>,
) -> Result<Vec<Value>, BuildError> {
    let substitution = Substitution::new(kustomization, lookups, options);
    let is_decrypted = spec::field(kustomization, "decryption").is_some();
    let mut ids = Ids::new(&nodes);
    let mut values = Vec::with_capacity(nodes.len());
    for node in nodes {
        let built = flux_kustomize::object_value(&node);
        let before = Name::of_node(&node);
        let Ok(mut value) = built else {
            let at = format!("post build failed for '{}'", before.shown());
            let error = built.err().map_or_else(String::new, |error| error.to_string());
            return Err(match &substitution {
                Some(_) => BuildError::new(Stage::PostBuild, format!("{at}: {error}")),
                None => {
                    let error = format!("map[string]interface {{}}(nil): {error}");
                    BuildError::new(Stage::Build, error)
                }
            });
        };
        drop(node);
        if before.name.is_empty() || before.kind.is_empty() || before.api_version.is_empty() {
            let text = objects::json_text(&value);
            let text =
                format!("failed to decode Kubernetes apiVersion, kind and name from: {text}");
            return Err(BuildError::new(Stage::Decode, text));
        }
        if is_decrypted {
            let decrypted = options.decryptor.object(&value).map_err(|error| {
                let at = format!("decryption failed for '{}'", before.shown());
                BuildError::new(Stage::Decrypt, format!("{at}: {error}"))
            })?;
            if let Some(decrypted) = decrypted {
                ids.replace(&before, &Name::of_value(&decrypted))?;
                value = decrypted;
            }
        }
        if let Some(substitution) = &substitution {
            let before = Name::of_value(&value);
            let substituted = substitution.run(&value).map_err(|error| {
                let at = format!("post build failed for '{}'", before.shown());
                BuildError::new(Stage::PostBuild, format!("{at}: {error}"))
            })?;
            if let Some(substituted) = substituted {
                let after = substituted.as_ref().map(Name::of_value);
                ids.replace(&before, after.as_ref().unwrap_or(&before))?;
                value = substituted.unwrap_or(value);
            }
        }
        values.push(value);
    }
    Ok(values)
}

/// What names an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Name {
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
}

impl Name {
    fn of_node(node: &Node) -> Self {
        let text = |node: Option<&Node>| node.map_or_else(String::new, |node| node.value.clone());
        let meta = node.get("metadata");
        let namespace = text(meta.and_then(|meta| meta.get("namespace")));
        Self {
            api_version: text(node.get("apiVersion")),
            kind: text(node.get("kind")),
            name: text(meta.and_then(|meta| meta.get("name"))),
            namespace: effective(namespace),
        }
    }

    fn of_value(value: &Value) -> Self {
        let text =
            |pointer| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            api_version: text("/apiVersion"),
            kind: text("/kind"),
            name: text("/metadata/name"),
            namespace: effective(text("/metadata/namespace")),
        }
    }

    /// Prints kind and name as error texts have them.
    fn shown(&self) -> String {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", &self.api_version));
        let (kind, version, group) = (self.kind.clone(), version.to_owned(), group.to_owned());
        format!("{}/{}", flux_kustomize::Gvk { group, version, kind }, self.name)
    }
}

fn effective(namespace: String) -> String {
    if namespace.is_empty() { "default".to_owned() } else { namespace }
}

/// How often each name occurs.
struct Ids(HashMap<Name, usize>);

impl Ids {
    fn new(nodes: &[Node]) -> Self {
        let mut counts = HashMap::new();
        for node in nodes {
            *counts.entry(Name::of_node(node)).or_default() += 1;
        }
        Self(counts)
    }

    /// Refuses a name that an object gets though another has it.
    fn replace(&mut self, before: &Name, after: &Name) -> Result<(), BuildError> {
        if let Some(count) = self.0.get_mut(before) {
            *count -= 1;
        }
        let count = self.0.entry(after.clone()).or_default();
        *count += 1;
        if *count > 1 {
            let text = format!("in Replace: id matched {count} resources");
            return Err(BuildError::new(Stage::Replace, text));
        }
        Ok(())
    }
}
