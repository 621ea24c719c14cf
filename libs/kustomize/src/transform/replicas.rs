//! Numbers of replicas.

use flux_yaml::Kind;

use crate::error::{Result, fail};
use crate::field::{self, FieldSpec};
use crate::gotext;
use crate::kustomization::Replica;
use crate::node::{self, Creation};
use crate::resmap::ResMap;

/// Sets the number of replicas of the resources with a name.
#[derive(Debug)]
pub(crate) struct Replicas {
    pub(crate) replica: Replica,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Replicas {
    pub(crate) fn run(&self, resources: &mut ResMap) -> Result<()> {
        let mut has_match = false;
        let count = self.replica.count.to_string();
        let creation = Creation { kind: Kind::Scalar, tag: node::INTEGER };
        for spec in &self.fields {
            let found = resources
                .with_any_id(|id| id.name == self.replica.name && spec.gvk.selects(id.gvk));
            has_match |= !found.is_empty();
            for at in found {
                let Some(resource) = resources.items_mut().get_mut(at) else { continue };
                field::change(&mut resource.node, spec, Some(creation), &mut |field| {
                    node::set_scalar(field, node::scalar(&count, node::INTEGER))
                })?;
            }
        }
        if has_match {
            return Ok(());
        }
        let kinds: Vec<String> = self.fields.iter().map(|spec| spec.gvk.to_string()).collect();
        let (name, kinds) = (&self.replica.name, gotext::list(&kinds));
        fail!("resource with name {name} does not match a config with the following GVK {kinds}")
    }
}
