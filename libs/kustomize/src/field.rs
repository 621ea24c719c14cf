//! Fields that a transformer changes, named by kind and path.

use flux_yaml::{Kind, Node};

use crate::error::{BuildError, Result, fail};
use crate::gotext;
use crate::id::{Gvk, GvkRef, Id};
use crate::node::{self, Creation};

/// Fields of a kind, named by a path such as `spec/template/metadata/labels`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct FieldSpec {
    /// The kinds whose fields are meant.
    #[serde(flatten)]
    pub gvk: Gvk,
    /// Keys separated by slashes; lists on the way are walked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Whether the field is created where it is missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub create: bool,
}

impl FieldSpec {
    pub(crate) fn of_all(path: &str, create: bool) -> Self {
        Self { gvk: Gvk::default(), path: path.to_owned(), create }
    }

    fn covers(&self, other: &FieldSpec) -> bool {
        other.gvk.selects(self.gvk.as_ref()) && self.path == other.path
    }
}

/// Adds fields that are not there yet.
pub(crate) fn merge_all(specs: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<()> {
    more.iter().try_for_each(|spec| merge_one(specs, spec))
}

/// Adds a field unless it is there.
pub(crate) fn merge_one(specs: &mut Vec<FieldSpec>, spec: &FieldSpec) -> Result<()> {
    match specs.iter().find(|known| known.covers(spec)) {
        Some(known) if known.create != spec.create => fail!("conflicting fieldspecs"),
        Some(_) => Ok(()),
        None => {
            specs.push(spec.clone());
            Ok(())
        }
    }
}

/// Splits a path at its delimiter, where a backslash does not make it part of a key.
pub(crate) fn split(path: &str, delimiter: char) -> Vec<String> {
    let path = path.strip_prefix(delimiter).unwrap_or(path);
    let mut parts: Vec<String> = Vec::new();
    for part in path.split(delimiter) {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

/// Changes one field.
pub(crate) type Setter<'s> = &'s mut dyn FnMut(&mut Node) -> Result<()>;

/// Changes every field of `object` that `spec` names.
pub(crate) fn change(
    object: &mut Node,
    spec: &FieldSpec,
    creation: Option<Creation>,
    set: Setter<'_>,
) -> Result<()> {
    let text = |name| object.get(name).map_or("", |node| node.value.as_str());
    if !spec.gvk.selects(GvkRef::new(text("apiVersion"), text("kind"))) {
        return Ok(());
    }
    let path = split(&spec.path, '/');
    let creation = creation.filter(|_| spec.create);
    Walk { creation, set }.walk(object, &path).map_err(|error| at_field(error, object, spec))
}

/// Changes every field at a path, creating none.
pub(crate) fn change_at(object: &mut Node, path: &[String], set: Setter<'_>) -> Result<()> {
    Walk { creation: None, set }.walk(object, path)
}

/// Says in an error which field of which object it is about.
pub(crate) fn at_field(error: BuildError, object: &Node, spec: &FieldSpec) -> BuildError {
    let text = |name| object.get(name).map_or("", |node| node.value.as_str());
    let meta = |name| {
        let value = object.get("metadata").and_then(|meta| meta.get(name));
        value.filter(|value| !node::is_empty(value)).map_or("", |value| value.value.as_str())
    };
    let gvk = GvkRef::new(text("apiVersion"), text("kind"));
    let id = Id { gvk, name: meta("name"), namespace: meta("namespace"), cluster_scoped: false };
    error.context(format!("considering field '{}' of object {id}", spec.path))
}

struct Walk<'s> {
    creation: Option<Creation>,
    set: Setter<'s>,
}

impl Walk<'_> {
    fn walk(&mut self, node: &mut Node, path: &[String]) -> Result<()> {
        let Some((first, rest)) = path.split_first() else { return (self.set)(node) };
        if node::is_null(node) {
            return Ok(());
        }
        match node.kind {
            Kind::Sequence => {
                let at = |error: BuildError| {
                    error.context(format!("visit traversal on path: {}", gotext::list(path)))
                };
                node.content.iter_mut().try_for_each(|item| self.walk(item, path)).map_err(at)
            }
            Kind::Mapping => self.walk_mapping(node, first, rest),
            Kind::Scalar | Kind::Alias => fail!("expected sequence or mapping node"),
        }
    }

    fn walk_mapping(&mut self, node: &mut Node, first: &str, rest: &[String]) -> Result<()> {
        let name = first.strip_suffix("[]").unwrap_or(first);
        let is_sequence = name.len() < first.len();
        if name.is_empty() {
            return fail!("cannot set or create an empty field name");
        }
        let creation = match self.creation {
            _ if is_sequence => Some(Creation { kind: Kind::Sequence, tag: node::NO_TAG }),
            Some(creation) if rest.is_empty() => Some(creation),
            Some(_) => Some(Creation { kind: Kind::Mapping, tag: node::MAP }),
            None => None,
        };
        if let (Some(creation), false) = (creation, is_sequence)
            && node.get(name).is_none()
        {
            node.content.extend([Node::scalar(name), node::empty(creation.kind)]);
        }
        let Some(field) = node.get_mut(name) else { return Ok(()) };
        if let Some(creation) = creation.filter(|_| node::is_null(field)) {
            field.kind = creation.kind;
            creation.tag.clone_into(&mut field.tag);
        }
        self.walk(field, rest)
    }
}
