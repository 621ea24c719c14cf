//! The kinds of Kubernetes itself: the rules of each kind.
//!
//! The table of resources and the types come as data from `flux_schema`. `typed` reads bodies as the
//! types, `strategy` holds what all kinds share, and one module per family of kinds the rest.

mod strategy;
mod typed;

use std::sync::Arc;

use flux_schema::openapi;
use flux_schema::resources::{self, Resource};

use crate::crd::DefinitionRules;
use crate::registry::ResourceInfo;
use strategy::{Builtin, CountedOnly, NoRules};

pub(crate) use strategy::{Generation, Rules};
pub(crate) use typed::decode_metadata;

/// Returns every built-in resource.
pub fn resources() -> Vec<ResourceInfo> {
    resources::all().iter().map(info).collect()
}

fn info(resource: &Resource) -> ResourceInfo {
    let kind = &resource.kind;
    let strategy = Builtin {
        definition: openapi::name_of(kind).unwrap_or_default(),
        has_status: resource.subresources.iter().any(|sub| sub.name == "status"),
        rules: rules(&kind.group, &kind.version, &kind.kind),
    };
    ResourceInfo::from_table(resource, Arc::new(strategy))
}

fn rules(group: &str, version: &str, kind: &str) -> Box<dyn Rules> {
    let _ = version;
    match (group, kind) {
        ("apps", "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet") => {
            Box::new(CountedOnly)
        }
        ("apiextensions.k8s.io", _) => Box::new(DefinitionRules),
        _ => Box::new(NoRules),
    }
}
