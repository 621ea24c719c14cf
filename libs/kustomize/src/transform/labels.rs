//! Labels and annotations.

use std::collections::BTreeMap;

use flux_yaml::Kind;

use crate::error::Result;
use crate::field::{self, FieldSpec};
use crate::node::{self, Creation};
use crate::resmap::ResMap;
use crate::shared;

/// Sets labels.
#[derive(Debug)]
pub(crate) struct Labels {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Labels {
    pub(crate) fn run(&self, resources: &mut ResMap) -> Result<()> {
        set_entries(resources, &self.labels, &self.fields)
    }
}

/// Sets annotations.
#[derive(Debug)]
pub(crate) struct Annotations {
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Annotations {
    pub(crate) fn run(&self, resources: &mut ResMap) -> Result<()> {
        set_entries(resources, &self.annotations, &self.fields)
    }
}

fn set_entries(
    resources: &mut ResMap,
    entries: &BTreeMap<String, String>,
    fields: &[FieldSpec],
) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let creation = Creation { kind: Kind::Mapping, tag: node::MAP };
    for resource in resources.items_mut() {
        for (key, value) in entries {
            let before = shared::values(resource);
            let mark = resource.shared + 1;
            let mut is_new = false;
            for spec in fields {
                field::change(&mut resource.node, spec, Some(creation), &mut |field| {
                    is_new |= field.get(key).is_none();
                    let mut value = node::scalar(value, node::STRING);
                    shared::put(&mut value, Some(mark));
                    node::set_entry(field, key, value)
                })?;
            }
            resource.shared += u32::from(is_new);
            shared::spread(resource, &before);
        }
    }
    Ok(())
}
