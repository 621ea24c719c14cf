//! The kinds of Kubernetes itself: the rules of each kind.
//!
//! The table of resources and the types come as data from `flux_schema`. `typed` reads bodies as the
//! types, `strategy` holds what all kinds share, and one module per family of kinds the rest.

mod autoscaler_v1;
mod autoscaling;
mod basic;
mod event;
mod networking;
mod plain;
mod pod;
mod rbac;
mod service;
mod storage;
mod strategy;
#[cfg(test)]
mod tests;
mod typed;
mod value;
mod webhook;
mod workload;

use std::sync::Arc;

use flux_schema::openapi;
use flux_schema::resources::{self, Resource};

use crate::crd::DefinitionRules;
use crate::registry::ResourceInfo;
use strategy::{Builtin, CountedOnly, NoRules};

pub(crate) use strategy::{Generation, Rules};
pub(crate) use typed::{decode as decode_as, decode_metadata, print_patched};

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
    match (group, kind) {
        ("", "Namespace") => Box::new(basic::Namespace),
        ("", "ConfigMap") => Box::new(basic::ConfigMap),
        ("", "Secret") => Box::new(basic::Secret),
        ("", "LimitRange") => Box::new(basic::LimitRange),
        ("", "ResourceQuota") => Box::new(basic::ResourceQuota),
        ("", "Event") => Box::new(event::CoreEvent),
        ("", "Pod") => Box::new(pod::Pod),
        ("", "Service") => Box::new(service::Service),
        ("", "Endpoints") => Box::new(plain::Endpoints),
        ("", "PodTemplate") => Box::new(plain::PodTemplate),
        ("", "ReplicationController") => Box::new(workload::ReplicationController),
        ("", "PersistentVolumeClaim") => Box::new(storage::Claim),
        ("", "PersistentVolume") => Box::new(storage::Volume),
        ("apps", "Deployment") => Box::new(workload::Deployment),
        ("apps", "ReplicaSet") => Box::new(workload::ReplicaSet),
        ("apps", "StatefulSet") => Box::new(workload::StatefulSet),
        ("apps", "DaemonSet") => Box::new(workload::DaemonSet),
        ("batch", "Job") => Box::new(workload::Job),
        ("batch", "CronJob") => Box::new(workload::CronJob),
        ("events.k8s.io", "Event") => Box::new(event::NewEvent),
        ("networking.k8s.io", "Ingress") => Box::new(networking::Ingress),
        ("networking.k8s.io", "IngressClass") => Box::new(networking::IngressClass),
        ("networking.k8s.io", "NetworkPolicy") => Box::new(networking::NetworkPolicy),
        ("autoscaling", _) if version == "v1" => Box::new(autoscaler_v1::AutoscalerV1),
        ("autoscaling", _) => Box::new(autoscaling::AutoscalerV2),
        ("policy", "PodDisruptionBudget") => Box::new(autoscaling::DisruptionBudget),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => {
            Box::new(rbac::Role { is_cluster_wide: kind == "ClusterRole" })
        }
        ("rbac.authorization.k8s.io", _) => {
            Box::new(rbac::Binding { is_cluster_wide: kind == "ClusterRoleBinding" })
        }
        ("storage.k8s.io", "StorageClass") => Box::new(storage::Class),
        ("storage.k8s.io", "CSIDriver") => Box::new(storage::Driver),
        ("scheduling.k8s.io", "PriorityClass") => Box::new(plain::PriorityClass),
        ("coordination.k8s.io", "Lease") => Box::new(plain::Lease),
        ("discovery.k8s.io", "EndpointSlice") => Box::new(plain::EndpointSlice),
        ("apiregistration.k8s.io", "APIService") => Box::new(plain::ApiService),
        ("apiextensions.k8s.io", _) => Box::new(DefinitionRules),
        ("certificates.k8s.io", _) => Box::new(plain::SigningRequest),
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy",
        ) => Box::new(webhook::Policy { is_mutating: kind.starts_with("Mutating") }),
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding",
        ) => Box::new(webhook::PolicyBinding { is_mutating: kind.starts_with("Mutating") }),
        ("admissionregistration.k8s.io", _) => {
            Box::new(webhook::Webhooks { is_mutating: kind.starts_with("Mutating") })
        }
        ("flowcontrol.apiserver.k8s.io", _) | ("networking.k8s.io", "ServiceCIDR") => {
            Box::new(CountedOnly)
        }
        _ => Box::new(NoRules),
    }
}
