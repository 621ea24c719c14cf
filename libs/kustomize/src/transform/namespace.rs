//! The namespace of everything.

use std::collections::HashMap;

use flux_yaml::{Kind, Node};

use crate::error::{Result, fail};
use crate::field::{self, FieldSpec};
use crate::id::{Gvk, Id};
use crate::node::{self, Creation, is_empty, is_null};
use crate::resmap::ResMap;
use crate::resource::{Resource, joined};

/// Which subjects of role bindings get the namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subjects {
    /// Those whose name is `default`.
    #[default]
    NamedDefault,
    /// All service accounts.
    ServiceAccounts,
    /// None.
    None,
}

impl Subjects {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text {
            "" | "defaultOnly" => Ok(Self::NamedDefault),
            "allServiceAccounts" => Ok(Self::ServiceAccounts),
            "none" => Ok(Self::None),
            other => fail!(
                "invalid value {other:?} for setRoleBindingSubjects: must be one of \
                 \"defaultOnly\", \"none\" or \"allServiceAccounts\""
            ),
        }
    }
}

/// Sets the namespace of everything.
#[derive(Debug, Default)]
pub(crate) struct Namespace {
    pub(crate) namespace: String,
    pub(crate) fields: Vec<FieldSpec>,
    /// Whether fields that have a namespace keep it.
    pub(crate) unset_only: bool,
    pub(crate) subjects: Subjects,
}

type Key = (String, String, Gvk);

fn key(id: Id<'_>) -> Key {
    let (name, namespace, gvk) = id.key();
    (name.to_owned(), namespace.to_owned(), gvk.to_owned())
}

impl Namespace {
    pub(crate) fn run(&self, resources: &mut ResMap) -> Result<()> {
        if self.namespace.is_empty() {
            return Ok(());
        }
        let mut counts: HashMap<Key, usize> = HashMap::new();
        for resource in resources.items() {
            *counts.entry(key(resource.id())).or_default() += 1;
        }
        for at in 0..resources.items().len() {
            let Some(resource) = resources.items_mut().get_mut(at) else { break };
            if resource.is_empty() {
                continue;
            }
            if let Some(count) = counts.get_mut(&key(resource.id())) {
                *count -= 1;
            }
            resource.store_previous_id()?;
            self.change(resource)?;
            let count = counts.entry(key(resource.id())).or_default();
            *count += 1;
            if *count > 1 {
                return conflict(resources, at);
            }
        }
        Ok(())
    }

    /// Sets the namespace of one object and of what refers to it by field.
    pub(crate) fn change(&self, resource: &mut Resource) -> Result<()> {
        if !resource.is_cluster_scoped {
            let spec = FieldSpec::of_all("metadata/namespace", true);
            let creation = Creation { kind: Kind::Scalar, tag: node::NO_TAG };
            field::change(&mut resource.node, &spec, Some(creation), &mut |n| self.set(n))?;
        }
        let is_core = resource.api_version() == "v1";
        let is_binding = is_role_binding(resource.kind());
        if is_binding {
            self.set_subjects(&mut resource.node)?;
        }
        let creation = Creation { kind: Kind::Scalar, tag: node::STRING };
        for spec in &self.fields {
            let is_meta = spec.path == "metadata/namespace"
                || (spec.path == "metadata/name" && !is_core)
                || (is_binding
                    && is_role_binding(&spec.gvk.kind)
                    && spec.path == "subjects/namespace");
            if is_meta {
                continue;
            }
            let changed =
                field::change(&mut resource.node, spec, Some(creation), &mut |n| self.set(n));
            changed.map_err(|error| {
                let is_wrong_kind = error.text().contains("wrong node kind")
                    && !error.text().contains("but got ScalarNode");
                error.context(if is_wrong_kind {
                    "namespace field specs must target scalar nodes"
                } else {
                    "namespace transformation failed"
                })
            })?;
        }
        Ok(())
    }

    fn set(&self, field: &mut Node) -> Result<()> {
        if self.unset_only && field.kind == Kind::Scalar && !node::value_of(field).is_empty() {
            return Ok(());
        }
        node::set_scalar(field, node::scalar(&self.namespace, node::STRING))
    }

    fn set_subjects(&self, binding: &mut Node) -> Result<()> {
        let (key, wanted) = match self.subjects {
            Subjects::None => return Ok(()),
            Subjects::NamedDefault => ("name", "default"),
            Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
        };
        let Some(subjects) = binding.get_mut("subjects").filter(|list| !is_null(list)) else {
            return Ok(());
        };
        let context = "setting namespace on (cluster)role binding subjects";
        let change = |subjects: &mut Node| -> Result<()> {
            node::expect_kind(subjects, Kind::Sequence)?;
            for subject in &mut subjects.content {
                let Some(value) = node::field(subject, key)?.filter(|value| !is_null(value)) else {
                    continue;
                };
                node::expect_kind(value, Kind::Scalar)?;
                if value.value != wanted {
                    continue;
                }
                if let Some(field) = node::field_or_create(subject, "namespace", Kind::Scalar)? {
                    self.set(field)?;
                }
            }
            Ok(())
        };
        change(subjects).map_err(|error| error.context(context))
    }
}

fn is_role_binding(kind: &str) -> bool {
    matches!(kind, "RoleBinding" | "ClusterRoleBinding")
}

fn conflict(resources: &ResMap, at: usize) -> Result<()> {
    let Some(resource) = resources.items().get(at) else { return Ok(()) };
    let same = resources
        .items()
        .iter()
        .filter(|other| !is_empty(&other.node) && other.id().same(resource.id()));
    let same = joined(same.map(Resource::to_json_with_traces), " ");
    fail!("namespace transformation produces ID conflict: [{same}]")
}
