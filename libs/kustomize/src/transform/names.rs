//! Prefixes and suffixes of names.

use crate::error::Result;
use crate::field::{self, FieldSpec};
use crate::id::GvkRef;
use crate::node::{self, Creation};
use crate::resmap::ResMap;
use crate::resource::Resource;

/// Where a text is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affix {
    Prefix,
    Suffix,
}

/// A text that is added to fields.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) affix: Affix,
    pub(crate) text: String,
    pub(crate) fields: Vec<FieldSpec>,
}

/// Texts that are added one after the other.
#[derive(Debug)]
pub(crate) struct Affixes(pub(crate) Vec<Names>);

impl Affixes {
    pub(crate) fn run(&self, resources: &mut ResMap) -> Result<()> {
        self.0.iter().try_for_each(|names| names.run(resources))
    }
}

/// Reports whether names of a kind are never changed.
fn keeps_name(gvk: GvkRef<'_>) -> bool {
    match gvk.kind {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

impl Names {
    fn run(&self, resources: &mut ResMap) -> Result<()> {
        for resource in resources.items_mut() {
            if !keeps_name(resource.original_id().gvk) {
                self.change(resource)?;
            }
        }
        Ok(())
    }

    fn change(&self, resource: &mut Resource) -> Result<()> {
        for spec in &self.fields {
            if !spec.gvk.selects(resource.original_id().gvk) {
                continue;
            }
            if spec.path == "metadata/name" && !self.text.is_empty() {
                match self.affix {
                    Affix::Prefix => resource.traces.prefixes.push(self.text.clone()),
                    Affix::Suffix => resource.traces.suffixes.push(self.text.clone()),
                }
                resource.store_previous_id()?;
            }
            let creation = Creation { kind: flux_yaml::Kind::Scalar, tag: node::STRING };
            field::change(&mut resource.node, spec, Some(creation), &mut |field| {
                let value = match self.affix {
                    Affix::Prefix => format!("{}{}", self.text, field.value),
                    Affix::Suffix => format!("{}{}", field.value, self.text),
                };
                node::set_scalar(field, node::scalar(&value, node::NO_TAG))
            })?;
        }
        Ok(())
    }
}
