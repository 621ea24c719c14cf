//! Where resources come from and what changed them, as `buildMetadata` asks for it.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::remote::RepoSpec;
use crate::resmap::ResMap;
use crate::resource::Resource;

/// The annotation that tells where an object comes from.
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
/// The annotation that tells what changed it.
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// Where a resource comes from, or what made or changed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Origin {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) repo: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) r#ref: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) configured_in: String,
    #[serde(skip_serializing_if = "Identifier::is_empty")]
    pub(crate) configured_by: Identifier,
}

/// Names the configuration of a generator or transformer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Identifier {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) api_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) namespace: String,
}

impl Identifier {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Origin {
    /// Returns the origin of what `path` leads to from here.
    pub(crate) fn append(&self, path: &str) -> Self {
        let mut origin = self.clone();
        let Some(spec) = RepoSpec::parse(path) else {
            origin.path = join(&self.path, path);
            return origin;
        };
        origin.repo = spec.clone_spec();
        origin.r#ref.clone_from(&spec.reference);
        origin.path = join("", &spec.path);
        origin
    }

    /// Returns the origin of what one of the built-in generators or transformers did.
    pub(crate) fn of_built_in(&self, file: &str, kind: &str) -> Self {
        Self {
            path: String::new(),
            repo: self.repo.clone(),
            r#ref: self.r#ref.clone(),
            configured_in: join(&self.path, file),
            configured_by: Identifier {
                api_version: "builtin".to_owned(),
                kind: kind.to_owned(),
                ..Identifier::default()
            },
        }
    }

    /// Returns the origin of what a plugin did, if it is known where its configuration is from.
    pub(crate) fn of_plugin(plugin: &Resource) -> Option<Self> {
        let origin: Self = read(plugin.annotation(ORIGIN)?)?;
        Some(Self {
            path: String::new(),
            repo: origin.repo,
            r#ref: origin.r#ref,
            configured_in: origin.path,
            configured_by: Identifier {
                api_version: plugin.api_version().to_owned(),
                kind: plugin.kind().to_owned(),
                name: plugin.name().to_owned(),
                namespace: plugin.namespace().to_owned(),
            },
        })
    }

    /// Prints the origin as its annotation does.
    pub(crate) fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, "");
        if out.is_empty() { "{}\n".to_owned() } else { out }
    }

    /// Writes the fields in the order of the original, which is not the alphabet's.
    fn write(&self, out: &mut String, indent: &str) {
        let id = &self.configured_by;
        let fields = [("path", &self.path), ("repo", &self.repo), ("ref", &self.r#ref)];
        write_fields(out, indent, &fields);
        write_fields(out, indent, &[("configuredIn", &self.configured_in)]);
        if !id.is_empty() {
            out.push_str(indent);
            out.push_str("configuredBy:\n");
            let fields = [
                ("apiVersion", &id.api_version),
                ("kind", &id.kind),
                ("name", &id.name),
                ("namespace", &id.namespace),
            ];
            write_fields(out, &format!("{indent}  "), &fields);
        }
    }
}

fn write_fields(out: &mut String, indent: &str, fields: &[(&str, &String)]) {
    for (key, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        let entry = (flux_yaml::Node::string(*key), flux_yaml::Node::string(value.as_str()));
        let line = crate::node::printed(&flux_yaml::Node::mapping([entry]));
        out.push_str(indent);
        out.push_str(&line);
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(flux_yaml::from_str(text).ok()?).ok()
}

/// Joins paths as Go's `filepath.Join` does.
pub(crate) fn join(base: &str, path: &str) -> String {
    let joined = if base.is_empty() { path.to_owned() } else { format!("{base}/{path}") };
    let rooted = joined.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    if rooted { format!("/{path}") } else { path }
}

/// Annotates generated resources that do not know their origin.
pub(crate) fn annotate_generated(resources: &mut [Resource], origin: &Origin) -> Result<()> {
    for resource in resources {
        if resource.annotation(ORIGIN).is_none() {
            resource.annotate(ORIGIN, origin.to_yaml())?;
        }
    }
    Ok(())
}

/// Annotates all resources with a transformation; one without origin was made by it.
pub(crate) fn annotate_transformed(resources: &mut ResMap, origin: &Origin) -> Result<()> {
    for resource in resources.items_mut() {
        if resource.annotation(ORIGIN).is_none() {
            resource.annotate(ORIGIN, origin.to_yaml())?;
            continue;
        }
        let known = resource.annotation(TRANSFORMATIONS).unwrap_or_default();
        let known: Vec<Origin> = read(known).unwrap_or_default();
        let mut text = String::new();
        for origin in known.iter().chain([origin]) {
            let mut item = String::new();
            origin.write(&mut item, "  ");
            text.push_str("- ");
            text.push_str(item.get(2..).unwrap_or_default());
        }
        resource.annotate(TRANSFORMATIONS, text)?;
    }
    Ok(())
}
