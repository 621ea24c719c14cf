//! The order in which objects are applied and deleted.

use flux_manifest::{Object, ObjectId};

/// A group of objects that is applied, and perhaps waited for, before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Definitions, namespaces and cluster roles; the rest waits until they are Current.
    Definitions,
    /// Kinds whose names end in `Class`; the rest waits until they are Current.
    Classes,
    /// Kinds that the operator named; nobody waits for them.
    Custom,
    /// Everything else.
    Resources,
}

impl Stage {
    /// Tells whether the next stage waits until all objects of this one are Current.
    pub fn is_awaited(self) -> bool {
        matches!(self, Self::Definitions | Self::Classes)
    }
}

/// A kind that belongs to [`Stage::Custom`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomStage {
    group: String,
    kind: String,
}

impl CustomStage {
    /// Reads a comma-separated list of `group/Kind`, or `Kind` for the core group.
    pub fn parse_list(text: &str) -> Vec<Self> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items
            .map(|item| {
                let (group, kind) = item.split_once('/').unwrap_or(("", item));
                Self { group: group.to_owned(), kind: kind.to_owned() }
            })
            .collect()
    }
}

/// Returns the stage of an object.
fn stage(object: &Object, custom: &[CustomStage]) -> Stage {
    let gvk = object.gvk();
    let definition = match gvk.kind.as_str() {
        "CustomResourceDefinition" => gvk.group == "apiextensions.k8s.io",
        "Namespace" => gvk.group.is_empty() && gvk.version == "v1",
        "ClusterRole" => gvk.group == "rbac.authorization.k8s.io",
        _ => false,
    };
    if definition {
        Stage::Definitions
    } else if gvk.kind.ends_with("Class") {
        Stage::Classes
    } else if custom.iter().any(|it| it.group == gvk.group && it.kind == gvk.kind) {
        Stage::Custom
    } else {
        Stage::Resources
    }
}

/// Groups objects into the stages in which they are applied, definitions and namespaces first.
///
/// # Guarantees
/// Every object is in exactly one stage; each stage is sorted; no stage is empty; the result
/// does not depend on the order of the input.
pub fn stages(objects: Vec<Object>, custom: &[CustomStage]) -> Vec<(Stage, Vec<Object>)> {
    let mut ordered: Vec<_> = objects.into_iter().map(|it| (stage(&it, custom), it)).collect();
    ordered.sort_by_cached_key(|(stage, object)| (*stage, Rank::of(&object.id())));
    let mut stages: Vec<(Stage, Vec<Object>)> = Vec::new();
    for (stage, object) in ordered {
        match stages.last_mut() {
            Some((last, members)) if *last == stage => members.push(object),
            _ => stages.push((stage, vec![object])),
        }
    }
    stages
}

/// Sorts ids as they are applied, stages aside.
pub fn apply_order(ids: &mut [ObjectId]) {
    ids.sort_by_cached_key(Rank::of);
}

/// Sorts ids as they are deleted: the reverse of [`apply_order`].
pub fn delete_order(ids: &mut [ObjectId]) {
    apply_order(ids);
    ids.reverse();
}

/// Kinds that come first, in this order.
const FIRST: &[&str] = &[
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come last, in this order.
const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// The place of an object: kind by the lists (whatever its group), then group, kind, namespace, name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    place: usize,
    group: String,
    kind: String,
    namespace: String,
    name: String,
}

impl Rank {
    fn of(id: &ObjectId) -> Self {
        let ObjectId { namespace, name, group, kind } = id.clone();
        let index = |list: &[&str]| list.iter().position(|it| *it == kind);
        let last = || index(LAST).map(|n| FIRST.len() + 1 + n);
        let place = index(FIRST).or_else(last).unwrap_or(FIRST.len());
        Self { place, group, kind, namespace, name }
    }
}
