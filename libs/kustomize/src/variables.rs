//! Variables: fields of resources that replace `$(NAME)` elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use flux_yaml::{Kind, Node, Style};

use crate::error::{Result, fail};
use crate::field::{self, FieldSpec};
use crate::id::Id;
use crate::kustomization::Variable;
use crate::node;
use crate::path;
use crate::resmap::ResMap;
use crate::resource::{Resource, joined};

/// The variables of a build, by name.
pub(crate) type Variables = BTreeMap<String, Variable>;

impl Variable {
    /// Completes the kind by `apiVersion`, and the field.
    fn completed(&self) -> Self {
        let mut variable = self.clone();
        let target = &mut variable.objref;
        let parts: Vec<&str> = target.api_version.split('/').collect();
        match parts.as_slice() {
            [group, version] => {
                (*group).clone_into(&mut target.gvk.group);
                (*version).clone_into(&mut target.gvk.version);
            }
            [version] if !version.is_empty() => (*version).clone_into(&mut target.gvk.version),
            _ => {}
        }
        variable
    }

    fn with_default_field(mut self) -> Self {
        if self.fieldref.field_path.is_empty() {
            "metadata.name".clone_into(&mut self.fieldref.field_path);
        }
        self
    }

    /// Prints the variable as Go's `%v` does.
    pub(crate) fn printed(&self) -> String {
        format!("{{{} {} {{{}}}}}", self.name, self.objref.gvk, self.fieldref.field_path)
    }
}

/// Adds the variables of a file, and marks the resources that they refer to.
///
/// # Errors
/// A variable refers to several resources, or is there already.
pub(crate) fn add(
    variables: &mut Variables,
    resources: &mut ResMap,
    incoming: &[Variable],
) -> Result<()> {
    for variable in incoming {
        let variable = variable.completed();
        let target = Id {
            gvk: variable.objref.gvk.as_ref(),
            name: &variable.objref.name,
            namespace: &variable.objref.namespace,
            cluster_scoped: false,
        };
        let found = resources.with_any_id(|id| {
            if target.namespace.is_empty() {
                target.same_name_and_kind(id)
            } else {
                target.same(id)
            }
        });
        match found.as_slice() {
            [] => {}
            [at] => {
                if let Some(resource) = resources.items_mut().get_mut(*at) {
                    resource.variables.push(variable.name.clone());
                }
            }
            many => {
                return fail!(
                    "found {} resId matches for var {} (unable to disambiguate)",
                    many.len(),
                    variable.printed()
                );
            }
        }
    }
    let completed = incoming.iter().map(|variable| variable.completed().with_default_field());
    merge(variables, completed)
}

/// Adds variables, none of which may be there already.
pub(crate) fn merge(
    variables: &mut Variables,
    incoming: impl IntoIterator<Item = Variable>,
) -> Result<()> {
    for variable in incoming {
        if variables.contains_key(&variable.name) {
            return fail!("var '{}' already encountered", variable.name);
        }
        variables.insert(variable.name.clone(), variable);
    }
    Ok(())
}

/// A value as it is written in place of a variable.
#[derive(Clone, Debug)]
struct Content {
    text: String,
    tag: &'static str,
}

/// Replaces variables in the fields that `fields` name. Returns the names of those that were not used.
pub(crate) fn resolve(
    variables: &Variables,
    resources: &mut ResMap,
    fields: &[FieldSpec],
) -> Result<Vec<String>> {
    if variables.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = BTreeMap::new();
    for (name, variable) in variables {
        values.insert(name.clone(), value_of(variable, resources.items())?);
    }
    let mut used = BTreeSet::new();
    for resource in resources.items_mut() {
        for spec in fields {
            let mut expansion = Expansion { values: &values, used: &mut used };
            field::change(&mut resource.node, spec, None, &mut |field| expansion.set(field))?;
        }
    }
    let unused = values.into_keys().filter(|name| !used.contains(name));
    Ok(unused.collect())
}

fn value_of(variable: &Variable, resources: &[Resource]) -> Result<Option<Content>> {
    let is_target = |resource: &&Resource| resource.variables.contains(&variable.name);
    let Some(resource) = resources.iter().find(is_target) else {
        return fail!(
            "var '{}' cannot be mapped to a field in the set of known resources",
            variable.printed()
        );
    };
    let parts = with_indices(&path::split(&variable.fieldref.field_path));
    match path::lookup(&resource.node, &parts) {
        Ok(Some(field)) => Ok(content(field)),
        _ => fail!(
            "field specified in var '{}' not found in corresponding resource",
            variable.printed()
        ),
    }
}

/// Splits `ports[0]` into key and index.
fn with_indices(parts: &[String]) -> Vec<String> {
    let mut result = Vec::new();
    for part in parts {
        let split = part.strip_suffix(']').and_then(|part| part.rsplit_once('['));
        match split.filter(|(_, index)| {
            !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())
        }) {
            Some((key, index)) => {
                if !key.is_empty() {
                    result.push(key.to_owned());
                }
                result.push(index.to_owned());
            }
            None => result.push(part.clone()),
        }
    }
    result
}

/// Reads the value of a field; collections have none.
fn content(field: &Node) -> Option<Content> {
    if field.kind != Kind::Scalar {
        return None;
    }
    let tag = match field.tag.as_str() {
        node::INTEGER => node::INTEGER,
        node::BOOL => node::BOOL,
        node::FLOAT => node::FLOAT,
        _ => node::STRING,
    };
    let text = match node::to_value(field) {
        Ok(serde_json::Value::Number(number)) => crate::gotext::number(&number),
        Ok(serde_json::Value::Bool(flag)) => flag.to_string(),
        _ => field.value.clone(),
    };
    Some(Content { text, tag })
}

struct Expansion<'a> {
    values: &'a BTreeMap<String, Option<Content>>,
    used: &'a mut BTreeSet<String>,
}

impl Expansion<'_> {
    fn set(&mut self, field: &mut Node) -> Result<()> {
        if node::is_null(field) {
            return Ok(());
        }
        match field.kind {
            Kind::Scalar if node::is_string(field) => self.expand(field),
            Kind::Scalar | Kind::Alias => {}
            Kind::Mapping => {
                for (key, value) in field.entries_mut() {
                    if !node::is_string(key) {
                        return fail!("invalid map key: value='{}', tag='{}'", key.value, key.tag);
                    }
                    if node::is_string(value) {
                        self.expand(value);
                    }
                }
            }
            Kind::Sequence => {
                for item in &mut field.content {
                    if !node::is_string(item) {
                        return fail!("invalid value type expect a string");
                    }
                    self.expand(item);
                }
            }
        }
        Ok(())
    }

    fn lookup(&mut self, name: &str) -> Option<Content> {
        let content = self.values.get(name)?.clone()?;
        self.used.insert(name.to_owned());
        Some(content)
    }

    /// Replaces the variables in a text; one that is the whole text keeps its type.
    fn expand(&mut self, field: &mut Node) {
        field.style = Style::Plain;
        node::STRING.clone_into(&mut field.tag);
        let text = std::mem::take(&mut field.value);
        let whole = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
        if let Some(name) = whole.filter(|name| !name.contains(')')) {
            let content = self.lookup(name);
            field.value = text;
            if let Some(content) = content {
                field.value = content.text;
                content.tag.clone_into(&mut field.tag);
            }
            return;
        }
        field.value = self.expanded(&text);
    }

    fn expanded(&mut self, text: &str) -> String {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            parts.push(before.to_owned());
            let mut chars = behind.chars();
            let close = behind.find(')');
            match (chars.next(), close) {
                (Some('$'), _) => {
                    parts.push("$".to_owned());
                    rest = chars.as_str();
                }
                (Some('('), Some(close)) => {
                    let name = behind.get(1..close).unwrap_or_default();
                    let content = self.lookup(name);
                    parts.push(content.map_or_else(|| format!("$({name})"), |found| found.text));
                    rest = behind.get(close + 1..).unwrap_or_default();
                }
                _ => {
                    parts.push("$".to_owned());
                    rest = behind;
                }
            }
        }
        parts.push(rest.to_owned());
        joined(parts, "")
    }
}
