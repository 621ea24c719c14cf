//! The table of built-in resources as what the server serves.

use std::sync::{Arc, OnceLock};

use flux_manifest::GroupVersionKind;
use flux_schema::resources as table;

use super::{ResourceInfo, ScalePaths, Scope, Strategy, Subresource, SubresourceBehaviour, Verb};
use crate::store::Collection;

impl ResourceInfo {
    /// Makes a resource from the table of what a server of Kubernetes 1.36 serves.
    pub fn from_table(resource: &table::Resource, strategy: Arc<dyn Strategy>) -> Self {
        let GroupVersionKind { group, version, kind } = &resource.kind;
        let stored = &resource.stored_as;
        Self {
            group: group.clone(),
            version: version.clone(),
            kind: kind.clone(),
            list_kind: format!("{kind}List"),
            plural: resource.plural.to_owned(),
            singular: resource.singular.clone(),
            short_names: resource.short_names.iter().map(|name| (*name).to_owned()).collect(),
            categories: resource.categories.iter().map(|name| (*name).to_owned()).collect(),
            scope: match resource.scope {
                table::Scope::Namespaced => Scope::Namespaced,
                table::Scope::Cluster => Scope::Cluster,
            },
            verbs: verbs(&resource.verbs),
            subresources: resource
                .subresources
                .iter()
                .map(|sub| subresource(resource, sub))
                .collect(),
            storage: Collection::new(&stored.group, resource.plural),
            storage_api_version: stored.api_version(),
            shape: 0,
            columns: None,
            selectable_fields: Vec::new(),
            is_custom: false,
            deprecation_warning: deprecation(&resource.kind),
            open_api_schema: None,
            strategy,
            typing: OnceLock::new(),
        }
    }
}

/// Returns the warning about a version that is on its way out.
fn deprecation(kind: &GroupVersionKind) -> Option<String> {
    let (since, instead) = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Endpoints") => ("v1.33+", "; use discovery.k8s.io/v1 EndpointSlice"),
        ("", "ComponentStatus") => ("v1.19+", ""),
        _ => return None,
    };
    Some(format!("{} {} is deprecated in {since}{instead}", kind.api_version(), kind.kind))
}

fn verbs(names: &[&str]) -> Vec<Verb> {
    Verb::ALL.into_iter().filter(|verb| names.contains(&verb.as_str())).collect()
}

fn subresource(resource: &table::Resource, sub: &table::Subresource) -> Subresource {
    let own = sub.kind == resource.kind;
    let GroupVersionKind { group, version, kind } = sub.kind.clone();
    Subresource {
        name: sub.name.to_owned(),
        behaviour: behaviour(resource, sub.name),
        kind: (!own).then_some((group, version, kind)),
        verbs: verbs(&sub.verbs),
    }
}

fn behaviour(resource: &table::Resource, name: &str) -> SubresourceBehaviour {
    match name {
        "status" => SubresourceBehaviour::Status,
        "scale" => SubresourceBehaviour::Scale(ScalePaths {
            spec_replicas: ".spec.replicas".to_owned(),
            status_replicas: ".status.replicas".to_owned(),
            selector: Some(".spec.selector".to_owned()),
        }),
        "token" => SubresourceBehaviour::Token,
        "binding" | "eviction" => SubresourceBehaviour::Action,
        "attach" | "exec" | "log" | "portforward" | "proxy" => SubresourceBehaviour::Refused(
            format!("{}/{name} is not available: this server runs no workloads", resource.plural),
        ),
        _ => SubresourceBehaviour::Part,
    }
}
