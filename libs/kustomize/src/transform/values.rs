//! A value that is set in fields.

use flux_yaml::Kind;
use serde::Deserialize;

use crate::error::Result;
use crate::field;
use crate::node;
use crate::path;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::selector::Selector;
use crate::transform::Namespace;

/// Sets a value in fields.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ValueAdd {
    pub(crate) value: String,
    pub(crate) targets: Vec<ValueTarget>,
    pub(crate) target_file_path: String,
}

/// A field of some resources.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ValueTarget {
    pub(crate) selector: Option<Selector>,
    pub(crate) field_path: String,
    /// Where in a file path the value goes; 0 replaces the whole.
    pub(crate) file_path_position: i64,
}

impl ValueAdd {
    pub(crate) fn run(&self, resources: &mut ResMap) -> Result<()> {
        for target in &self.targets {
            let found = match &target.selector {
                Some(selector) => resources.select(&selector.compile()?)?,
                None => (0..resources.items().len()).collect(),
            };
            for at in found {
                if let Some(resource) = resources.items_mut().get_mut(at) {
                    self.change(resource, target)?;
                }
            }
        }
        Ok(())
    }

    fn change(&self, resource: &mut Resource, target: &ValueTarget) -> Result<()> {
        if target.field_path == "metadata/namespace" {
            let namespace = Namespace { namespace: self.value.clone(), ..Namespace::default() };
            return namespace.change(resource);
        }
        let path = field::split(&target.field_path, '/');
        let field = path::lookup_or_create(&mut resource.node, &path, Kind::Scalar)?;
        let Some(field) = field else { return Ok(()) };
        node::expect_kind(field, Kind::Scalar)?;
        let value = match usize::try_from(target.file_path_position) {
            Ok(position) if position > 0 => insert(&field.value, position - 1, &self.value),
            _ => self.value.clone(),
        };
        node::set_scalar(field, node::scalar(&value, node::NO_TAG))
    }
}

/// Inserts a component into a path.
fn insert(path: &str, position: usize, part: &str) -> String {
    if part.is_empty() {
        return path.to_owned();
    }
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    let joined = crate::origin::join("", &parts.join("/"));
    if rooted { format!("/{joined}") } else { joined }
}
