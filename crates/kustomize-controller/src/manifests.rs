//! From the files of a source to the objects to apply.

use std::collections::BTreeMap;

use flux_api::{Kustomization, SubstituteReferenceKind};
use flux_cluster::{Cluster, Target};
use flux_manifest::{GroupVersionKind, Object};
use flux_tree::Tree;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::options::Options;

/// What was built.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    /// Digest of the built YAML, `sha256:…`.
    pub(crate) digest: String,
    /// The objects.
    pub(crate) objects: Vec<Object>,
}

/// Variables for substitution, or why they could not be read.
pub(crate) type Variables = Result<BTreeMap<String, String>, String>;

/// Builds what a Kustomization asks for. `root` is where messages say that the files are.
pub(crate) fn build(
    tree: &dyn Tree,
    root: &str,
    kustomization: &Kustomization,
    _variables: &Variables,
    _options: &Options,
) -> Result<Built, String> {
    let base = clean(kustomization.spec.path.as_deref().unwrap_or_default());
    let mut objects = Vec::new();
    collect(tree, root, &base, &mut objects)?;
    if let Some(namespace) = &kustomization.spec.target_namespace {
        for object in &mut objects {
            object.edit_metadata(|it| it.insert("namespace".to_owned(), namespace.clone().into()));
        }
    }
    let text = flux_manifest::documents::write_documents(&objects);
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(text.as_bytes())));
    Ok(Built { digest, objects })
}

fn collect(
    tree: &dyn Tree,
    root: &str,
    directory: &str,
    objects: &mut Vec<Object>,
) -> Result<(), String> {
    for entry in tree.list(directory).map_err(|e| e.to_string())? {
        let path = match directory {
            "" => entry.name.clone(),
            _ => format!("{directory}/{}", entry.name),
        };
        if tree.is_directory(&path) {
            collect(tree, root, &path, objects)?;
        } else if path.ends_with(".yaml") || path.ends_with(".yml") {
            let bytes = tree.read(&path).map_err(|e| e.to_string())?;
            let text = String::from_utf8_lossy(&bytes);
            let failed = |e: &dyn std::fmt::Display| {
                format!("failed to decode Kubernetes YAML from {root}/{path}: {e}")
            };
            let read = flux_manifest::documents::read_objects(&text);
            objects.append(&mut read.map_err(|e| failed(&e))?);
        }
    }
    Ok(())
}

/// Cleans a path so that it stays below the root, as upstream's SecureJoin does.
pub(crate) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Reads the variables that a Kustomization names, later references winning, inline ones over all.
pub(crate) async fn variables(cluster: &Cluster, kustomization: &Kustomization) -> Variables {
    let Some(post_build) = &kustomization.spec.post_build else { return Ok(BTreeMap::new()) };
    let mut variables = BTreeMap::new();
    for reference in &post_build.substitute_from {
        let kind = GroupVersionKind::new("", "v1", reference.kind.as_str());
        let target = Target::new(kind, &kustomization.metadata.namespace, &reference.name);
        match cluster.get(&target).await {
            Ok(object) => variables.extend(values(&object, reference.kind)),
            Err(error) if reference.optional && error.is_not_found() => {}
            Err(error) => {
                let (kind, name) = (reference.kind.as_str(), &reference.name);
                return Err(format!("substitute from '{kind}/{name}' error: {error}"));
            }
        }
    }
    variables.extend(post_build.substitute.clone());
    for value in variables.values_mut() {
        value.retain(|c| c != '\n');
    }
    Ok(variables)
}

fn values(object: &Object, kind: SubstituteReferenceKind) -> BTreeMap<String, String> {
    use base64::Engine;
    let data = object.pointer("/data").and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| {
        let text = value.as_str()?;
        match kind {
            SubstituteReferenceKind::ConfigMap => Some(text.to_owned()),
            SubstituteReferenceKind::Secret => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
        }
    };
    data.filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
}
