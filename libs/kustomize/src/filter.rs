//! Single transformers on documents that need not be complete objects.
//!
//! A build runs them on resources; here their results keep style and comments of the documents.

use flux_yaml::{Kind, Node};
use serde_json::Value;

use crate::error::{BuildError, Result, fail};
use crate::field;
use crate::merge::Merger;
use crate::node;
use crate::plugin;
use crate::read;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::schema::Schemas;
use crate::transform::{Containers, Transformer};

pub use crate::merge::{Inference, NewElements};

/// Merges one document into another as a strategic merge patch; nothing is left where the patch
/// deletes it.
///
/// # Errors
/// A text is no YAML, or the documents do not fit each other.
pub fn strategic_merge(
    document: &str,
    patch: &str,
    new_elements: NewElements,
    inference: Inference,
) -> Result<String, BuildError> {
    let schemas = Schemas::default();
    let parse = |text: &str| -> Result<Node> {
        let mut documents = flux_yaml::Documents::new(text.as_bytes());
        let mut root = documents.next().transpose()?.unwrap_or_else(Node::null);
        read::prepare(&mut root, "")?;
        Ok(root)
    };
    let merger = Merger { schemas: &schemas, new_elements, inference };
    let merged = merger.merge(parse(document)?, parse(patch)?)?;
    Ok(merged.map_or_else(String::new, |merged| node::printed(&merged)))
}

/// Runs one of kustomize's filters, named as there, with its configuration on documents.
///
/// # Errors
/// The filter does not exist or is not available by configuration alone, or what it reports.
pub fn run(filter: &str, config: &Value, documents: &[u8]) -> Result<String, BuildError> {
    let schemas = Schemas::default();
    let mut resources = ResMap::default();
    for node in read::documents(documents)? {
        resources.items_mut().push(Resource::new(node, &schemas.scopes)?);
    }
    match filter {
        "iampolicygenerator.Filter" => {
            let made = plugin::iam_policy(config, &schemas)?;
            resources.items_mut().extend(made);
        }
        "namespace.Filter" => {
            let namespace = plugin::namespace_filter(config)?;
            for resource in resources.items_mut() {
                namespace.change(resource)?;
            }
        }
        "replicacount.Filter" => set_count(&mut resources, config)?,
        "prefix.Filter" | "suffix.Filter" => affix(&mut resources, filter, config)?,
        other => transformer(other, config)?.run(&mut resources, &schemas)?,
    }
    for resource in resources.items_mut() {
        resource.expose_traces()?;
    }
    let texts = resources.items().iter().map(|resource| node::printed(&resource.node));
    Ok(texts.collect::<Vec<_>>().join("---\n"))
}

/// Makes the transformer for filters that are configured as their transformers are.
fn transformer(filter: &str, config: &Value) -> Result<Transformer> {
    match filter {
        "annotations.Filter" => plugin::annotations(&with_field_specs(config)),
        "labels.Filter" => plugin::labels(&with_field_specs(config)),
        "imagetag.Filter" => plugin::images(config, Containers::Named),
        "imagetag.LegacyFilter" => plugin::images(config, Containers::Anywhere),
        "replacement.Filter" => plugin::replacement_filter(config),
        "patchjson6902.Filter" => plugin::json_patch_filter(config),
        "valueadd.Filter" => plugin::value_filter(config),
        other => fail!("no filter {other}"),
    }
}

/// Renames the field that has no name of its own in the filters' configuration.
fn with_field_specs(config: &Value) -> Value {
    let mut config = config.clone();
    if let Value::Object(map) = &mut config
        && let Some(specs) = map.remove("fsslice")
    {
        map.insert("fieldSpecs".to_owned(), specs);
    }
    config
}

fn field_spec(config: &Value) -> Result<field::FieldSpec> {
    let spec = config.get("fieldSpec").cloned().unwrap_or_default();
    serde_json::from_value(spec).map_err(|error| BuildError::new(error.to_string()))
}

fn set_count(resources: &mut ResMap, config: &Value) -> Result<()> {
    let spec = field_spec(config)?;
    let count = config.pointer("/replica/count").and_then(Value::as_i64).unwrap_or_default();
    let creation = node::Creation { kind: Kind::Scalar, tag: node::INTEGER };
    for resource in resources.items_mut() {
        field::change(&mut resource.node, &spec, Some(creation), &mut |field| {
            node::set_scalar(field, node::scalar(&count.to_string(), node::INTEGER))
        })?;
    }
    Ok(())
}

fn affix(resources: &mut ResMap, filter: &str, config: &Value) -> Result<()> {
    let spec = field_spec(config)?;
    let text = |key| config.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (prefix, suffix) = match filter {
        "prefix.Filter" => (text("prefix"), String::new()),
        _ => (String::new(), text("suffix")),
    };
    let creation = node::Creation { kind: Kind::Scalar, tag: node::STRING };
    for resource in resources.items_mut() {
        field::change(&mut resource.node, &spec, Some(creation), &mut |field| {
            let value = format!("{prefix}{}{suffix}", field.value);
            node::set_scalar(field, node::scalar(&value, node::NO_TAG))
        })?;
    }
    Ok(())
}
