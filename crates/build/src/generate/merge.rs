//! The spec's fields in the kustomization file.

use flux_kustomize::{Gvk, Image, Kustomization, Patch, Selector};
use flux_tree::Tree;
use serde_json::{Map, Value};

use super::{failure, join};
use crate::{BuildError, objects, spec};

/// Puts the fields of the spec into the file.
pub(super) fn merge(
    file: &mut Kustomization,
    tree: &dyn Tree,
    directory: &str,
    kustomization: &Value,
) -> Result<(), BuildError> {
    let texts = [
        ("targetNamespace", &mut file.namespace),
        ("namePrefix", &mut file.name_prefix),
        ("nameSuffix", &mut file.name_suffix),
    ];
    for (name, slot) in texts {
        if let Some(text) = spec::text(kustomization, name) {
            text.clone_into(slot);
        }
    }
    for patch in spec::list(kustomization, "patches") {
        let text = patch.get("patch").and_then(Value::as_str).unwrap_or_default().to_owned();
        let target = patch.get("target").filter(|target| !target.is_null()).map(selector);
        file.patches.push(Patch { patch: text, target, ..Patch::default() });
    }
    add_components(file, tree, directory, kustomization)?;
    add_old_patches(file, kustomization);
    for image in spec::list(kustomization, "images") {
        set_image(&mut file.images, image);
    }
    let metadata = spec::texts(kustomization, "buildMetadata");
    if !metadata.is_empty() {
        file.build_metadata = metadata;
    }
    Ok(())
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn selector(value: &Value) -> Selector {
    Selector {
        gvk: Gvk {
            group: text(value, "group"),
            version: text(value, "version"),
            kind: text(value, "kind"),
        },
        name: text(value, "name"),
        namespace: text(value, "namespace"),
        annotation_selector: text(value, "annotationSelector"),
        label_selector: text(value, "labelSelector"),
    }
}

fn add_components(
    file: &mut Kustomization,
    tree: &dyn Tree,
    directory: &str,
    kustomization: &Value,
) -> Result<(), BuildError> {
    let field = spec::field(kustomization, "ignoreMissingComponents");
    let ignores_missing = field.and_then(Value::as_bool).unwrap_or_default();
    for component in spec::texts(kustomization, "components") {
        if !is_local(&component) {
            return Err(failure(format!(
                "component path '{component}' must be local and relative"
            )));
        }
        let path = join(directory, &component);
        let exists = path.is_some_and(|path| tree.stat(&path).is_ok());
        if exists || !ignores_missing {
            file.components.push(component);
        }
    }
    Ok(())
}

/// Reports whether a path is neither absolute nor a URL.
fn is_local(path: &str) -> bool {
    const REMOTE: [&str; 8] =
        ["git::", "gh:", "ssh://", "https://", "http://", "git@", "github.com:", "github.com/"];
    let lower = path.to_lowercase();
    let is_remote =
        REMOTE.iter().any(|prefix| lower.len() > prefix.len() && lower.starts_with(prefix));
    let file = lower.strip_prefix("file://").unwrap_or(&lower);
    !is_remote && !path.starts_with('/') && !file.starts_with('/')
}

/// Adds patches in the forms that earlier versions of the spec had.
fn add_old_patches(file: &mut Kustomization, kustomization: &Value) {
    let merges = spec::list(kustomization, "patchesStrategicMerge");
    if !merges.is_empty() {
        let list = file.patches_strategic_merge.get_or_insert_default();
        list.extend(merges.iter().map(objects::json_text));
    }
    for patch in spec::list(kustomization, "patchesJson6902") {
        let operations = patch.get("patch").and_then(Value::as_array);
        let operations: Vec<String> = operations.into_iter().flatten().map(operation).collect();
        let target = patch.get("target").map(selector).unwrap_or_default();
        file.patches_json6902.get_or_insert_default().push(Patch {
            patch: format!("[{}]", operations.join(",")),
            target: Some(target),
            ..Patch::default()
        });
    }
}

/// Prints an operation with its fields in the order of the original.
fn operation(value: &Value) -> String {
    let empty = Map::new();
    let map = value.as_object().unwrap_or(&empty);
    let fields = ["op", "path", "from", "value"].iter().filter_map(|key| {
        let value = map.get(*key)?;
        Some(format!("\"{key}\":{}", objects::json_text(value)))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// Sets what the spec says about an image; tag and digest are one unit.
fn set_image(images: &mut Vec<Image>, value: &Value) {
    let (name, new_name) = (text(value, "name"), text(value, "newName"));
    let (new_tag, digest) = (text(value, "newTag"), text(value, "digest"));
    match images.iter_mut().find(|image| image.name == name) {
        Some(image) => {
            if !new_name.is_empty() {
                image.new_name = new_name;
            }
            if !new_tag.is_empty() || !digest.is_empty() {
                image.new_tag = new_tag;
                image.digest = digest;
            }
        }
        None => images.push(Image { name, new_name, new_tag, digest, ..Image::default() }),
    }
}
