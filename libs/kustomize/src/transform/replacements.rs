//! Values copied from one resource to others.

use flux_yaml::{Kind, Node};

use crate::error::{BuildError, Result, fail};
use crate::gotext;
use crate::id::Id;
use crate::kustomization::{FieldOptions, Replacement, SourceSelector, TargetSelector};
use crate::node::{self, is_empty};
use crate::path::{self, Matcher};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::schema::Schemas;
use crate::selector::SelectorPatterns;

const DEFAULT_FIELD: &str = "metadata.name";

/// Copies values from one resource to others.
#[derive(Debug)]
pub(crate) struct Replacements(pub(crate) Vec<Replacement>);

impl Replacements {
    pub(crate) fn run(&self, resources: &mut ResMap, schemas: &Schemas) -> Result<()> {
        for replacement in &self.0 {
            let has_source = replacement.source.is_some() || replacement.source_value.is_some();
            let Some(targets) = replacement.targets.as_ref().filter(|_| has_source) else {
                return fail!("replacements must specify a source and at least one target");
            };
            let value = value_of(replacement, resources)?;
            for target in targets {
                Target::new(target)?.replace(resources, &value, schemas)?;
            }
        }
        resources.drop_empty();
        Ok(())
    }
}

fn value_of(replacement: &Replacement, resources: &ResMap) -> Result<Node> {
    let source = match (&replacement.source, &replacement.source_value) {
        (Some(_), Some(_)) => {
            return fail!("value and resource selectors are mutually exclusive");
        }
        (_, Some(value)) => return Ok(Node::scalar(value)),
        (Some(source), None) => source,
        (None, None) => return Ok(Node::null()),
    };
    let resource = select_source(resources, source)?;
    let field = if source.field_path.is_empty() { DEFAULT_FIELD } else { &source.field_path };
    let at = |error: BuildError| error.context("error looking up replacement source");
    let found = path::lookup(&resource.node, &path::split(field)).map_err(at)?;
    let Some(value) = found.filter(|value| !is_empty(value)) else {
        let id = printed_id(source);
        return fail!("fieldPath `{field}` is missing for replacement source {id}");
    };
    part_of(value, source.options.as_ref())
}

fn printed_id(source: &SourceSelector) -> String {
    let gvk = source.gvk.as_ref();
    let id = Id { gvk, name: &source.name, namespace: &source.namespace, cluster_scoped: false };
    id.to_string()
}

fn printed(source: &SourceSelector) -> String {
    let mut text = printed_id(source);
    if !source.field_path.is_empty() {
        text.push(':');
        text.push_str(&source.field_path);
    }
    if let Some(options) = &source.options
        && (!options.delimiter.is_empty() || options.create)
    {
        text.push_str(&format!(
            ":{}({}), create={}",
            options.delimiter, options.index, options.create
        ));
    }
    text
}

/// The ids of a resource, the present one first; none counts as cluster-scoped here.
fn ids(resource: &Resource) -> impl Iterator<Item = Id<'_>> {
    let current = Id { cluster_scoped: false, ..resource.id() };
    std::iter::once(current).chain(resource.previous_ids())
}

fn is_selected(id: Id<'_>, source: &SourceSelector) -> bool {
    let wanted = Id {
        gvk: source.gvk.as_ref(),
        name: &source.name,
        namespace: &source.namespace,
        cluster_scoped: false,
    };
    (source.name.is_empty() || source.name == id.name)
        && (source.namespace.is_empty() || wanted.same_namespace(id))
        && source.gvk.selects(id.gvk)
}

fn select_source<'a>(resources: &'a ResMap, source: &SourceSelector) -> Result<&'a Resource> {
    let is_match = |resource: &&Resource| ids(resource).any(|id| is_selected(id, source));
    let mut found = resources.items().iter().filter(is_match);
    match (found.next(), found.next()) {
        (Some(resource), None) => Ok(resource),
        (None, _) => fail!("nothing selected by {}", printed(source)),
        (Some(_), Some(_)) => fail!("multiple matches for selector {}", printed(source)),
    }
}

fn part_of(value: &Node, options: Option<&FieldOptions>) -> Result<Node> {
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        return Ok(value.clone());
    };
    if value.kind != Kind::Scalar {
        return fail!("delimiter option can only be used with scalar nodes");
    }
    let text = node::value_of(value);
    let mut parts = text.split(&options.delimiter);
    let part = usize::try_from(options.index).ok().and_then(|index| parts.nth(index));
    match part {
        Some(part) => Ok(Node { value: part.to_owned(), ..value.clone() }),
        None => fail!("options.index {} is out of bounds for value {text}", options.index),
    }
}

/// Where a value goes.
struct Target<'a> {
    spec: &'a TargetSelector,
    select: SelectorPatterns,
    reject: Vec<(SelectorPatterns, bool, bool)>,
    fields: Vec<(&'a str, Vec<String>)>,
}

impl<'a> Target<'a> {
    fn new(spec: &'a TargetSelector) -> Result<Self> {
        let Some(select) = &spec.select else {
            return fail!("target must specify resources to select");
        };
        let at = |error: BuildError| error.context("error creating target selector");
        let select = select.compile().map_err(at)?;
        let reject = spec.reject.iter().map(|reject| {
            let has_no_labels =
                reject.label_selector.is_empty() && reject.annotation_selector.is_empty();
            Ok((reject.compile().map_err(at)?, !reject.has_no_id(), !has_no_labels))
        });
        let reject = reject.collect::<Result<_>>()?;
        let mut fields: Vec<&str> = spec.field_paths.iter().map(String::as_str).collect();
        if fields.is_empty() {
            fields.push(DEFAULT_FIELD);
        }
        let fields = fields.into_iter().map(|field| (field, path::split(field))).collect();
        Ok(Self { spec, select, reject, fields })
    }

    fn replace(&self, resources: &mut ResMap, value: &Node, schemas: &Schemas) -> Result<()> {
        for resource in resources.items_mut() {
            if self.selects(resource)? {
                for (field, parts) in &self.fields {
                    self.copy(resource, value, field, parts)?;
                }
                resource.refresh_scope(&schemas.scopes);
            }
        }
        Ok(())
    }

    fn selects(&self, resource: &Resource) -> Result<bool> {
        let fits = |patterns: &SelectorPatterns, id: Id<'_>| {
            patterns.fits_kind(id.gvk)
                && patterns.fits_name(id.name)
                && patterns.fits_namespace(id.namespace)
        };
        let has_labels = |patterns: &SelectorPatterns| -> Result<bool> {
            Ok(patterns.fits_annotations(resource)? && patterns.fits_labels(resource)?)
        };
        if !has_labels(&self.select)? {
            return Ok(false);
        }
        for (patterns, by_id, by_labels) in &self.reject {
            if *by_labels && has_labels(patterns)? {
                return Ok(false);
            }
            if *by_id && ids(resource).any(|id| fits(patterns, id)) {
                return Ok(false);
            }
        }
        Ok(ids(resource).any(|id| fits(&self.select, id)))
    }

    fn copy(
        &self,
        resource: &mut Resource,
        value: &Node,
        field: &str,
        parts: &[String],
    ) -> Result<()> {
        let options = self.spec.options.as_ref();
        let create = options.filter(|options| options.create).map(|_| value.kind);
        if set_inside_text(&mut resource.node, value, parts, create).is_ok() {
            return Ok(());
        }
        let action = if create.is_some() { "find or create" } else { "find" };
        let field = gotext::quoted(field);
        let missing = format!("unable to {action} field {field} in replacement target");
        let mut set_error = None;
        let mut visit = |target: &mut Node| {
            if set_error.is_none() {
                set_error = set_value(target, value, options).err();
            }
            Ok(())
        };
        let found = Matcher { create, visit: &mut visit }.walk(&mut resource.node, parts);
        let found = found.map_err(|error| error.context(&missing))?;
        match set_error {
            Some(error) => Err(error),
            None if found == 0 => fail!("{missing}"),
            None => Ok(()),
        }
    }
}

fn set_value(target: &mut Node, value: &Node, options: Option<&FieldOptions>) -> Result<()> {
    let mut value = value.clone();
    if let Some(options) = options.filter(|options| !options.delimiter.is_empty()) {
        if target.kind != Kind::Scalar {
            return fail!("delimiter option can only be used with scalar nodes");
        }
        let part = node::value_of(&value).to_owned();
        let mut parts: Vec<&str> = target.value.split(&options.delimiter).collect();
        match usize::try_from(options.index).map(|index| parts.get_mut(index)) {
            Err(_) => parts.insert(0, &part),
            Ok(Some(slot)) => *slot = &part,
            Ok(None) => parts.push(&part),
        }
        value.value = parts.join(&options.delimiter);
    }
    if target.kind == Kind::Scalar {
        target.value = value.value;
    } else {
        *target = value;
    }
    Ok(())
}

/// Sets a value inside the YAML or JSON that a text on the path holds.
///
/// # Errors
/// There is no such text, or the path leads nowhere in it. Nothing is changed then.
fn set_inside_text(
    root: &mut Node,
    value: &Node,
    parts: &[String],
    create: Option<Kind>,
) -> Result<()> {
    let (outer, inner, mut content) = find_text(root, parts)?;
    let mut visit = |target: &mut Node| {
        if target.kind == Kind::Scalar {
            target.value.clone_from(&value.value);
        } else {
            *target = value.clone();
        }
        Ok(())
    };
    let found = Matcher { create, visit: &mut visit }.walk(&mut content, inner)?;
    if found == 0 {
        return fail!("unable to find field in structured data");
    }
    let Some(field) = path::lookup_or_create(root, outer, Kind::Scalar)? else {
        return fail!("no structured data found in path");
    };
    field.value = serialize(&content, &field.value)?;
    Ok(())
}

/// Finds the first scalar on a path that goes on behind it.
fn find_text<'p>(root: &Node, parts: &'p [String]) -> Result<(&'p [String], &'p [String], Node)> {
    for at in 1..parts.len() {
        let Some((outer, inner)) = parts.split_at_checked(at) else { break };
        let Ok(Some(field)) = path::lookup(root, outer) else { continue };
        if field.kind != Kind::Scalar {
            continue;
        }
        if let Ok(content) = path::parse_text(&field.value) {
            return Ok((outer, inner, content));
        }
    }
    fail!("no structured data found in path")
}

/// Prints structured data in the format that it had.
fn serialize(content: &Node, original: &str) -> Result<String> {
    if !original.trim_start().starts_with(['{', '[']) {
        return Ok(node::printed(content).trim().to_owned());
    }
    let value = node::to_value(content)?;
    let is_indented = original.contains('\n') && original.contains("  ");
    Ok(if is_indented { gotext::json_indented(&value) } else { gotext::json(&value) })
}
